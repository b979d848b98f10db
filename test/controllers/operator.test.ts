/** The operator in this process, on an API server in memory and registries on loopback: what it asks and what it writes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { viewOf } from '../../src/controllers/views.ts';
import type { Elector } from '../../src/kube/leader.ts';
import type { Loose, Target } from '../support/cluster/client.ts';
import { type Cluster, installReports, startCluster } from '../support/cluster/cluster.ts';
import {
  deploy,
  imageOf,
  keyTarget,
  namespace,
  policy,
  policyStatus,
  policyTarget,
  publicKey,
  reports,
  trustedKey,
} from '../support/cluster/scene.ts';
import { eventually } from '../support/eventually.ts';
import { startLivingTuf } from '../support/living-tuf.ts';
import { runOperator, type SkippingClock, skippingClock } from '../support/operator.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures');
const K1 = { publicKey: { pem: publicKey('k1') } };
/** A pass that is due while a test runs would be no fault. */
const YEARLY = { verification: { schedule: '0 0 1 1 *' } };
const SIGNED = 'Deployment/web shop/app pass Verified';

let cluster: Extract<Cluster, { kind: 'embedded' }>;
let registry: TestRegistry;
let clock: SkippingClock;
let stack: AsyncDisposableStack;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  const started = await startCluster('embedded');
  if (started?.kind !== 'embedded') throw new Error('the embedded cluster did not start');
  cluster = stack.use(started);
  registry = stack.use(
    await startRegistry({
      layouts: { 'app/signed': join(FIXTURES, 'legacy3-k1'), 'app/keyless': join(FIXTURES, 'keyless3') },
    }),
  );
  clock = skippingClock();
  await installReports(cluster.client, 'wgpolicyk8s');
  await cluster.client.apply(namespace('shop'), trustedKey('shop', K1), policy('shop', 'shop'));
  await deploy(cluster.client, 'shop', 'web', imageOf(registry, 'app/signed'));
});
afterEach(() => stack.disposeAsync());

const run = (): ReturnType<typeof runOperator> => runOperator(cluster.kubeconfig, [registry.host], { clock });

async function judged(expected: readonly string[] = [SIGNED], of = 'shop'): Promise<void> {
  await eventually(async () => {
    expect(await reports(cluster.client, of)).toEqual(expected);
    const total = (await policyStatus(cluster.client, of)).images?.total;
    expect(total).toBe(expected.length);
  });
  // Keys are counted last: two seconds after the last report.
  await eventually(async () => expect(JSON.stringify(await cluster.client.get(keyTarget(of)))).toContain('"images":1'));
}

/** Everything that anybody wrote from now on. */
function writes(): () => readonly string[] {
  const from = cluster.api.requests.length;
  return () =>
    cluster.api.requests
      .slice(from)
      .filter(({ verb }) => ['create', 'update', 'patch', 'delete'].includes(verb))
      .map(({ verb, resource }) => `${verb} ${resource}`);
}

