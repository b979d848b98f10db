/** The enforcement controller on an API server in memory: Kyverno's kinds without Kyverno, whose status a test writes. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ImageTrustPolicy } from '../../../src/api/image-trust-policy.ts';
import type { Renderer } from '../../../src/controllers/enforcement/desired.ts';
import { createEnforcement, type Enforcement } from '../../../src/controllers/enforcement/enforcement.ts';
import { createKubeClient } from '../../../src/kube/client.ts';
import { connect } from '../../../src/kube/connection.ts';
import type { KyvernoFormat } from '../../../src/outputs/kyverno/rendering.ts';
import { type Cluster, startCluster } from '../../support/cluster/cluster.ts';
import { installKyvernoCrds, KYVERNO_KINDS, removeKyvernoCrd } from '../../support/cluster/kyverno-crds.ts';
import { policy as policyManifest, policyTarget } from '../../support/cluster/scene.ts';
import { eventually } from '../../support/eventually.ts';
import { kyvernoObject } from '../../support/kyverno-objects.ts';
import { type SkippingClock, skippingClock } from '../../support/operator.ts';

const NAME = 'image-trust-shop';
const BOTH = ['ClusterPolicy', 'ImageValidatingPolicy'] as const;

let cluster: Extract<Cluster, { kind: 'embedded' }>;
let stack: AsyncDisposableStack;
let clock: SkippingClock;
let policies: Map<string, ImageTrustPolicy>;
/** What the renderer renders now. */
let mark: string;
let problems: readonly string[];
let changesAt: Date | undefined;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  const started = await startCluster('embedded');
  if (started?.kind !== 'embedded') throw new Error('the embedded cluster did not start');
  cluster = stack.use(started);
  clock = skippingClock();
  [policies, mark, problems, changesAt] = [new Map(), 'k1', [], undefined];
});
afterEach(() => stack.disposeAsync());

const renderer: Renderer = {
  chooseFormat({ spec }, served) {
    const { format } = spec.enforcement.kyverno;
    if (format !== 'Auto') return format;
    if (served.imageValidatingPolicy) return 'ImageValidatingPolicy';
    return served.clusterPolicy ? 'ClusterPolicy' : undefined;
  },
  render({ policy, format, mode }) {
    const facts = { leftOut: [], unmeetable: [], ...(changesAt === undefined ? {} : { changesAt }) };
    const told = problems.map((message) => ({ name: 'X', where: 'spec.attestors', format, message }));
    if (told.length > 0) return { kind: 'not-expressible', problems: told, ...facts };
    const object = kyvernoObject(policy, { format, mode, mark });
    return { kind: 'rendered', object, gaps: [], refusals: [], ...facts };
  },
};

interface Running {
  readonly enforcement: Enforcement;
  readonly outcomes: string[];
  stop(): Promise<void>;
}

function run(): Running {
  const connection = connect({ kubeconfig: cluster.kubeconfig, clock });
  const end = new AbortController();
  const outcomes: string[] = [];
  const enforcement = createEnforcement({
    client: createKubeClient(connection),
    clock,
    random: () => 0.5,
    signal: end.signal,
    policy: (name) => policies.get(name),
    policies: () => [...policies.values()],
    renderer,
    keysOf: () => new Map(),
    onView: () => undefined,
    onAdmission: () => undefined,
    onWrite: (outcome) => void outcomes.push(outcome),
    onState: () => undefined,
    onBug: (error) => {
      throw error;
    },
  });
  enforcement.begin();
  const ended = enforcement.controller.run(end.signal, end.signal);
  const stop = async (): Promise<void> => {
    end.abort(new Error('the test is over'));
    await ended;
    await connection.close();
  };
  stack.defer(stop);
  return { enforcement, outcomes, stop };
}

/** Creates the policy, or changes its enforcement. */
async function have(running: Running, enforcement: object = {}): Promise<void> {
  const [stored] = await cluster.client.apply(policyManifest('shop', 'k1', { enforcement }));
  const { name, uid = '' } = stored?.metadata ?? { name: '' };
  policies.set(
    'shop',
    ImageTrustPolicy.parse({ ...policyManifest('shop', 'k1', { enforcement }), metadata: { name, uid } }),
  );
  running.enforcement.want('shop');
}

