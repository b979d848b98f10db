/**
 * What generated policies do to Pods and images that live on: tags that move, signatures that go, Pods that ran before
 * the policy came. On the real Kyverno, in every way in which a policy is generated.
 */
import { expect, test } from 'vitest';
import { type Target, targetOf } from '../support/cluster/client.ts';
import { ask, describeOnKyverno, enforce, knock, type Lab, lift, REGISTRIES } from './lab.ts';
import { podOf } from './pod.ts';
import { rendered } from './render.ts';
import { ALL_WAYS } from './stage.ts';
import { caseName, type Enforced, set, type Trust } from './trust.ts';
import { type MadeImage, openWorkshop, type Workshop } from './workshop.ts';

const [API] = REGISTRIES;
const WAYS = ALL_WAYS.map((enforced) => ({ name: caseName('life', enforced), enforced }));

/** A namespace with two images, of which one is signed. */
interface Stage {
  readonly lab: Lab;
  readonly workshop: Workshop;
  readonly namespace: string;
  readonly trust: Trust;
  readonly good: MadeImage;
  readonly bad: MadeImage;
  readonly at: (image: MadeImage) => string;
}

let stages = 0;

async function stageIn(lab: Lab): Promise<Stage> {
  stages += 1;
  const namespace = `life-${stages}`;
  const workshop = openWorkshop(lab.registries[API]);
  const good = workshop.image(`${namespace}/good`);
  workshop.sign(good, 'a');
  const keys = { a: { publicKey: { pem: workshop.key('a').publicKey }, transparencyLog: 'Ignored' } };
  await lab.client.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  return {
    lab,
    workshop,
    namespace,
    trust: { name: namespace, keys, policy: { attestors: [set('team', ['a'])] } },
    good,
    bad: workshop.image(`${namespace}/bad`),
    at: ({ repository }) => `${workshop.host}/${repository}:v1`,
  };
}

/** Puts the policy in force, does something, and takes it away. */
async function under(stage: Stage, enforced: Enforced, act: () => Promise<void>): Promise<void> {
  const { lab, namespace, trust, bad, at } = stage;
  const policy = rendered(trust, enforced);
  const refused = podOf(namespace, 'refused', { image: at(bad) });
  await enforce(lab.client, policy, refused);
  await act();
  await lift(lab.client, policy, refused);
}

