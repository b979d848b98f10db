/**
 * The operator beside the real Kyverno: while it puts a policy of the other kind in the place of one, a Pod with an
 * unsigned image is tried every 100 ms, and never let in. Policies and reports of others stay as they are.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Loose, targetOf } from '../support/cluster/client.ts';
import { type Operator, startOperator } from '../support/cluster/operator.ts';
import { namespace, policy, policyTarget, publicKey, trustedKey } from '../support/cluster/scene.ts';
import { eventually } from '../support/eventually.ts';
import { applyReady, describeOnKyverno, knock, type Lab, REGISTRIES } from './lab.ts';
import { podOf } from './pod.ts';
import type { Format } from './trust.ts';

const SPACE = 'switching';
const EVERY_MS = 100;
const SWITCH_LIMIT_MS = 60_000;
const [API] = REGISTRIES;

const KINDS: Readonly<Record<Format, string>> = {
  ClusterPolicy: 'kyverno.io/v1',
  ImageValidatingPolicy: 'policies.kyverno.io/v1',
};

/** Made by somebody else: they look much like ours. */
const OTHERS: readonly Loose[] = [
  {
    apiVersion: KINDS.ClusterPolicy,
    kind: 'ClusterPolicy',
    metadata: { name: 'image-trust-of-others', labels: { 'imagetrust.dev/policy-name': SPACE } },
    spec: {
      background: false,
      rules: [
        {
          name: 'named',
          match: { any: [{ resources: { kinds: ['ConfigMap'], namespaces: ['nowhere'] } }] },
          validate: { message: 'x', pattern: { metadata: { name: 'x' } } },
        },
      ],
    },
  },
  {
    apiVersion: KINDS.ImageValidatingPolicy,
    kind: 'ImageValidatingPolicy',
    metadata: { name: 'images-of-others' },
    spec: {
      evaluation: { background: { enabled: false } },
      matchConstraints: {
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'nowhere' } },
        resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
      },
      matchImageReferences: [{ glob: '*' }],
      attestors: [{ name: 'k1', cosign: { key: { data: publicKey('k1') }, ctlog: { insecureIgnoreTlog: true } } }],
      validations: [{ expression: 'images.containers.all(i, verifyImageSignatures(i, [attestors.k1]) > 0)' }],
    },
  },
];
const THEIR_REPORT: Loose = {
  apiVersion: 'wgpolicyk8s.io/v1alpha2',
  kind: 'PolicyReport',
  metadata: { namespace: SPACE, name: 'report-of-others', labels: { 'app.kubernetes.io/managed-by': 'kyverno' } },
  results: [{ policy: 'named', result: 'pass', source: 'somebody' }],
  summary: { pass: 1 },
};

describeOnKyverno('the kind of a policy changes', (lab) => {
  let operator: Operator | undefined;
  beforeAll(async () => {
    const { client, cluster, registries } = lab();
    const { host } = registries[API];
    await client.apply(namespace(SPACE));
    for (const each of OTHERS) await applyReady(client, each);
    await client.apply(THEIR_REPORT);
    operator = await startOperator({ kubeconfig: cluster.kubeconfig, args: [`--plain-http=${host}`] });
  });
  afterAll(() => operator?.[Symbol.asyncDispose]());

  test('no moment is unguarded, and nothing of others is touched', { timeout: 240_000 }, async () => {
    const { client, registries } = lab();
    const { host } = registries[API];
    const before = await othersIn(lab());
    await client.apply(trustedKey(SPACE, { publicKey: { pem: publicKey('k1') } }));
    await client.apply(policy(SPACE, SPACE, { enforcement: enforcedAs('ClusterPolicy') }));
    await only(lab(), 'ClusterPolicy');
    const bad = podOf(SPACE, 'bad', { image: `${host}/app/unsigned:v1` });
    const good = podOf(SPACE, 'good', { image: `${host}/app/legacy2-k1:v1` });
    await eventually(async () => expect(await knock(client, bad)).toMatchObject({ admitted: false }));
    const stream = tryingAllTheTime(lab(), { bad, good });
    for (const format of ['ImageValidatingPolicy', 'ClusterPolicy', 'Auto'] as const) {
      await client.patch(policyTarget(SPACE), { spec: { enforcement: enforcedAs(format) } });
      await only(lab(), format === 'Auto' ? 'ImageValidatingPolicy' : format);
    }
    // What is let in after the last step would be let in too late to be seen otherwise.
    await delay(2_000);
    const { tries, wrong } = await stream.stop();
    expect(wrong).toEqual([]);
    expect(tries).toBeGreaterThan(100);
    expect(await othersIn(lab())).toEqual(before);
  });
});

function enforcedAs(format: Format | 'Auto'): object {
  return { mode: 'Enforce', kyverno: { format } };
}

/** Our policy is of this kind, the status says so, and the one of the other kind is gone. */
async function only({ client }: Lab, format: Format): Promise<void> {
  await eventually(
    async () => {
      const found = (await client.get(policyTarget(SPACE)))?.['status'] as
        | { readonly kyverno?: object; readonly conditions?: readonly object[] }
        | undefined;
      expect(found?.kyverno).toMatchObject({ kind: format, ready: true, mode: 'Enforce' });
      const there = await Promise.all(
        Object.entries(KINDS).map(async ([kind, apiVersion]) => {
          const ours = await client.get({ apiVersion, kind, name: `image-trust-${SPACE}` });
          return ours === undefined ? [] : [kind];
        }),
      );
      expect(there.flat()).toEqual([format]);
    },
    { what: `the policy is a ${format} alone`, within: SWITCH_LIMIT_MS, every: 200 },
  );
}

interface Stream {
  stop(): Promise<{ readonly tries: number; readonly wrong: readonly string[] }>;
}

/** Tries both Pods on and on, whatever the answers take. */
function tryingAllTheTime({ client }: Lab, { bad, good }: { readonly bad: Loose; readonly good: Loose }): Stream {
  const wrong: string[] = [];
  const open = new Set<Promise<void>>();
  let tries = 0;
  const tried = async (pod: Loose, what: string): Promise<void> => {
    try {
      const { admitted, said } = await knock(client, pod);
      if (admitted !== (pod === good)) wrong.push(`${what}: ${admitted ? 'the bad one was let in' : said}`);
    } catch (error) {
      wrong.push(`${what}: ${String(error)}`);
    }
  };
  const timer = setInterval(() => {
    tries += 1;
    const pod = tries % 5 === 0 ? good : bad;
    const attempt = tried(pod, `try ${tries}`);
    open.add(attempt);
    void attempt.finally(() => open.delete(attempt));
  }, EVERY_MS);
  return {
    async stop() {
      clearInterval(timer);
      await Promise.all(open);
      return { tries, wrong };
    },
  };
}

/** What others made, but for what Kyverno itself says of it. */
async function othersIn({ client }: Lab): Promise<readonly unknown[]> {
  const policies = await Promise.all(OTHERS.map((each) => client.get(targetOf(each))));
  const report = await client.get(targetOf(THEIR_REPORT));
  return [
    ...policies.map((found) => ({ spec: found?.['spec'], generation: found?.metadata['generation'] })),
    { results: report?.['results'], version: report?.metadata.resourceVersion },
  ];
}
