/**
 * Import, then generate: the policy that comes of a hand-written one admits and refuses the same images on the real
 * Kyverno, but for the holes that the table names.
 */
import { expect, test } from 'vitest';
import { parseAllDocuments, stringify } from 'yaml';
import type { Loose } from '../support/cluster/client.ts';
import { imageTrust } from '../support/cli.ts';
import { HAND_WRITTEN, type HandWritten } from './hand-written.table.ts';
import { describeOnKyverno, enforce, knock, type Lab, lift } from './lab.ts';
import { podOf } from './pod.ts';

const FIXTURES = [
  'legacy3-k1',
  'legacy2-k1',
  'legacy3-annot',
  'legacy3-cert',
  'legacy3-p521',
  'bundle3-k1',
  'bundle3-annot',
  'attest3-slsa1',
  'attest2-slsa1',
  'index-k1',
  'notation-jws',
  'notation-cose',
  'neg-otherkey-legacy',
  'neg-otherkey-bundle',
  'neg-moved-legacy',
  'neg-sig-tampered',
  'neg-notation-untrusted-ca',
  'unsigned',
] as const;
const CASE_LIMIT_MS = 120_000;

describeOnKyverno('import, then generate', (lab) => {
  test.each(HAND_WRITTEN)('$name decides as before', { timeout: CASE_LIMIT_MS }, async (row) => {
    const { client } = lab();
    await client.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: row.name } });
    const before = await admittedUnder(lab(), row, row.policy);
    const after = await admittedUnder(lab(), row, await roundTrip(row));
    expect(before.length > 0).toBe(row.admitsNone !== true);
    expect(after).toEqual(before.filter((fixture) => row.closed?.includes(fixture) !== true));
    expect(before).toEqual(expect.arrayContaining([...(row.closed ?? [])]));
  });
});

/** The fixtures that are let in under a policy, in order. */
async function admittedUnder({ client, registries }: Lab, { name }: HandWritten, policy: Loose): Promise<string[]> {
  const { host } = registries['the referrers API'];
  const pod = (fixture: string): Loose => podOf(name, fixture, { image: `${host}/app/${fixture}:v1` });
  await enforce(client, policy, pod('unsigned'));
  const answers = await Promise.all(
    FIXTURES.map(async (fixture) => ({ fixture, answer: await knock(client, pod(fixture)) })),
  );
  await lift(client, policy, pod('unsigned'));
  return answers.filter(({ answer }) => answer.admitted).map(({ fixture }) => fixture);
}

/** By the commands, as a user would do it. */
async function roundTrip({ policy, format }: HandWritten): Promise<Loose> {
  const imported = await imageTrust(['import', '-f', '-'], { stdin: stringify(policy) });
  expect({ code: imported.code, refused: imported.stderr.match(/^.*refused.*$/gm) }).toEqual({
    code: 0,
    refused: null,
  });
  const generated = await imageTrust(['generate', '-f', '-', '--format', format, '--mode', 'Enforce'], {
    stdin: imported.stdout,
  });
  expect({ code: generated.code, problems: generated.stderr.match(/^.*not expressible.*$/gm) }).toEqual({
    code: 0,
    problems: null,
  });
  const [first, ...others] = parseAllDocuments(generated.stdout).map((document) => document.toJS() as Loose);
  expect(others).toEqual([]);
  return first ?? policy;
}
