/**
 * `--probe-admission` at the real Kyverno: the operator, a process of its own, tries the door that it has generated, and
 * finds that a signed image is let in and what nobody signed refused, by both kinds of policy; nothing stays behind.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Operator, startOperator } from '../support/cluster/operator.ts';
import { imageOf, namespace, policy, policyStatus, publicKey, runPod, trustedKey } from '../support/cluster/scene.ts';
import { eventually } from '../support/eventually.ts';
import { describeOnKyverno } from './lab.ts';
import { FORMATS } from './trust.ts';

const LIMIT_MS = 60_000;

describeOnKyverno('the door', (lab) => {
  let operator: Operator | undefined;
  beforeAll(async () => {
    const { cluster, registries } = lab();
    const { host } = registries['the referrers API'];
    const args = ['--probe-admission', '--report-api=none', `--plain-http=${host}`];
    operator = await startOperator({ kubeconfig: cluster.kubeconfig, args });
  });
  afterAll(async () => void (await operator?.end()));

  test.each(FORMATS)('of a %s is tried, and found right', { timeout: 2 * LIMIT_MS }, async (format) => {
    const { client, registries } = lab();
    const name = `door-${format.toLowerCase()}`;
    const enforcement = { mode: 'Enforce', kyverno: { format, signatureFormat: 'Legacy' } };
    const key = trustedKey(name, { publicKey: { pem: publicKey('k1') } });
    const image = imageOf(registries['the referrers API'], 'app/legacy3-k1');
    await client.apply(namespace(name), key);
    await runPod(client, { name: 'web', namespace: name, labels: { app: 'web' } }, image);
    await client.apply(policy(name, name, { enforcement }));
    await eventually(
      async () => {
        const { conditions = [] } = await policyStatus(client, name);
        const ready = conditions.find(({ type }) => type === 'EnforcementReady');
        expect(`${ready?.status} ${ready?.reason}: ${ready?.message}`).toMatch(
          /^True PolicyReady: .* refuses .*; a probe was decided rightly$/,
        );
      },
      { within: LIMIT_MS, every: 500 },
    );
    const pods = await client.list('v1', 'Pod', name);
    expect(pods.map(({ metadata }) => metadata.name)).toEqual(['web']);
  });
});
