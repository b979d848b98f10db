import { describe, expect, test } from 'vitest';
import type { FailureKind } from '../../../src/core/failure.ts';
import { predicateTestOf } from '../../../src/core/predicate/predicate-test.ts';
import { parseReference } from '../../../src/core/reference.ts';
import type { Demands } from '../../../src/verify/engine/demands.ts';
import { verifyImage } from '../../../src/verify/engine/verify.ts';
import type { Signer } from '../../../src/verify/signer.ts';
import { descriptorOf, manifestOf, MemorySource } from '../../support/memory-source.ts';
import { PLAIN_LAYER, plainFamily, plainSigner, type PlainSignature } from '../../support/plain-family.ts';
import { alice, bob, byAlice, byBob, context, image, other, REPO, set, signed, verdictOf } from './scene.ts';

describe('attestor sets', () => {
  const doubled = plainSigner('alice-again', ['A']);
  const unusable: Signer = { state: 'unusable', name: 'bob', reason: 'TrustedKeyNotReady', message: 'bad PEM' };
  test.each<[string, PlainSignature[], Demands['sets'], readonly Signer[], string, string]>([
    ['signed by the key', [byAlice], [set(['alice'])], [alice], 'verified', 'Verified'],
    ['not signed at all', [], [set(['alice'])], [alice], 'rejected', 'NoSignature'],
    ['signed by another key', [byBob], [set(['alice'])], [alice], 'rejected', 'UntrustedSigner'],
    [
      'a signature moved from another image',
      [{ by: 'A', names: other.digest }],
      [set(['alice'])],
      [alice],
      'rejected',
      'DigestMismatch',
    ],
    [
      'one forged signature beside a good one changes nothing',
      [{ by: 'X', names: other.digest }, byAlice],
      [set(['alice'])],
      [alice],
      'verified',
      'Verified',
    ],
    ['one of two suffices', [byBob], [set(['alice', 'bob'], 1)], [alice, bob], 'verified', 'Verified'],
    ['both are needed by default', [byBob], [set(['alice', 'bob'])], [alice, bob], 'rejected', 'UntrustedSigner'],
    ['both signed', [byAlice, byBob], [set(['alice', 'bob'])], [alice, bob], 'verified', 'Verified'],
    [
      'one key under two names does not count twice',
      [byAlice],
      [set(['alice', 'alice-again'])],
      [alice, doubled],
      'rejected',
      'UntrustedSigner',
    ],
    [
      'the same entry twice does not count twice',
      [byAlice],
      [set(['alice', 'alice'])],
      [alice],
      'rejected',
      'UntrustedSigner',
    ],
    [
      'sets are ANDed',
      [byAlice],
      [set(['alice']), set(['bob'], 1, 'second')],
      [alice, bob],
      'rejected',
      'UntrustedSigner',
    ],
    ['a missing key leaves the set open', [], [set(['alice'])], [], 'unknown', 'TrustedKeyMissing'],
    [
      'a missing key that is not needed does no harm',
      [byBob],
      [set(['alice', 'bob'], 1)],
      [bob],
      'verified',
      'Verified',
    ],
    [
      'an unusable key leaves the set open',
      [byAlice],
      [set(['alice', 'bob'])],
      [alice, unusable],
      'unknown',
      'TrustedKeyNotReady',
    ],
    [
      'a set that fails certainly outweighs one that is open',
      [byAlice],
      [set(['bob']), set(['alice'], 1, 'second')],
      [alice, plainSigner('bob', ['B'])],
      'rejected',
      'UntrustedSigner',
    ],
    [
      'a revoked key rejects',
      [byAlice],
      [set(['alice'])],
      [plainSigner('alice', ['A'], { state: 'Revoked' })],
      'rejected',
      'KeyRevoked',
    ],
    [
      'a retiring key still vouches',
      [byAlice],
      [set(['alice'])],
      [plainSigner('alice', ['A'], { state: 'Retiring' })],
      'verified',
      'Verified',
    ],
    [
      'the revoked one of two is not needed',
      [byAlice, byBob],
      [set(['alice', 'bob'], 1)],
      [plainSigner('alice', ['A'], { state: 'Revoked' }), bob],
      'verified',
      'Verified',
    ],
    ['nothing demanded is never verified', [byAlice], [], [alice], 'unknown', 'InternalError'],
    [
      'a set of no entries with count 0 is never met',
      [byAlice],
      [{ name: 'empty', count: 0, entries: [] }],
      [alice],
      'rejected',
      'UntrustedSigner',
    ],
  ])('%s', async (_name, signatures, sets, signers, state, reason) => {
    const verdict = await verdictOf(signed(...signatures), { sets }, signers);
    expect([verdict.state, verdict.reason]).toEqual([state, reason]);
    expect(verdict.evidence.length > 0).toBe(state === 'verified');
  });

  test('the message explains every entry that did not vouch', async () => {
    const verdict = await verdictOf(signed({ by: 'X', names: image.digest }), { sets: [set(['alice', 'bob'], 2)] });
    expect(verdict.message).toBe('attestor set "team" (0 of 2 needed): signed by X');
    expect(verdict.entries.map((e) => [e.trustedKey, e.outcome, e.reason])).toEqual([
      ['alice', 'refused', 'UntrustedSigner'],
      ['bob', 'refused', 'UntrustedSigner'],
    ]);
  });
});

