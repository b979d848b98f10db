/**
 * The operator and Kyverno's kinds, without Kyverno: one policy for each ImageTrustPolicy, kept in step, and what would
 * not be let in again. Each test has a namespace, a policy and a key of one name; Kyverno is stood in for.
 */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ClusterClient } from '../support/cluster/client.ts';
import { type Cluster, describeOnClusters, installReports } from '../support/cluster/cluster.ts';
import {
  installKyvernoCrds,
  KYVERNO_KINDS,
  type KyvernoKind,
  removeKyvernoCrd,
} from '../support/cluster/kyverno-crds.ts';
import { obstruct } from '../support/cluster/obstruct.ts';
import { readyStatus, standInForKyverno } from '../support/cluster/kyverno-standin.ts';
import { type Operator, startOperator } from '../support/cluster/operator.ts';
import {
  deploy,
  deploymentTarget,
  events,
  imageOf,
  keyTarget,
  namespace,
  policy,
  policyTarget,
  publicKey,
  trustedKey,
} from '../support/cluster/scene.ts';
import { eventually } from '../support/eventually.ts';
import { addImage } from '../support/registry-store.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures');
const BOTH: readonly KyvernoKind[] = ['ClusterPolicy', 'ImageValidatingPolicy'];

let registry: TestRegistry;
let operator: Operator;
let client: ClusterClient;

const start = ({ kubeconfig }: Cluster): Promise<Operator> =>
  startOperator({ kubeconfig, args: [`--plain-http=${registry.host}`] });

interface Status {
  readonly refusedOnRestart?: number;
  readonly kyverno?: { readonly kind: string; readonly name: string; readonly ready: boolean; readonly mode: string };
  readonly progressive?: { readonly phase: string; readonly passes: number; readonly inTheWay: number };
  readonly samples?: readonly { readonly workload: string; readonly message: string }[];
  readonly conditions?: readonly {
    readonly type: string;
    readonly status: string;
    readonly reason: string;
    readonly message: string;
  }[];
}

const statusOf = async (name: string): Promise<Status> => (await client.get(policyTarget(name)))?.['status'] ?? {};
const kyvernoTarget = (kind: KyvernoKind, name: string) => ({ ...KYVERNO_KINDS[kind], name: `image-trust-${name}` });
const specOf = async (kind: KyvernoKind, name: string) => (await kyvernoPolicy(kind, name))?.['spec'];
const kyvernoPolicy = (kind: KyvernoKind, name: string) => client.get(kyvernoTarget(kind, name));

/** `True PolicyReady`, and what else a test asks of the condition. */
async function readiness(name: string): Promise<string> {
  const ready = (await statusOf(name)).conditions?.find(({ type }) => type === 'EnforcementReady');
  return ready === undefined ? '' : `${ready.status} ${ready.reason}: ${ready.message}`;
}

async function reach(name: string, expected: string, within = 20_000): Promise<void> {
  await eventually(async () => expect(await readiness(name)).toContain(expected), { within, every: 200 });
}

/** A namespace, a key and a policy of this name, with Deployments `web` of these images. */
async function scene(name: string, enforcement: object, images: Readonly<Record<string, string>> = {}): Promise<void> {
  const key = trustedKey(name, { publicKey: { pem: publicKey('k1') } });
  await client.apply(namespace(name), key, policy(name, name, { enforcement }));
  for (const [workload, image] of Object.entries(images))
    await deploy(client, name, workload, imageOf(registry, image));
}

const enforce = (name: string, enforcement: object) => client.patch(policyTarget(name), { spec: { enforcement } });

/** Results of a namespace that say so: `Deployment/web SignatureFormat`. */
async function refusedIn(name: string): Promise<readonly string[]> {
  const reports = await client.list('wgpolicyk8s.io/v1alpha2', 'PolicyReport', name);
  return reports
    .flatMap((report) => {
      const scope = report['scope'] as { kind: string; name: string };
      const results = report['results'] as { properties: Record<string, string> }[];
      return results.flatMap(({ properties: { refusedOnRestart } }) =>
        refusedOnRestart === undefined ? [] : [`${scope.kind}/${scope.name} ${refusedOnRestart.split(':')[0]}`],
      );
    })
    .toSorted();
}

