/** What tags that moved lead to: judged beside what runs, and never in its place. */
import { expect, test } from 'vitest';
import { parseReference } from '../../../src/core/reference.ts';
import { judgeBehind } from '../../../src/verify/engine/behind.ts';
import { verifyImage } from '../../../src/verify/engine/verify.ts';
import type { MemorySource } from '../../support/memory-source.ts';
import { manifestOf } from '../../support/memory-source.ts';
import { byAlice, context, image, other, REPO, set, sign, signed } from './scene.ts';

const DEMANDS = { sets: [set(['alice'])], attestations: [] };

/** Digest → state and reason of what is behind the references, and the verdict on what runs. */
async function behind(source: MemorySource, ...references: readonly string[]) {
  const subject = { digest: image.digest, references: references.map((one) => parseReference(one)) };
  const ctx = context(source, undefined, { followTags: true });
  const examination = await verifyImage(subject, DEMANDS, ctx);
  const found = await judgeBehind(subject, examination, DEMANDS, ctx);
  return {
    runs: examination.verdict.reason,
    behind: Object.fromEntries([...found].map(([digest, { reason }]) => [digest, reason])),
  };
}

test('a tag that still leads to what runs has nothing behind it', async () => {
  expect(await behind(signed(byAlice), `${REPO}:v1`)).toEqual({ runs: 'Verified', behind: {} });
});

test('what a tag moved to is judged by its own signatures', async () => {
  const source = signed(byAlice);
  source.putManifest(REPO, other, 'v1');
  expect(await behind(source, `${REPO}:v1`)).toEqual({
    runs: 'Verified',
    behind: { [other.digest]: 'NoSignature' },
  });
  sign(source, REPO, other.digest, [{ by: 'A', names: other.digest }]);
  expect((await behind(source, `${REPO}:v1`)).behind).toEqual({ [other.digest]: 'Verified' });
});

test('a reference by digest leads nowhere else, and a tag that is gone has nothing behind it', async () => {
  const source = signed(byAlice);
  source.putManifest(REPO, other, 'v1');
  expect((await behind(source, `${REPO}:v1@${image.digest}`, `${REPO}:gone`)).behind).toEqual({});
});

test('of many tags that moved no more than four are looked at', async () => {
  const source = signed(byAlice);
  const tags = Array.from({ length: 9 }, (_, index) => `t${index}`);
  for (const tag of tags) source.putManifest(REPO, manifestOf({ salt: tag }), tag);
  expect(Object.keys((await behind(source, ...tags.map((tag) => `${REPO}:${tag}`))).behind)).toHaveLength(4);
});