describe('the life of a key', () => {
  const window = {
    state: 'Active',
    validFrom: new Date('2026-01-01T00:00:00Z'),
    validUntil: new Date('2026-06-01T00:00:00Z'),
  } as const;
  test.each<[string, string | undefined, string]>([
    ['signed within the window', '2026-03-01T00:00:00Z', 'Verified'],
    ['signed before it', '2025-12-31T23:59:59Z', 'KeyOutsideValidity'],
    ['signed when it began', '2026-01-01T00:00:00Z', 'Verified'],
    ['signed when it ended', '2026-06-01T00:00:00Z', 'KeyOutsideValidity'],
    ['no proven time: the check is after the window', undefined, 'KeyOutsideValidity'],
  ])('%s', async (_name, signedAt, reason) => {
    const signature = signedAt === undefined ? byAlice : { ...byAlice, signedAt };
    const verdict = await verdictOf(signed(signature), { sets: [set(['alice'])] }, [
      plainSigner('alice', ['A'], window),
    ]);
    expect(verdict.reason).toBe(reason);
  });
});

describe('a revoked key that keeps what is proven to be older', () => {
  const kept = { state: 'Revoked', keepsProvenBefore: new Date('2026-03-01T00:00:00Z') } as const;
  test.each<[string, string | undefined, string]>([
    ['proven older', '2026-02-28T23:59:59Z', 'Verified'],
    ['made when it was revoked', '2026-03-01T00:00:00Z', 'KeyRevoked'],
    ['made later', '2026-04-01T00:00:00Z', 'KeyRevoked'],
    ['no proven time', undefined, 'KeyRevoked'],
  ])('%s', async (_name, signedAt, reason) => {
    const signature = signedAt === undefined ? byAlice : { ...byAlice, signedAt };
    const verdict = await verdictOf(signed(signature), { sets: [set(['alice'])] }, [plainSigner('alice', ['A'], kept)]);
    expect(verdict.reason).toBe(reason);
  });
});

describe('attestations', () => {
  const slsa = { type: 'https://slsa.dev/provenance/v1', sets: [set(['alice'])] };
  const attested: PlainSignature = { ...byAlice, type: slsa.type };
  const saying = (by: string): PlainSignature => ({ ...attested, predicate: { by } });
  const demanding = (expression: string): Demands['attestations'][number] => {
    const predicate = predicateTestOf({ expression });
    return { ...slsa, ...(predicate === undefined ? {} : { predicate }) };
  };
  const source = (...s: PlainSignature[]): MemorySource => {
    const memory = signed(byAlice);
    const bytes = s.map((x) => JSON.stringify(x));
    bytes.forEach((b) => memory.putBlob(REPO, b));
    if (s.length > 0)
      memory.putManifest(
        REPO,
        manifestOf({ salt: 'att', layers: bytes.map((b) => descriptorOf(b, PLAIN_LAYER)) }),
        `${image.digest.replace(':', '-')}.att`,
      );
    return memory;
  };
  test.each<[string, PlainSignature[], Demands['attestations'], string, string]>([
    ['there and by the key', [attested], [slsa], 'verified', 'Verified'],
    ['missing', [], [slsa], 'rejected', 'AttestationMissing'],
    ['by another key', [{ ...attested, by: 'B' }], [slsa], 'rejected', 'UntrustedSigner'],
    ['of another type', [{ ...attested, type: 'other' }], [slsa], 'rejected', 'AttestationMissing'],
    ['that satisfies', [saying('ci')], [demanding("predicate.by == 'ci'")], 'verified', 'Verified'],
    ['that does not', [saying('me')], [demanding("predicate.by == 'ci'")], 'rejected', 'AttestationConditionFailed'],
    ['that cannot be asked', [attested], [demanding("predicate.by == 'ci'")], 'unknown', 'ConditionError'],
    ['asked what nobody can ask', [saying('ci')], [demanding('predicate.by ==')], 'unknown', 'ConditionInvalid'],
    ['missing, with conditions', [], [demanding('true')], 'rejected', 'AttestationMissing'],
    [
      'of several one does not satisfy',
      [saying('ci'), saying('me')],
      [demanding("predicate.by == 'ci'")],
      'rejected',
      'AttestationConditionFailed',
    ],
    [
      'of several one cannot be asked',
      [saying('ci'), attested],
      [demanding("predicate.by == 'ci'")],
      'unknown',
      'ConditionError',
    ],
    [
      'of several one that nobody trusts does not satisfy',
      [saying('ci'), { ...saying('me'), by: 'B' }],
      [demanding("predicate.by == 'ci'")],
      'verified',
      'Verified',
    ],
  ])('%s', async (_name, attestations, demanded, state, reason) => {
    const verdict = await verdictOf(source(...attestations), { sets: [set(['alice'])], attestations: demanded });
    expect([verdict.state, verdict.reason]).toEqual([state, reason]);
  });

  test('an attestation is never taken for a signature', async () => {
    const verdict = await verdictOf(signed(attested), { sets: [set(['alice'])] });
    expect([verdict.state, verdict.reason]).toEqual(['rejected', 'NoSignature']);
  });
});