const stored = (format: KyvernoFormat): readonly { readonly spec: unknown; readonly version: string | undefined }[] =>
  cluster.api
    .stored(format === 'ClusterPolicy' ? 'kyverno.io/clusterpolicies' : 'policies.kyverno.io/imagevalidatingpolicies')
    .map((object) => ({ spec: object['spec'], version: object.metadata.resourceVersion }));
const target = (format: KyvernoFormat, name = NAME) => ({ ...KYVERNO_KINDS[format], name });

/** What Kyverno does when it has a policy. */
async function sayReady(format: KyvernoFormat, ready = true, message = 'said Kyverno'): Promise<void> {
  const condition = { type: 'Ready', status: ready ? 'True' : 'False', reason: 'Said', message };
  const shown = { ...condition, lastTransitionTime: '2026-01-01T00:00:00Z' };
  const status =
    format === 'ClusterPolicy' ? { conditions: [shown] } : { conditionStatus: { ready, message, conditions: [shown] } };
  const { apiVersion, kind } = KYVERNO_KINDS[format];
  await cluster.client.applyStatus({ apiVersion, kind, metadata: { name: NAME }, status });
}

async function reach({ enforcement }: Running, expected: string, within = 10_000): Promise<void> {
  await eventually(
    () => {
      const { status, reason } = enforcement.view('shop')?.ready ?? {};
      expect(`${status} ${reason}`).toBe(expected);
    },
    { within },
  );
}

async function inPlace(running: Running, format: KyvernoFormat): Promise<void> {
  await eventually(() => expect(stored(format)).toHaveLength(1));
  await sayReady(format);
  await reach(running, 'True PolicyReady');
}

/** Its successor is ready: it stays a while all the same, and goes then. */
async function settle({ enforcement }: Running, old: KyvernoFormat): Promise<void> {
  await eventually(() => expect(enforcement.view('shop')?.ready.message).toContain('stays until the API server'));
  expect(stored(old)).toHaveLength(1);
  clock.skip(10_000);
  await eventually(() => expect(stored(old)).toEqual([]));
}

/** Everything that was written from now on, the tests' own aside. */
function writes(): () => readonly string[] {
  const from = cluster.api.requests.length;
  return () =>
    cluster.api.requests
      .slice(from)
      .filter(({ verb, userAgent }) => userAgent !== 'tests' && ['create', 'update', 'patch', 'delete'].includes(verb))
      .map(({ verb, resource }) => `${verb} ${resource}`);
}

describe('Kyverno comes and goes', () => {
  test('absent, it is said so; installed later, the policy is there within seconds; removed, it is said again', async () => {
    const running = run();
    await have(running);
    await reach(running, 'False KyvernoAbsent');
    await installKyvernoCrds(cluster.client, 'ClusterPolicy');
    clock.skip(10_000);
    await inPlace(running, 'ClusterPolicy');
    await removeKyvernoCrd(cluster.client, 'ClusterPolicy');
    await reach(running, 'False KyvernoAbsent');
    await installKyvernoCrds(cluster.client, 'ClusterPolicy');
    clock.skip(10_000);
    await inPlace(running, 'ClusterPolicy');
    expect(running.outcomes.filter((outcome) => outcome === 'applied')).toHaveLength(2);
  });

  test('upgraded, so that the new kind appears: the old policy goes only when Kyverno has the new one', async () => {
    await installKyvernoCrds(cluster.client, 'ClusterPolicy');
    const running = run();
    await have(running);
    await inPlace(running, 'ClusterPolicy');
    await installKyvernoCrds(cluster.client, 'ImageValidatingPolicy');
    clock.skip(10_000);
    await eventually(() => expect(stored('ImageValidatingPolicy')).toHaveLength(1));
    await delay(600);
    expect(stored('ClusterPolicy')).toHaveLength(1);
    await sayReady('ImageValidatingPolicy', false, 'webhook not configured');
    await reach(running, 'False PolicyNotReady');
    expect(running.enforcement.view('shop')?.ready.message).toContain('webhook not configured');
    expect(stored('ClusterPolicy')).toHaveLength(1);
    await sayReady('ImageValidatingPolicy');
    await settle(running, 'ClusterPolicy');
    await reach(running, 'True PolicyReady');
  });

  test('its webhook refuses: the message is passed on, and what is there stays', async () => {
    await installKyvernoCrds(cluster.client, 'ClusterPolicy');
    const heal = cluster.api.fault({
      match: /^patch clusterpolicies/,
      status: 400,
      reason: 'BadRequest',
      message: 'admission webhook "validate-policy.kyverno.svc" denied the request: no',
    });
    const running = run();
    await have(running);
    await reach(running, 'False PolicyRefused');
    expect(running.enforcement.view('shop')?.ready.message).toContain('denied the request: no');
    heal();
    await inPlace(running, 'ClusterPolicy');
    expect(running.outcomes).toContain('refused');
  });

  test('its webhook is down: it is tried again with longer and longer pauses', async () => {
    await installKyvernoCrds(cluster.client, 'ClusterPolicy');
    const heal = cluster.api.fault({ match: /^patch clusterpolicies/, status: 500, message: 'failed calling webhook' });
    const running = run();
    await have(running);
    await reach(running, 'False KyvernoUnavailable');
    await delay(2_000);
    expect(running.outcomes.length).toBeLessThan(8);
    heal();
    await inPlace(running, 'ClusterPolicy');
  });
});

