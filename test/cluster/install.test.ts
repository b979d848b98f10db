/** What we ship is taken by a real API server as it is: config/default and its options, twice, and the samples. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Cluster, describeOnClusters } from '../support/cluster/cluster.ts';
import { eventually } from '../support/eventually.ts';
import { runTool } from '../toolbox/toolbox.ts';

const CONFIG = join(import.meta.dirname, '../../config');

describeOnClusters('the installation', { crds: false, controllers: 'all', only: 'real' }, (cluster) => {
  test('is taken whole, without a word of warning', async () => {
    const { code, stdout, stderr } = await kubectl(cluster(), 'apply', '-k', join(CONFIG, 'default'));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('customresourcedefinition.apiextensions.k8s.io/imagetrustpolicies.imagetrust.dev created');
    expect(stdout).toContain('deployment.apps/');
  });

  test('serves our kinds a moment later', async () => {
    const { client } = cluster();
    const lists = ['TrustedKey', 'ImageTrustPolicy'].map((kind) =>
      eventually(() => client.list('imagetrust.dev/v1alpha1', kind)),
    );
    expect(await Promise.all(lists)).toEqual([[], []]);
  });

  test('applied again would change nothing', async () => {
    const { code, stdout, stderr } = await kubectl(cluster(), 'diff', '-k', join(CONFIG, 'default'));
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  test('gets Pods past the restricted Pod security of its namespace', async () => {
    const pods = await eventually(async () => {
      const found = await cluster().client.list('v1', 'Pod', 'image-trust-system');
      expect(found).toHaveLength(2);
      return found;
    });
    expect(pods.map(({ metadata }) => metadata.ownerReferences?.[0]?.kind)).toEqual(['ReplicaSet', 'ReplicaSet']);
  });

  test.each(['custom-owners', 'openreports'])('takes its option %s', async (name) => {
    const folder = mkdtempSync(join(CONFIG, '.try-'));
    try {
      writeFileSync(join(folder, 'kustomization.yaml'), kustomizationWith(name));
      const { code, stderr } = await kubectl(cluster(), 'apply', '--dry-run=server', '-k', folder);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('takes the samples', async () => {
    await eventually(async () => {
      const { code, stderr } = await kubectl(cluster(), 'apply', '-k', join(CONFIG, 'samples'));
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    });
  });
});

function kustomizationWith(component: string): string {
  const parts = { resources: ['../default'], components: [`../components/${component}`] };
  return JSON.stringify({ apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization', ...parts });
}

async function kubectl(cluster: Cluster, ...args: readonly string[]) {
  if (cluster.kind === 'embedded') throw new Error('kubectl is tried on the real server');
  return runTool(cluster.plane.kubectl, ['--kubeconfig', cluster.kubeconfig, ...args]);
}
