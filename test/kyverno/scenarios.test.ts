/**
 * What policies demand beside keys, on the real Kyverno: each Pod is let in or refused as the policy wants it, as our
 * engine judges it, and by both kinds of generated policies; or the difference stands in differences.ts.
 */
import { expect, test } from 'vitest';
import type { Loose } from '../support/cluster/client.ts';
import { knownDifference } from './differences.ts';
import { type OurVerdict, judge } from './engine.ts';
import { describeOnKyverno, enforce, knock, type Lab, lift, REGISTRIES } from './lab.ts';
import { podOf } from './pod.ts';
import { rendered } from './render.ts';
import { SCENARIOS } from './scenarios.table.ts';
import type { PodRow, Scenario, Scene } from './stage.ts';
import { caseName, type Enforced, engineManifests } from './trust.ts';
import { openWorkshop } from './workshop.ts';

const [API] = REGISTRIES;
const ROWS = SCENARIOS.flatMap((scenario) =>
  scenario.ways.map((enforced) => ({ name: caseName(scenario.name, enforced), scenario, enforced })),
);

describeOnKyverno('what a policy demands', (lab) => {
  const scenes = new Map<string, Scene>();
  const sceneOf = ({ name, scene }: Scenario): Scene => {
    const made = scenes.get(name) ?? scene(openWorkshop(lab().registries[API]));
    scenes.set(name, made);
    return made;
  };
  test.each(ROWS)('$name', ({ name, scenario, enforced }) =>
    expectAsWanted(lab(), sceneOf(scenario), { name, enforced }),
  );
});

async function expectAsWanted(
  lab: Lab,
  scene: Scene,
  { name, enforced }: { readonly name: string; readonly enforced: Enforced },
): Promise<void> {
  const { client, registries } = lab;
  const { trust, pods } = scene;
  const namespaces = namespacesOf(scene);
  await client.apply(...namespaces);
  const asPods = pods.map((row) => ({ row, pod: asPod(row, trust.name) }));
  const refused = asPods.find(({ row }) => !row.wanted && knownDifference(name, row.name, API) === undefined);
  if (refused === undefined) throw new Error('a scene needs a Pod that is refused');
  const policy = rendered(trust, enforced);
  await enforce(client, policy, refused.pod);
  const verdicts = await judge(
    [...namespaces, ...engineManifests(trust), ...asPods.map(({ pod }) => pod)],
    [registries[API].host, registries[API].host.replace('127.0.0.1', 'localhost')],
    ['--mirror', `docker.io=http://${registries[API].host}`],
  );
  const told: string[] = [];
  for (const { row, pod } of asPods) {
    const theirs = await knock(client, pod);
    const ours = verdicts.get(row.name);
    const known = knownDifference(name, row.name, API);
    const expected = known === undefined ? row.wanted : known.kind === 'admitted';
    if (
      isTrusted(ours) !== row.wanted ||
      theirs.admitted !== expected ||
      (known !== undefined) !== (expected !== row.wanted)
    )
      told.push(`${row.name}: wanted ${row.wanted}, Kyverno ${theirs.admitted} ${theirs.said}, we ${shown(ours)}`);
  }
  await lift(client, policy, refused.pod);
  expect(told).toEqual([]);
}

function asPod({ name, parts, namespace }: PodRow, home: string): Loose {
  return podOf(namespace ?? home, name, parts);
}

function namespacesOf({ trust, namespaces = {} }: Scene): readonly Loose[] {
  return Object.entries({ [trust.name]: {}, ...namespaces }).map(([name, labels]) => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels },
  }));
}

/** No policy of ours has a say on what has no verdict. */
function isTrusted(verdict: OurVerdict | undefined): boolean {
  return verdict === undefined || verdict.state === 'verified' || verdict.state === 'excepted';
}

function shown(verdict: OurVerdict | undefined): string {
  return verdict === undefined ? 'say nothing' : `${verdict.state} ${verdict.reason} ${verdict.message}`;
}