describe('the policy is kept in step', () => {
  beforeEach(() => installKyvernoCrds(cluster.client, ...BOTH));

  test('nothing changed: nothing is written, not by a restart either', async () => {
    const first = run();
    await have(first, { kyverno: { format: 'ClusterPolicy' } });
    await inPlace(first, 'ClusterPolicy');
    const written = writes();
    first.enforcement.want('shop');
    await delay(500);
    clock.skip(60_000);
    await delay(500);
    await first.stop();
    const second = run();
    await have(second, { kyverno: { format: 'ClusterPolicy' } });
    await reach(second, 'True PolicyReady');
    expect(written()).toEqual([]);
  });

  test.each(BOTH)('a %s that somebody changes is put right within ten seconds', async (format) => {
    const running = run();
    await have(running, { kyverno: { format } });
    await inPlace(running, format);
    const [before] = stored(format);
    // Fields that a server-side apply would leave alone: the first switches a ClusterPolicy off.
    const added = { spec: { webhookConfiguration: { timeoutSeconds: 5 } } };
    const changed = format === 'ClusterPolicy' ? { spec: { rules: [] } } : { spec: { validationActions: ['Audit'] } };
    for (const change of [added, changed, { metadata: { labels: null } }]) {
      clock.skip(5_000);
      await cluster.client.patch(target(format), change);
      await eventually(() => expect(stored(format).map(({ spec }) => spec)).toEqual([before?.spec]));
      await reach(running, 'True PolicyReady');
    }
  });

  test('one that somebody deletes is there again', async () => {
    const running = run();
    await have(running);
    await inPlace(running, 'ImageValidatingPolicy');
    await cluster.client.remove(target('ImageValidatingPolicy'));
    await eventually(() => expect(stored('ImageValidatingPolicy')).toHaveLength(1));
  });

  test('somebody who keeps changing it is answered every few seconds, not in a loop', async () => {
    const running = run();
    await have(running);
    await inPlace(running, 'ImageValidatingPolicy');
    const written = writes();
    for (let i = 0; i < 20; i++) {
      await cluster.client.patch(target('ImageValidatingPolicy'), {
        spec: { failurePolicy: i % 2 === 0 ? 'Ignore' : 'Fail' },
      });
      await delay(100);
    }
    expect(written().length).toBeLessThan(5);
    clock.skip(5_000);
    await reach(running, 'True PolicyReady');
    await eventually(() => expect(JSON.stringify(stored('ImageValidatingPolicy'))).not.toContain('"failurePolicy"'));
  });

  test('labels and annotations of others stay', async () => {
    const running = run();
    await have(running);
    await inPlace(running, 'ImageValidatingPolicy');
    await cluster.client.patch(target('ImageValidatingPolicy'), { metadata: { annotations: { team: 'a' } } });
    mark = 'k2';
    running.enforcement.want('shop');
    await eventually(() => expect(JSON.stringify(stored('ImageValidatingPolicy'))).toContain('k2'));
    expect((await cluster.client.get(target('ImageValidatingPolicy')))?.metadata.annotations).toMatchObject({
      team: 'a',
    });
  });

  test('it is written anew when an exception ends', async () => {
    const running = run();
    changesAt = new Date(clock.now() + 3_600_000);
    await have(running);
    await inPlace(running, 'ImageValidatingPolicy');
    [mark, changesAt] = ['without the exception', undefined];
    clock.skip(3_600_000);
    await eventually(() => expect(JSON.stringify(stored('ImageValidatingPolicy'))).toContain('without the exception'));
  });

  test('by its owner it goes with the ImageTrustPolicy', async () => {
    const running = run();
    await have(running);
    await inPlace(running, 'ImageValidatingPolicy');
    policies.delete('shop');
    await cluster.client.remove(policyTarget('shop'));
    running.enforcement.want('shop');
    await eventually(() => expect(stored('ImageValidatingPolicy')).toEqual([]));
    await eventually(() => expect(running.enforcement.view('shop')).toBeUndefined());
  });
});