describe('a failure to look never rejects', () => {
  test.each<[FailureKind, string]>([
    [{ kind: 'unavailable' }, 'RegistryUnavailable'],
    [{ kind: 'unauthorized' }, 'RegistryUnauthorized'],
    [{ kind: 'rate-limited' }, 'RegistryRateLimited'],
    [{ kind: 'timeout' }, 'Timeout'],
  ])('%o at every place', async (detail, reason) => {
    const forged = { by: 'X', names: image.digest };
    const blob = descriptorOf(JSON.stringify(forged), PLAIN_LAYER).digest;
    for (const place of [`${REPO}@${image.digest}`, '.sig', 'referrers ', blob]) {
      const source = signed(forged);
      source.fail(place, detail);
      const verdict = await verdictOf(source, { sets: [set(['alice'])] });
      expect([place, verdict.state, verdict.reason]).toEqual([place, 'unknown', reason]);
    }
  });

  test('what was found elsewhere still vouches', async () => {
    const source = signed(byAlice);
    source.fail('referrers ', { kind: 'unavailable' });
    expect((await verdictOf(source, { sets: [set(['alice'])] })).state).toBe('verified');
  });

  test('an image that is gone is unknown', async () => {
    const source = new MemorySource();
    expect((await verdictOf(source, { sets: [set(['alice'])] })).reason).toBe('ImageNotFound');
  });

  test('a malformed signature manifest cannot turn a rejection into unknown', async () => {
    const source = signed();
    source.fail('.sig', { kind: 'invalid', where: 'manifest', expected: 'JSON', found: 'garbage' });
    expect((await verdictOf(source, { sets: [set(['alice'])] })).reason).toBe('SignatureInvalid');
  });

  test('a fault of the program is unknown, and says so', async () => {
    const broken = {
      ...plainFamily(),
      prove: () => {
        throw new Error('bug');
      },
    };
    const ctx = context(signed(byAlice), [alice], { families: [broken] });
    const { verdict } = await verifyImage(
      { digest: image.digest, references: [parseReference(`${REPO}:v1`)] },
      { sets: [set(['alice'])], attestations: [] },
      ctx,
    );
    expect([verdict.state, verdict.reason]).toEqual(['unknown', 'InternalError']);
  });

  test('a caller who stops the program gets no verdict', async () => {
    const source = signed(byAlice);
    const stop = new AbortController();
    stop.abort(new Error('interrupted'));
    source.manifest = async () => {
      throw stop.signal.reason;
    };
    const ctx = context(source, [alice], { signal: stop.signal });
    await expect(
      verifyImage(
        { digest: image.digest, references: [parseReference(`${REPO}:v1`)] },
        { sets: [set(['alice'])], attestations: [] },
        ctx,
      ),
    ).rejects.toThrow('interrupted');
  });
});

describe('an age limit on an attestation', () => {
  const type = 'https://example.com/scan/v1';
  const predicate = predicateTestOf({
    expression: `time.now() - timestamp(predicate.at) <= duration('24h')`,
  });
  const demands = { sets: [], attestations: [{ type, sets: [set(['alice'])], ...(predicate && { predicate }) }] };
  const scanned = signed({ ...byAlice, type, predicate: { at: '2026-01-01T00:00:00Z' } });

  test('ends with the time, though the proof is remembered, and says the same at every check', async () => {
    const ctx = context(scanned);
    const at = async (now: string): Promise<readonly [string, string]> => {
      const { verdict } = await verifyImage(
        { digest: image.digest, references: [parseReference(`${REPO}:v1`)] },
        demands,
        { ...ctx, now: new Date(now) },
      );
      return [verdict.reason, verdict.message];
    };
    expect((await at('2026-01-01T12:00:00Z'))[0]).toBe('Verified');
    const past = await at('2026-01-02T12:00:00Z');
    expect(past[0]).toBe('AttestationConditionFailed');
    expect(await at('2026-01-03T12:00:00Z')).toEqual(past);
  });
});