describeOnKyverno('images and Pods that change', (lab) => {
  test.each(WAYS)('a tag that moved is judged anew: $name', async ({ enforced }) => {
    const stage = await stageIn(lab());
    const { workshop, namespace, good, at } = stage;
    const pod = podOf(namespace, 'app', { image: at(good) });
    const tags = lab().registries[API].repository(good.repository).tags;
    await under(stage, enforced, async () => {
      for (let i = 0; i < 3; i++) expect(await knock(lab().client, pod)).toMatchObject({ admitted: true });
      workshop.image(good.repository, 'somebody else');
      for (let i = 0; i < 3; i++) expect(await knock(lab().client, pod)).toMatchObject({ admitted: false });
      tags.set('v1', good.digest);
      expect(await knock(lab().client, pod)).toMatchObject({ admitted: true });
    });
  });

  test.each(WAYS)('signatures that went are missed: $name', async ({ enforced }) => {
    const stage = await stageIn(lab());
    const { namespace, good, at } = stage;
    const pod = podOf(namespace, 'app', { image: at(good) });
    const { tags, manifests } = lab().registries[API].repository(good.repository);
    await under(stage, enforced, async () => {
      expect(await knock(lab().client, pod)).toMatchObject({ admitted: true });
      for (const tag of tags.keys()) if (tag !== 'v1') tags.delete(tag);
      for (const digest of manifests.keys()) if (digest !== good.digest) manifests.delete(digest);
      expect(await knock(lab().client, pod)).toMatchObject({ admitted: false });
    });
  });

  test.each(WAYS)('the Pod is pinned to what was verified: $name', async ({ enforced }) => {
    const stage = await stageIn(lab());
    const { namespace, good, at } = stage;
    const pod = podOf(namespace, 'app', { image: at(good), init: at(good) });
    const images = async (): Promise<readonly unknown[]> => {
      const spec = (await knock(lab().client, pod)).pod?.['spec'] ?? {};
      const { containers = [], initContainers = [] } = spec as Partial<Record<string, readonly { image: string }[]>>;
      return [...containers, ...initContainers].map(({ image }) => image);
    };
    const pinned = `${at(good)}@${good.digest}`;
    await under(stage, enforced, async () => expect(await images()).toEqual([pinned, pinned]));
    const kyverno = { mutateDigest: false };
    await under(stage, { ...enforced, kyverno }, async () => expect(await images()).toEqual([at(good), at(good)]));
  });

  test.each(WAYS)('Audit lets everything in, as it is: $name', async ({ enforced }) => {
    const stage = await stageIn(lab());
    const { namespace, trust, bad, at } = stage;
    const { client } = lab();
    const policy = rendered(trust, { ...enforced, mode: 'Audit' });
    await client.apply(policy);
    for (const parts of [{ image: at(bad) }, { image: at(bad), init: at(bad), volume: at(bad) }]) {
      const { admitted, pod } = await knock(client, podOf(namespace, 'app', parts));
      expect({ admitted, pod }).toMatchObject({ admitted: true, pod: { spec: { containers: [{ image: at(bad) }] } } });
    }
    await client.remove(targetOf(policy));
  });

  test.each(WAYS)('Pods that ran before keep what they are, and get nothing unsigned: $name', async ({ enforced }) => {
    const stage = await stageIn(lab());
    const { namespace, good, bad, at } = stage;
    const { client } = lab();
    const running = podOf(namespace, 'running', { image: at(bad), volume: at(bad) });
    const target = targetOf(running);
    await client.apply(running);
    await under(stage, enforced, async () => {
      expect(await deeds(stage, target)).toEqual({
        label: true,
        annotation: true,
        'finalizer added': true,
        'finalizer removed': true,
        status: true,
        'unsigned image': false,
        'unsigned ephemeral container': false,
      });
      // Its other images have to be trusted too, once one of them changes.
      const other = { spec: { containers: [{ name: 'app', image: at(good) }] } };
      expect(await ask(() => client.patch(target, other))).toMatchObject({ admitted: false });
      await client.remove(target);
      expect(await client.get(target)).toBeUndefined();
    });
  });

  test.each(WAYS)('Pods that run may get what is signed: $name', async ({ enforced }) => {
    const stage = await stageIn(lab());
    const { workshop, namespace, good, bad, at } = stage;
    const { client } = lab();
    const next = workshop.image(`${namespace}/next`);
    workshop.sign(next, 'a');
    const running = podOf(namespace, 'running', { image: at(good) });
    const target = targetOf(running);
    await client.apply(running);
    await under(stage, enforced, async () => {
      const debug = (image: string) => ({ spec: { ephemeralContainers: [{ name: 'debug', image }] } });
      const app = (image: string) => ({ spec: { containers: [{ name: 'app', image }] } });
      expect(await ask(() => client.patch(target, app(at(bad))))).toMatchObject({ admitted: false });
      expect(await ask(() => client.patch(target, app(at(next))))).toMatchObject({ admitted: true });
      const attach = (image: string) => ask(() => client.patch(target, debug(image), 'ephemeralcontainers'));
      expect(await attach(at(bad))).toMatchObject({ admitted: false });
      expect(await attach(at(good))).toMatchObject({ admitted: true });
      await client.remove(target);
    });
  });
});

/** What may be done to a Pod, by name. */
async function deeds({ lab, bad, workshop }: Stage, target: Target): Promise<Readonly<Record<string, boolean>>> {
  const { client } = lab;
  const other = workshop.image(bad.repository, 'another unsigned', 'v2');
  const image = `${workshop.host}/${other.repository}:v2`;
  const finalizers = (list: readonly string[]) => client.patch(target, { metadata: { finalizers: list } });
  const tried: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['label', () => client.patch(target, { metadata: { labels: { team: 'a' } } })],
    ['annotation', () => client.annotate(target, { 'example.com/note': 'x' })],
    ['finalizer added', () => finalizers(['example.com/hold'])],
    ['finalizer removed', () => finalizers([])],
    ['status', () => client.patch(target, { status: { phase: 'Running' } }, 'status')],
    ['unsigned image', () => client.patch(target, { spec: { containers: [{ name: 'app', image }] } })],
    [
      'unsigned ephemeral container',
      () => client.patch(target, { spec: { ephemeralContainers: [{ name: 'debug', image }] } }, 'ephemeralcontainers'),
    ],
  ];
  const done: Record<string, boolean> = {};
  for (const [name, act] of tried) done[name] = (await ask(act)).admitted;
  return done;
}