describe('the user changes their mind', () => {
  beforeEach(() => installKyvernoCrds(cluster.client, ...BOTH));

  test('mode Disabled removes, Enforce brings it back', async () => {
    const running = run();
    await have(running);
    await inPlace(running, 'ImageValidatingPolicy');
    await have(running, { mode: 'Disabled' });
    await eventually(() => expect(stored('ImageValidatingPolicy')).toEqual([]));
    await reach(running, 'False EnforcementDisabled');
    await have(running, { mode: 'Enforce' });
    await inPlace(running, 'ImageValidatingPolicy');
    expect(running.enforcement.view('shop')?.kyverno?.mode).toBe('Enforce');
  });

  test('another kind: there is one policy at rest, and never none', async () => {
    const running = run();
    await have(running, { kyverno: { format: 'ClusterPolicy' } });
    await inPlace(running, 'ClusterPolicy');
    await have(running, { kyverno: { format: 'ImageValidatingPolicy' } });
    await eventually(() => expect(stored('ImageValidatingPolicy')).toHaveLength(1));
    expect(stored('ClusterPolicy')).toHaveLength(1);
    await sayReady('ImageValidatingPolicy');
    await settle(running, 'ClusterPolicy');
    expect(stored('ImageValidatingPolicy')).toHaveLength(1);
  });

  test('what cannot be expressed is not written, and named; a policy that refuses stays until then', async () => {
    const running = run();
    await have(running, { mode: 'Enforce' });
    await inPlace(running, 'ImageValidatingPolicy');
    const written = writes();
    problems = ['annotations cannot be demanded'];
    running.enforcement.want('shop');
    await reach(running, 'False NotExpressible');
    expect(running.enforcement.view('shop')?.ready.message).toBe(
      'spec.attestors: annotations cannot be demanded; ImageValidatingPolicy image-trust-shop stays as it was generated before',
    );
    expect(written()).toEqual([]);
  });
});

describe('what never happens 4: a policy of somebody else is touched', () => {
  beforeEach(() => installKyvernoCrds(cluster.client, ...BOTH));

  test('an object that has the name is left alone, named, and taken over by nobody; once it is gone the name is ours', async () => {
    const { apiVersion, kind } = KYVERNO_KINDS.ImageValidatingPolicy;
    const { metadata: _m, ...theirs } = kyvernoObject(ImageTrustPolicy.parse(policyManifest('shop', 'k1')), {
      format: 'ImageValidatingPolicy',
      mode: 'Audit',
      mark: 'theirs',
    });
    await cluster.client.apply({ ...theirs, apiVersion, kind, metadata: { name: NAME } });
    const [before] = stored('ImageValidatingPolicy');
    const running = run();
    await have(running);
    await reach(running, 'False NameTaken');
    expect(running.enforcement.view('shop')?.ready.message).toContain(`ImageValidatingPolicy ${NAME}`);
    await have(running, { mode: 'Disabled' });
    await reach(running, 'False EnforcementDisabled');
    await delay(500);
    expect(stored('ImageValidatingPolicy')).toEqual([before]);
    await have(running);
    await reach(running, 'False NameTaken');
    await cluster.client.remove(target('ImageValidatingPolicy'));
    clock.skip(10_000);
    await inPlace(running, 'ImageValidatingPolicy');
  });

  test('a copy of ours under another name, labels and all, stays', async () => {
    const running = run();
    await have(running);
    await inPlace(running, 'ImageValidatingPolicy');
    const there = await cluster.client.get(target('ImageValidatingPolicy'));
    const { apiVersion, kind } = KYVERNO_KINDS.ImageValidatingPolicy;
    const { labels, ownerReferences } = there?.metadata ?? {};
    await cluster.client.apply({
      apiVersion,
      kind,
      metadata: { name: 'copy', labels, ownerReferences },
      spec: there?.['spec'],
    });
    running.enforcement.want('shop');
    await delay(800);
    expect(stored('ImageValidatingPolicy')).toHaveLength(2);
  });
});