describe('what never happens 6', () => {
  test('a pass that changes nothing writes something', async () => {
    await using _ = await run();
    await judged();
    const written = writes();
    const asked = registry.requests.length;
    clock.skip(46 * 60_000);
    await eventually(() => expect(registry.requests.length).toBeGreaterThan(asked));
    await delay(300);
    clock.skip(10_000);
    await delay(500);
    expect(written()).toEqual([]);
  });

  test('one slow registry holds up the others', async () => {
    const slow = stack.use(
      await startRegistry({
        layouts: { 'app/signed': join(FIXTURES, 'legacy3-k1'), 'app/keyless': join(FIXTURES, 'keyless3') },
      }),
    );
    slow.fault({ match: /./, action: 'hang' });
    const stuck = imageOf(slow, 'app/signed');
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) {
      await cluster.client.apply(namespace(`slow-${name}`), policy(`slow-${name}`, 'shop'));
      await deploy(cluster.client, `slow-${name}`, 'web', stuck);
    }
    await using _ = await runOperator(cluster.kubeconfig, [registry.host, slow.host], { clock, concurrency: 1 });
    await eventually(async () => expect(await reports(cluster.client, 'shop')).toEqual([SIGNED]));
    expect(await reports(cluster.client, 'slow-a')).toEqual([]);
  });

  test('one bad object stops the rest', async () => {
    const pem = '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n';
    await cluster.client.apply(
      trustedKey('broken', { publicKey: { pem } }),
      policy('mars', 'shop', { verification: { timeZone: 'Mars/Olympus' } }),
      policy('unmet', 'broken'),
    );
    await using _ = await run();
    await judged();
    const stalled = async (name: string): Promise<unknown> =>
      (await policyStatus(cluster.client, name)).conditions?.find(({ type }) => type === 'Stalled')?.reason;
    await eventually(async () =>
      expect([await stalled('mars'), await stalled('unmet')]).toEqual(['InvalidSpec', 'TrustedKeyNotReady']),
    );
  });
});

describe('what never happens 4: the operator writes what is not its own', () => {
  test('of everything in the cluster it writes status, reports and events alone', async () => {
    const written = writes();
    await using _ = await run();
    await judged();
    await cluster.client.patch(keyTarget('shop'), { spec: { lifecycle: { state: 'Revoked' } } });
    await eventually(async () =>
      expect(await reports(cluster.client, 'shop')).toEqual(['Deployment/web shop/app fail KeyRevoked']),
    );
    const kinds = new Set(written().map((write) => write.split(' ').at(-1)));
    expect(
      [...kinds].filter((kind) => !/imagetrustpolicies|trustedkeys|policyreports|events/.test(kind ?? '')),
    ).toEqual([]);
  });

  test('a report under the name of ours that somebody else made stays as it is', async () => {
    const [owner] = cluster.api.stored('apps/deployments', 'shop');
    const foreign = {
      apiVersion: 'wgpolicyk8s.io/v1alpha2',
      kind: 'PolicyReport',
      metadata: { name: `imagetrust-${owner?.metadata.uid ?? ''}`, namespace: 'shop', labels: { theirs: 'yes' } },
      results: [{ policy: 'theirs', result: 'pass' }],
    };
    await cluster.client.apply(foreign);
    await using _ = await run();
    await eventually(async () => expect((await policyStatus(cluster.client, 'shop')).images?.verified).toBe(1));
    await delay(500);
    expect(cluster.api.stored('wgpolicyk8s.io/policyreports', 'shop').map((report) => report['results'])).toEqual([
      foreign.results,
    ]);
  });
});

test('what never happens 2: an outage makes nothing rejected, and what is known stays', async () => {
  await using _ = await run();
  await judged();
  const heal = registry.fault({ match: /./, status: 503 });
  await cluster.client.patch(policyTarget('shop'), {
    metadata: { annotations: { 'imagetrust.dev/requestedAt': 'now' } },
  });
  await eventually(
    async () => expect((await policyStatus(cluster.client, 'shop')).lastHandledRequestedAt).toBe('now'),
    { within: 20_000 },
  );
  expect(await reports(cluster.client, 'shop')).toEqual([SIGNED]);
  expect((await policyStatus(cluster.client, 'shop')).images).toMatchObject({ verified: 1, rejected: 0 });
  heal();
});

test('a revoked key falls without a request to the registry, and is trusted again as fast', async () => {
  await cluster.client.patch(policyTarget('shop'), { spec: { verification: { schedule: '0 0 1 1 *' } } });
  await using _ = await run();
  await judged();
  const asked = registry.requests.length;
  await cluster.client.patch(keyTarget('shop'), { spec: { lifecycle: { state: 'Revoked' } } });
  await eventually(async () =>
    expect(await reports(cluster.client, 'shop')).toEqual(['Deployment/web shop/app fail KeyRevoked']),
  );
  await cluster.client.patch(keyTarget('shop'), { spec: { lifecycle: { state: 'Active' } } });
  await eventually(async () => expect(await reports(cluster.client, 'shop')).toEqual([SIGNED]));
  expect(registry.requests.slice(asked)).toEqual([]);
});

