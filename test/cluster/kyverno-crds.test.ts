/** Kyverno's kinds as the suites stand in for them: both clusters take the policies that people write, and default them. */
import { expect, test } from 'vitest';
import { publicKey } from '../support/cluster/scene.ts';
import { describeOnClusters } from '../support/cluster/cluster.ts';
import type { Loose } from '../support/cluster/client.ts';
import { installKyvernoCrds, KYVERNO_KINDS, removeKyvernoCrd } from '../support/cluster/kyverno-crds.ts';

const CLUSTER_POLICY: Loose = {
  apiVersion: KYVERNO_KINDS.ClusterPolicy.apiVersion,
  kind: 'ClusterPolicy',
  metadata: { name: 'by-hand' },
  spec: {
    rules: [
      {
        name: 'signed',
        match: { any: [{ resources: { kinds: ['Pod'] } }] },
        verifyImages: [
          {
            imageReferences: ['*'],
            mutateDigest: false,
            attestors: [{ entries: [{ keys: { publicKeys: publicKey('k1') } }] }],
          },
        ],
      },
    ],
  },
};

const IMAGE_VALIDATING_POLICY: Loose = {
  apiVersion: KYVERNO_KINDS.ImageValidatingPolicy.apiVersion,
  kind: 'ImageValidatingPolicy',
  metadata: { name: 'by-hand' },
  spec: {
    matchConstraints: {
      resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
    },
    matchImageReferences: [{ glob: '*' }],
    attestors: [{ name: 'k1', cosign: { key: { data: publicKey('k1') } } }],
    validations: [{ expression: 'images.containers.all(i, verifyImageSignatures(i, [attestors.k1]) > 0)' }],
  },
};

describeOnClusters("Kyverno's kinds", { crds: false }, (cluster) => {
  test('come, default what people leave out, keep a status, and go', async () => {
    const { client } = cluster();
    await installKyvernoCrds(client, 'ClusterPolicy', 'ImageValidatingPolicy');
    const [first] = await client.apply(CLUSTER_POLICY);
    expect(first?.['spec']).toMatchObject({
      admission: true,
      background: true,
      rules: [{ skipBackgroundRequests: true, verifyImages: [{ required: true, useCache: true, verifyDigest: true }] }],
    });
    const [second] = await client.apply(IMAGE_VALIDATING_POLICY);
    expect(second?.['spec']).toMatchObject({
      validationConfigurations: { mutateDigest: true, required: true, verifyDigest: true },
    });
    const { spec: _spec, ...policy } = IMAGE_VALIDATING_POLICY;
    const shown = await client.applyStatus({ ...policy, status: { conditionStatus: { ready: true, message: '' } } });
    expect(shown).toMatchObject({ status: { conditionStatus: { ready: true } } });

    const [again] = await client.apply(CLUSTER_POLICY);
    expect(again?.metadata.resourceVersion).toBe(first?.metadata.resourceVersion);

    await removeKyvernoCrd(client, 'ClusterPolicy');
    await expect
      .poll(async () => client.list('kyverno.io/v1', 'ClusterPolicy').then(String, String), { timeout: 10_000 })
      .toMatch(/not (be )?found|404/);
  });
});