async function expectRefused(name: string, count: number, ...lines: readonly string[]): Promise<void> {
  await eventually(
    async () => {
      const metric = await operator.metric('image_trust_workloads_refused_on_restart', { policy: name });
      expect([(await statusOf(name)).refusedOnRestart, metric, await refusedIn(name)]).toEqual([count, count, lines]);
    },
    { within: 20_000, every: 200 },
  );
}

async function expectTold(name: string, ...told: readonly string[]): Promise<void> {
  await eventually(
    async () =>
      expect(await events(client, 'default')).toEqual(
        expect.arrayContaining(told.map((one) => `ImageTrustPolicy/${name} ${one}`)),
      ),
    { within: 20_000, every: 200 },
  );
}

describeOnClusters(
  "the operator and Kyverno's kinds",
  {
    controllers: 'lifecycle',
    async prepare(cluster) {
      ({ client } = cluster);
      const stack = new AsyncDisposableStack();
      const fixtures = { signed: 'legacy3-k1', bundle: 'bundle3-k1', unsigned: 'unsigned', moving: 'legacy3-k1' };
      const layouts = Object.fromEntries(
        Object.entries(fixtures).map(([name, fixture]) => [`app/${name}`, join(FIXTURES, fixture)]),
      );
      registry = stack.use(await startRegistry({ layouts }));
      await installReports(client, 'wgpolicyk8s');
      operator = await start(cluster);
      stack.defer(async () => void (await operator.end()));
      stack.use(standInForKyverno(client));
      return stack;
    },
  },
  (cluster) => {
    test('absent, installed later, upgraded: the policy is there, in the kind that there is', async () => {
      await scene('later', { mode: 'Enforce' });
      await reach('later', 'False KyvernoAbsent');
      await installKyvernoCrds(client, 'ClusterPolicy');
      await reach('later', 'True PolicyReady: ClusterPolicy image-trust-later refuses', 60_000);
      expect((await statusOf('later')).kyverno).toEqual({
        kind: 'ClusterPolicy',
        name: 'image-trust-later',
        ready: true,
        mode: 'Enforce',
      });
      await installKyvernoCrds(client, 'ImageValidatingPolicy');
      await reach('later', 'True PolicyReady: ImageValidatingPolicy image-trust-later refuses', 60_000);
      await eventually(async () => expect(await kyvernoPolicy('ClusterPolicy', 'later')).toBeUndefined(), {
        within: 30_000,
      });
      await expectTold('later', 'Normal PolicyReady');
    });

    test.each(BOTH)('a %s that somebody changes or removes is right again within ten seconds', async (kind) => {
      const name = `drift-${kind.toLowerCase()}`;
      await scene(name, { mode: 'Enforce', kyverno: { format: kind, signatureFormat: 'Legacy' } });
      await reach(name, 'True PolicyReady');
      const wanted = (await kyvernoPolicy(kind, name))?.['spec'];
      const loose = kind === 'ClusterPolicy' ? { rules: [] } : { validationActions: ['Audit'] };
      for (const spec of [{ webhookConfiguration: { timeoutSeconds: 3 } }, loose]) {
        await client.patch(kyvernoTarget(kind, name), { spec });
        await eventually(async () => expect((await kyvernoPolicy(kind, name))?.['spec']).toEqual(wanted));
      }
      await client.remove(kyvernoTarget(kind, name));
      await eventually(async () => expect((await kyvernoPolicy(kind, name))?.['spec']).toEqual(wanted));
    });

    test('a pass that changes nothing writes no policy, nor does a restart', async () => {
      await scene('quiet', { mode: 'Enforce' }, { web: 'app/signed' });
      await reach('quiet', 'True PolicyReady');
      const version = async () => (await kyvernoPolicy('ImageValidatingPolicy', 'quiet'))?.metadata.resourceVersion;
      const before = await version();
      await client.annotate(policyTarget('quiet'), { 'imagetrust.dev/requestedAt': 'now' });
      await eventually(async () => expect(await statusOf('quiet')).toMatchObject({ lastHandledRequestedAt: 'now' }));
      await operator.end();
      operator = await start(cluster());
      await reach('quiet', 'True PolicyReady');
      expect(await version()).toBe(before);
    });

    test('an object of that name that is not ours is left alone and named', async () => {
      const { apiVersion, kind } = KYVERNO_KINDS.ImageValidatingPolicy;
      const spec = (await kyvernoPolicy('ImageValidatingPolicy', 'quiet'))?.['spec'] ?? {};
      const theirs = { apiVersion, kind, metadata: { name: 'image-trust-taken' }, spec };
      const [before] = await client.apply(theirs);
      await scene('taken', { mode: 'Enforce' });
      await reach('taken', 'False NameTaken: ImageValidatingPolicy image-trust-taken');
      await enforce('taken', { mode: 'Disabled' });
      await reach('taken', 'False EnforcementDisabled');
      await client.remove(policyTarget('taken'));
      expect((await kyvernoPolicy('ImageValidatingPolicy', 'taken'))?.metadata.uid).toBe(before?.metadata.uid);
      await client.remove(kyvernoTarget('ImageValidatingPolicy', 'taken'));
    });

    test('mode Disabled removes, and so does the end of the ImageTrustPolicy', async () => {
      await scene('gone', { mode: 'Audit' });
      await reach('gone', 'True PolicyReady');
      await enforce('gone', { mode: 'Disabled' });
      await eventually(async () => expect(await kyvernoPolicy('ImageValidatingPolicy', 'gone')).toBeUndefined());
      await reach('gone', 'False EnforcementDisabled');
      expect((await statusOf('gone')).kyverno).toBeUndefined();
      await enforce('gone', { mode: 'Audit' });
      await reach('gone', 'True PolicyReady');
      await client.remove(policyTarget('gone'));
      await eventually(async () => expect(await kyvernoPolicy('ImageValidatingPolicy', 'gone')).toBeUndefined(), {
        within: 30_000,
      });
    });

    test('what Kyverno says against a policy is passed on', async () => {
      await scene('said', { mode: 'Enforce' });
      await reach('said', 'True PolicyReady');
      const { apiVersion, kind } = KYVERNO_KINDS.ImageValidatingPolicy;
      const status = readyStatus('ImageValidatingPolicy', false, 'no webhook for it');
      await client.applyStatus({ apiVersion, kind, metadata: { name: 'image-trust-said' }, status });
      await reach('said', 'False PolicyNotReady: ImageValidatingPolicy image-trust-said: no webhook for it');
      await expectTold('said', 'Warning PolicyNotReady');
    });

    test('a key that is revoked is out of the policy within ten seconds', async () => {
      await scene('revoked', { mode: 'Enforce', kyverno: { format: 'ClusterPolicy' } }, { web: 'app/signed' });
      await reach('revoked', 'True PolicyReady');
      const keys = async () => JSON.stringify((await kyvernoPolicy('ClusterPolicy', 'revoked'))?.['spec']);
      const [, line = ''] = publicKey('k1').split('\n');
      expect(await keys()).toContain(line);
      await client.patch(keyTarget('revoked'), { spec: { lifecycle: { state: 'Revoked' } } });
      await eventually(async () => expect(await keys()).not.toContain(line));
      await reach('revoked', 'nobody can meet set "release" now');
      await expectRefused('revoked', 1, 'Deployment/web KeyRevoked');
    });

    test('what would not be let in again is counted, and listed with its reason', async () => {
      const images = { plain: 'app/unsigned', web: 'app/signed', wrap: 'app/bundle' };
      await scene('refused', { mode: 'Audit', kyverno: { format: 'ClusterPolicy' } }, images);
      await reach('refused', 'True PolicyReady');
      await expectRefused('refused', 2, 'Deployment/plain NoSignature', 'Deployment/wrap SignatureFormat');
      expect((await statusOf('refused')).samples?.map(({ workload }) => workload)).toEqual([
        'Deployment refused/plain',
        'Deployment refused/wrap',
      ]);
      // After a restart the reports say so, before anything is looked at.
      await operator.end();
      operator = await start(cluster());
      await expectRefused('refused', 2, 'Deployment/plain NoSignature', 'Deployment/wrap SignatureFormat');
      await enforce('refused', { mode: 'Audit', kyverno: { format: 'ImageValidatingPolicy' } });
      await expectRefused('refused', 1, 'Deployment/plain NoSignature');
      await enforce('refused', { mode: 'Disabled' });
      await eventually(
        async () =>
          expect([(await statusOf('refused')).refusedOnRestart, await refusedIn('refused')]).toEqual([undefined, []]),
        { within: 20_000 },
      );
    });

    test('a tag that moved to what nobody signed is refused before anybody restarts', async () => {
      const image = imageOf(registry, 'app/moving');
      await scene('moved', { mode: 'Enforce' });
      await deploy(client, 'moved', 'web', { ...image, reference: `${image.repository}:v1` });
      await reach('moved', 'True PolicyReady');
      await expectRefused('moved', 0);
      addImage(registry.repository('app/moving'), 'what nobody signed', ['v1']);
      await client.annotate(policyTarget('moved'), { 'imagetrust.dev/requestedAt': 'now' });
      await expectRefused('moved', 1, 'Deployment/web TagMoved');
    });

    test('a TrustedKey that is missing refuses everything, though nobody calls the images rejected', async () => {
      await client.apply(
        namespace('keyless'),
        policy('keyless', 'nobody', { enforcement: { mode: 'Enforce' }, match: { namespaces: ['keyless'] } }),
      );
      await deploy(client, 'keyless', 'web', imageOf(registry, 'app/signed'));
      await reach('keyless', 'True PolicyReady');
      await expectRefused('keyless', 1, 'Deployment/web NobodyVouches');
    });

    test('mode Progressive: Audit while something is in the way, Enforce after its time, and no way back by itself', async () => {
      const progressive = { compliantFor: '2s', minimumPasses: 1 };
      await scene('steps', { mode: 'Progressive', progressive }, { plain: 'app/unsigned', web: 'app/signed' });
      await reach('steps', 'True PolicyReady: ImageValidatingPolicy image-trust-steps reports');
      await eventually(async () =>
        expect((await statusOf('steps')).progressive).toMatchObject({ phase: 'Audit', inTheWay: 1 }),
      );
      expect((await statusOf('steps')).samples?.map(({ workload }) => workload)).toEqual(['Deployment steps/plain']);
      await client.remove(deploymentTarget('steps', 'plain'));
      await eventually(async () => expect((await statusOf('steps')).progressive?.inTheWay).toBe(0), { within: 20_000 });
      await operator.end();
      operator = await start(cluster());
      await client.annotate(policyTarget('steps'), { 'imagetrust.dev/requestedAt': 'now' });
      await reach('steps', 'True PolicyReady: ImageValidatingPolicy image-trust-steps refuses', 30_000);
      await expectTold(
        'steps',
        'Normal ProgressiveStarted',
        'Normal ProgressiveCompliant',
        'Normal ProgressiveEnforced',
      );
      await deploy(client, 'steps', 'bad', imageOf(registry, 'app/unsigned'));
      await eventually(
        async () => expect((await statusOf('steps')).progressive).toMatchObject({ phase: 'Enforce', inTheWay: 1 }),
        { within: 20_000 },
      );
      await enforce('steps', { mode: 'Audit' });
      await reach('steps', 'True PolicyReady: ImageValidatingPolicy image-trust-steps reports');
      expect((await statusOf('steps')).progressive).toBeUndefined();
      await enforce('steps', { mode: 'Progressive' });
      await eventually(async () => expect((await statusOf('steps')).progressive?.phase).toBe('Audit'), {
        within: 20_000,
      });
    });

    test('a CRD that is removed and comes back', async () => {
      await scene('crd', { mode: 'Enforce', kyverno: { format: 'ClusterPolicy' } });
      await reach('crd', 'True PolicyReady');
      await removeKyvernoCrd(client, 'ClusterPolicy');
      await reach('crd', 'False KyvernoAbsent', 60_000);
      await installKyvernoCrds(client, 'ClusterPolicy');
      await reach('crd', 'True PolicyReady', 60_000);
      expect((await statusOf('crd')).kyverno).toMatchObject({ kind: 'ClusterPolicy', ready: true });
    });

    test.each([
      ['down', 'False KyvernoUnavailable: '],
      ['refusing', 'False PolicyRefused: '],
    ] as const)(
      'its webhook is %s: that is said, what is there stays, and what is wanted comes after',
      async (how, said) => {
        await scene(how, { mode: 'Audit', kyverno: { format: 'ClusterPolicy' } });
        await reach(how, 'True PolicyReady');
        const there = async () => (await kyvernoPolicy('ClusterPolicy', how))?.metadata.resourceVersion;
        const before = await there();
        const heal = await obstruct(cluster(), how, await specOf('ClusterPolicy', how));
        await enforce(how, { mode: 'Enforce', kyverno: { format: 'ClusterPolicy' } });
        await reach(how, said);
        if (how === 'refusing') await reach(how, 'no policy today');
        expect([await there(), (await statusOf(how)).kyverno?.mode]).toEqual([before, 'Audit']);
        await heal();
        await reach(how, 'True PolicyReady: ClusterPolicy image-trust-' + how + ' refuses', 60_000);
      },
    );
  },
);