test('a restart asks no registry, writes nothing and tells nothing that was known', async () => {
  await cluster.client.patch(policyTarget('shop'), { spec: YEARLY });
  {
    await using _ = await run();
    await judged();
  }
  const written = writes();
  const asked = registry.requests.length;
  await using again = await run();
  await delay(1_500);
  clock.skip(10_000);
  await delay(500);
  expect(
    again.operator.desk.board.rowsOf('shop').map(({ outcome }) => outcome.kind === 'judged' && outcome.verdict.state),
  ).toEqual(['verified']);
  expect(again.log.filter(([message]) => message === 'verdict changed')).toEqual([]);
  expect([registry.requests.length - asked, written()]).toEqual([0, []]);
});

/** What is counted for metrics at this moment. */
const counted = ({ operator }: Awaited<ReturnType<typeof run>>): readonly unknown[] => [
  operator.isLeader(),
  ...(viewOf('shop', operator.desk)?.rows ?? []).map(
    ({ outcome }) => outcome.kind === 'judged' && outcome.verdict.state,
  ),
];

test('it is ready once what an earlier life established is counted again, and not before', async () => {
  {
    await using _ = await run();
    await judged();
  }
  registry.fault({ match: /./, action: 'hang' });
  await using again = await run();
  expect(counted(again)).toEqual([true, 'verified']);
});

test('a replica is ready when it leads or sees another lead, and stays ready when it takes over', async () => {
  {
    await using _ = await run();
    await judged();
  }
  const turn = Promise.withResolvers<void>();
  const holder = { name: '' };
  const elector: Elector = {
    acquire: () => turn.promise,
    hold: (signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    release: async () => undefined,
    isLeader: () => holder.name === 'me',
    leader: () => holder.name,
  };
  await using waiting = await runOperator(cluster.kubeconfig, [registry.host], { clock, elector, awaitReady: false });
  await eventually(() => expect(waiting.log.map(([message]) => message)).toContain('ready'));
  expect(waiting.operator.isReady()).toBe(false);
  holder.name = 'another';
  expect([waiting.operator.isReady(), counted(waiting)]).toEqual([true, [false]]);
  holder.name = 'me';
  turn.resolve();
  await eventually(() => {
    expect(waiting.operator.isReady()).toBe(true);
    expect(counted(waiting)).toEqual([true, 'verified']);
  });
});

test('a key that changed while nobody ran is judged by at once', async () => {
  {
    await using _ = await run();
    await judged();
  }
  await cluster.client.patch(keyTarget('shop'), { spec: { publicKey: { pem: publicKey('other') } } });
  await using _ = await run();
  await eventually(async () =>
    expect(await reports(cluster.client, 'shop')).toEqual(['Deployment/web shop/app fail UntrustedSigner']),
  );
});

test('a key in a Secret that may not be read says how to allow it, and is ready once it is allowed', async () => {
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'cosign', namespace: 'shop' } };
  const data = { pub: Buffer.from(publicKey('k1')).toString('base64') };
  const heal = cluster.api.fault({ match: /^list secrets/, status: 403, message: 'secrets is forbidden' });
  const secretRef = { namespace: 'shop', name: 'cosign', key: 'pub' };
  await cluster.client.apply({ ...secret, data }, trustedKey('hidden', { publicKey: { secretRef } }));
  await using _ = await run();
  interface Shown {
    readonly type: string;
    readonly status: string;
    readonly reason: string;
    readonly message: string;
  }
  const condition = async (type: string): Promise<Partial<Shown>> => {
    const { status } = (await cluster.client.get(keyTarget('hidden'))) as { status?: { conditions?: Shown[] } };
    return status?.conditions?.find((one) => one.type === type) ?? {};
  };
  await eventually(async () => {
    const { reason, message } = await condition('Stalled');
    expect(reason).toBe('MaterialUnusable');
    expect(message).toContain('Secret shop/cosign cannot be read: ');
    expect(message).toContain('kubectl create rolebinding image-trust-operator-trust-material --namespace shop ');
  });
  heal();
  clock.skip(40_000);
  await eventually(async () => expect(await condition('Ready')).toMatchObject({ status: 'True', reason: 'Succeeded' }));
});

