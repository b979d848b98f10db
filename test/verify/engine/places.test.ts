import { describe, expect, test } from 'vitest';
import { parseReference } from '../../../src/core/reference.ts';
import { createProofMemo } from '../../../src/verify/engine/memo.ts';
import { verifyImage } from '../../../src/verify/engine/verify.ts';
import { descriptorOf, manifestOf, MemorySource } from '../../support/memory-source.ts';
import { PLAIN_LAYER, plainFamily } from '../../support/plain-family.ts';
import { alice, bob, byAlice, byBob, context, image, NOW, REPO, set, sign, signed, verdictOf } from './scene.ts';

describe('indexes', () => {
  const child = manifestOf({ salt: 'child' });
  const index = manifestOf({
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [{ mediaType: child.mediaType, digest: child.digest, size: child.bytes.length, annotations: {} }],
  });
  function indexed(): MemorySource {
    const source = new MemorySource();
    source.putManifest(REPO, child);
    source.putManifest(REPO, index, 'v1');
    sign(source, REPO, index.digest, [{ by: 'A', names: index.digest }]);
    return source;
  }
  const demands = { sets: [set(['alice'])] };

  test('a child is trusted through the signed index to which the reference leads', async () => {
    const verdict = await verdictOf(indexed(), demands, [alice], `${REPO}:v1`, child.digest);
    expect(verdict.state).toBe('verified');
    expect(verdict.evidence[0]?.subject).toBe(index.digest);
  });

  test('a child that is named by its own digest is not', async () => {
    const verdict = await verdictOf(indexed(), demands, [alice], `${REPO}@${child.digest}`, child.digest);
    expect([verdict.state, verdict.reason]).toEqual(['rejected', 'NoSignature']);
  });

  test('a tag that now leads to an index without the child does not help', async () => {
    const source = indexed();
    const moved = manifestOf({ salt: 'moved', mediaType: index.mediaType });
    source.putManifest(REPO, moved, 'v1');
    sign(source, REPO, moved.digest, [{ by: 'A', names: moved.digest }]);
    expect((await verdictOf(source, demands, [alice], `${REPO}:v1`, child.digest)).state).toBe('rejected');
  });

  test('a tag that could not be followed leaves it unknown', async () => {
    const source = indexed();
    source.fail('@v1', { kind: 'unavailable' });
    expect((await verdictOf(source, demands, [alice], `${REPO}:v1`, child.digest)).reason).toBe('RegistryUnavailable');
  });

  test('a tag that is gone leads nowhere', async () => {
    const source = indexed();
    source.fail('@v1', { kind: 'not-found' });
    expect((await verdictOf(source, demands, [alice], `${REPO}:v1`, child.digest)).reason).toBe('NoSignature');
  });
});

describe('separate signature repositories', () => {
  const SIGS = 'registry.example.com/signatures';
  const entry = { trustedKey: 'alice', annotations: {}, repository: SIGS };
  test('signatures are looked for there and only there', async () => {
    const source = signed(byAlice);
    expect((await verdictOf(source, { sets: [set([entry])] })).reason).toBe('NoSignature');
    sign(source, SIGS, image.digest, [byAlice]);
    const verdict = await verdictOf(source, { sets: [set([entry])] });
    expect([verdict.state, verdict.evidence[0]?.place.repository]).toEqual(['verified', SIGS]);
  });
  test('an entry without a repository does not look there', async () => {
    const source = signed();
    sign(source, SIGS, image.digest, [byAlice, byBob]);
    expect((await verdictOf(source, { sets: [set([entry, 'bob'], 2)] })).state).toBe('rejected');
  });
});

describe('bounds and memory', () => {
  test('at most 64 signatures are looked at, and the verdict says so', async () => {
    const many = Array.from({ length: 70 }, (_, i) => ({ by: `X${i}`, names: image.digest }));
    const verdict = await verdictOf(signed(...many), { sets: [set(['alice'])] });
    expect(verdict.notes).toEqual(['only the first 64 of 70 signatures were looked at']);
  });

  test('a second pass proves nothing again; one that rests on the time of the check does when that has passed', async () => {
    const memo = createProofMemo();
    const source = signed(byAlice, { ...byBob, holdsUntil: '2026-12-01T00:00:00Z' });
    const pass = (now: Date) =>
      verifyImage(
        { digest: image.digest, references: [parseReference(`${REPO}:v1`)] },
        { sets: [set(['alice']), set(['bob'], 1, 'b')], attestations: [] },
        context(source, [alice, bob], { memo, now }),
      );
    const first = await pass(NOW);
    const made = memo.counts.made;
    expect((await pass(NOW)).verdict).toEqual(first.verdict);
    expect(memo.counts.made).toBe(made);
    await pass(new Date('2026-12-02T00:00:00Z'));
    expect(memo.counts.made).toBe(made + 1);
  });

  test('formats that nobody asks for are named and not fetched', async () => {
    const source = signed(byAlice);
    const foreign = { ...plainFamily('notary'), serves: () => false };
    const ctx = context(source, [alice], { families: [foreign] });
    const { verdict } = await verifyImage(
      { digest: image.digest, references: [parseReference(`${REPO}:v1`)] },
      { sets: [set(['alice'])], attestations: [] },
      ctx,
    );
    expect(verdict.message).toContain('signatures of another format (notary)');
    expect(
      source.asked.filter((a) => a.startsWith(`${REPO}@${descriptorOf(JSON.stringify(byAlice), PLAIN_LAYER).digest}`)),
    ).toEqual([]);
  });
});
