/**
 * The proof: for every fixture and every trust, a Pod is admitted or refused by the real Kyverno, under the policy that we
 * generate, exactly as our engine judges its image; or the pair stands in differences.ts with its reason.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Loose, targetOf } from '../support/cluster/client.ts';
import type { Rendering } from '../../src/outputs/kyverno/rendering.ts';
import { layoutsBelow } from '../support/registry.ts';
import { startTufRepository, type TufRepository } from '../support/tuf-repository.ts';
import { differencesOf, knownDifference, NOT_EXPRESSIBLE } from './differences.ts';
import { judge, type OurVerdict } from './engine.ts';
import { describeOnKyverno, enforce, knock, type Lab, lift, REGISTRIES } from './lab.ts';
import { podOf } from './pod.ts';
import { rendering, toApply } from './render.ts';
import { type Case, CASES, tufCases } from './trusts.table.ts';
import { engineManifests, keyFile, type Trust } from './trust.ts';

const FIXTURES = Object.keys(layoutsBelow('test/fixtures', 'app')).map((path) => path.slice('app/'.length));
const AT_ONCE = 4;
const CASE_LIMIT_MS = 120_000;

describeOnKyverno('every fixture', (lab) => {
  test.each(CASES)('$name', { timeout: CASE_LIMIT_MS }, (row) => expectAsTheEngine(lab(), row));

  // Last: the process uses the mirror of its first TUF repository until it ends.
  let tuf: TufRepository;
  const tufNames = tufCases('', '').map(({ name }) => ({ name }));
  beforeAll(async () => {
    tuf = await startTufRepository({ 'trusted_root.json': keyFile('trusted_root.json') });
  });
  afterAll(() => tuf?.[Symbol.asyncDispose]());
  test.each(tufNames)('$name', { timeout: CASE_LIMIT_MS }, async ({ name }) => {
    const row = tufCases(tuf.mirror, tuf.rootJson).find((each) => each.name === name);
    expect(row).toBeDefined();
    if (row !== undefined) await expectAsTheEngine(lab(), row);
  });
});

async function expectAsTheEngine(lab: Lab, row: Case): Promise<void> {
  const result = rendering(row.trust, row.enforced);
  const problems = result.kind === 'rendered' ? [] : result.problems.map(({ name }) => name);
  expect([...new Set(problems)]).toEqual([NOT_EXPRESSIBLE[row.name]].filter((feature) => feature !== undefined));
  if (result.kind !== 'rendered') return;
  expectToldToUsers(row.name, result);
  const { client, registries } = lab;
  const namespace = row.trust.name;
  await client.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  const policy = toApply(result.object);
  const unsigned = podOf(namespace, 'unsigned', { image: `${registries[REGISTRIES[0]].host}/app/unsigned:v1` });
  await enforce(client, policy, unsigned);
  const attempts = FIXTURES.filter((fixture) => isTried(fixture, row)).flatMap((fixture) =>
    REGISTRIES.map((registry) => ({ fixture, registry })),
  );
  const told: string[] = [];
  const queue = attempts.values();
  const worker = async (): Promise<void> => {
    for (const { fixture, registry } of queue) {
      const { host } = registries[registry];
      const pod = podOf(namespace, fixture, { image: `${host}/app/${fixture}:v1` });
      const ours = await verdictOn(row.trust, pod, host);
      const theirs = await knock(client, pod);
      const known = knownDifference(row.name, fixture, registry);
      const state = ours.state === 'verified';
      const expected = known === undefined ? state : known.kind === 'admitted';
      const differs = theirs.admitted !== state;
      if (theirs.admitted !== expected || differs !== (known !== undefined))
        told.push(
          `${fixture} (${registry}): ${theirs.admitted ? 'admitted' : 'refused'}, and we say ${ours.reason}; ${theirs.said}`,
        );
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  await lift(client, policy, unsigned);
  expect(told).toEqual([]);
}

/** A difference that the renderer can know of must be told by it: as a gap, or as a refusal. */
function expectToldToUsers(name: string, { gaps, refusals }: Extract<Rendering, { kind: 'rendered' }>): void {
  for (const { kind, feature } of differencesOf(name)) {
    if (feature === undefined) continue;
    expect((kind === 'admitted' ? gaps : refusals).map((told) => told.name)).toContain(feature);
  }
}

const verdicts = new Map<string, Promise<OurVerdict>>();

/** Each is judged alone, since the engine rightly remembers what it has seen of one blob; and once for all policies. */
function verdictOn(trust: Trust, pod: Loose, host: string): Promise<OurVerdict> {
  const { name } = targetOf(pod);
  const key = `${trust.name} ${host} ${name}`;
  const found =
    verdicts.get(key) ?? judge([...engineManifests(trust), pod], [host]).then((all) => verdictIn(all, name));
  verdicts.set(key, found);
  return found;
}

function verdictIn(all: ReadonlyMap<string, OurVerdict>, name: string): OurVerdict {
  const verdict = all.get(name);
  if (verdict === undefined) throw new Error(`the engine has no verdict on ${name}`);
  return verdict;
}

function isTried(fixture: string, { fixtures }: Case): boolean {
  if (fixtures === undefined || fixture === 'unsigned' || fixture.startsWith('neg-')) return true;
  return fixtures.some((beginning) => fixture.startsWith(beginning));
}