test('a trust root by TUF: its change judges anew what goes by it alone, and a mirror that is down keeps nobody', async () => {
  const text = readFileSync(join(FIXTURES, 'keys/trusted_root.json'), 'utf8');
  await using tuf = await startLivingTuf(text);
  const ref = { namespace: 'security', name: 'tuf' };
  const keyless = {
    identities: [{ issuer: 'https://issuer.example.com', subject: 'https://ci.example.com/org/repo@refs/heads/main' }],
  };
  const root = { mirror: tuf.mirror, rootRef: { configMapRef: { ...ref, key: 'root.json' } } };
  await cluster.client.apply(
    namespace('security'),
    namespace('ci'),
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: ref, data: { 'root.json': tuf.rootJson } },
    trustedKey('ci', { keyless, trustRoot: { tuf: root }, transparencyLog: 'Required' }),
    policy('ci', 'ci', YEARLY),
    policy('shop', 'shop', YEARLY),
  );
  await deploy(cluster.client, 'ci', 'run', imageOf(registry, 'app/keyless'));
  {
    await using running = await run();
    await judged();
    await judged(['Deployment/run ci/app pass Verified'], 'ci');
    const asked = registry.requests.length;
    tuf.publish({ trustedRoot: JSON.stringify({ ...(JSON.parse(text) as object), certificateAuthorities: [] }) });
    clock.skip(70 * 60_000);
    await judged(['Deployment/run ci/app fail CertificateUntrusted'], 'ci');
    expect(registry.requests.slice(asked).filter(({ path }) => path.includes('/app/signed/manifests/sha256-'))).toEqual(
      [],
    );
    tuf.publish({ trustedRoot: text });
    clock.skip(70 * 60_000);
    await judged(['Deployment/run ci/app pass Verified'], 'ci');
    await tuf.close();
    clock.skip(70 * 60_000);
    await eventually(() => expect(running.log.map(([message]) => message)).toContain('trust root not refreshed'));
    await judged(['Deployment/run ci/app pass Verified'], 'ci');
    clock.skip(11 * 24 * 3_600_000);
    await eventually(async () => {
      expect(JSON.stringify(await cluster.client.get(keyTarget('ci')))).toContain('"reason":"TrustRootUnavailable"');
    });
  }
});

test('a Lease that is lost ends the operator, so that another process can take its place', async () => {
  const lost = Promise.withResolvers<void>();
  const elector: Elector = {
    acquire: async () => undefined,
    hold: () => lost.promise,
    release: async () => undefined,
    isLeader: () => true,
    leader: () => 'somebody',
  };
  await using operator = await runOperator(cluster.kubeconfig, [registry.host], { clock, elector });
  await judged();
  lost.resolve();
  await expect(Promise.race([operator.ended, delay(5_000, 'still running')])).resolves.toBe(false);
});

test('an object that is removed and made anew within a moment gets a status of its own', async () => {
  await using _ = await run();
  await judged();
  const both: readonly (readonly [Target, Loose])[] = [
    [policyTarget('shop'), policy('shop', 'shop')],
    [keyTarget('shop'), trustedKey('shop', K1)],
  ];
  for (const [target, object] of both) {
    await cluster.client.remove(target);
    await cluster.client.apply(object);
  }
  for (const [target] of both)
    await eventually(async () => expect((await cluster.client.get(target))?.['status']).toBeDefined());
  await judged();
});
