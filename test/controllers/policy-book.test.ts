import { describe, expect, test } from 'vitest';
import type { ImageTrustPolicy } from '../../src/api/image-trust-policy.ts';
import { createPolicyBook, earliest, nextEdge } from '../../src/controllers/policy-book.ts';
import type { SignerBook } from '../../src/controllers/signers.ts';
import { digestOf, policyOf } from '../support/builders.ts';

const NOON = new Date('2026-11-21T12:00:00Z');
const minutes = (count: number): Date => new Date(NOON.getTime() + count * 60_000);
const [a, b] = [digestOf('a'), digestOf('b')];

/** A book over signers whose identities the test sets; `edge`: when one changes by itself. */
function bookOf() {
  const trust: { id: string; edge?: Date; asked: number } = { id: 'one', asked: 0 };
  const signers: SignerBook = {
    set: () => undefined,
    remove: () => undefined,
    materialChanged: () => undefined,
    kmsChanged: () => undefined,
    rootChanged: () => undefined,
    rootOf: () => undefined,
    key: () => undefined,
    keys: () => [],
    signers: () => new Map(),
    idOf: (_, now) => {
      trust.asked += 1;
      return trust.edge !== undefined && now >= trust.edge ? `${trust.id} later` : trust.id;
    },
    nextEdge: (_, now) => (trust.edge !== undefined && trust.edge > now ? trust.edge : undefined),
  };
  return { book: createPolicyBook(signers), signers, trust };
}

const requested = (value: string): ImageTrustPolicy => {
  const policy = policyOf('production');
  return { ...policy, metadata: { ...policy.metadata, annotations: { 'imagetrust.dev/requestedAt': value } } };
};
const withUid = (uid: string, policy = policyOf('production')): ImageTrustPolicy => ({
  ...policy,
  metadata: { ...policy.metadata, uid },
});

describe('a pass', () => {
  test('is complete when the last of its digests was looked at, and says so once', () => {
    const { book } = bookOf();
    book.set(policyOf('production'), NOON);
    book.begin('production', 'NeverVerified', [a, b], minutes(1));
    const settled = (digest: typeof a) => book.settled('production', digest, { lookedAt: minutes(2), now: minutes(3) });
    expect([settled(a), settled(a), book.get('production')?.pass?.completionTime]).toEqual([false, false, undefined]);
    expect([settled(b), settled(b)]).toEqual([true, false]);
    expect(book.get('production')?.pass).toEqual({
      startTime: minutes(1),
      reason: 'NeverVerified',
      completionTime: minutes(3),
    });
  });

  test('without digests is complete at once', () => {
    const { book } = bookOf();
    book.set(policyOf('production'), NOON);
    book.begin('production', 'Due', [], minutes(1));
    expect(book.get('production')?.pass?.completionTime).toEqual(minutes(1));
  });

  test('takes no answer from before it began', () => {
    const { book } = bookOf();
    book.set(policyOf('production'), NOON);
    book.begin('production', 'Requested', [a], minutes(5));
    expect(book.settled('production', a, { lookedAt: minutes(4), now: minutes(6) })).toBe(false);
    expect(book.settled('production', a, { lookedAt: minutes(5), now: minutes(6) })).toBe(true);
  });

  test('that begins while another runs takes its place', () => {
    const { book } = bookOf();
    book.set(policyOf('production'), NOON);
    book.begin('production', 'Due', [a, b], minutes(1));
    book.begin('production', 'Requested', [a], minutes(2));
    expect(book.settled('production', b, { lookedAt: minutes(3), now: minutes(3) })).toBe(false);
    expect(book.settled('production', a, { lookedAt: minutes(3), now: minutes(3) })).toBe(true);
    expect(book.get('production')?.pass?.reason).toBe('Requested');
  });

  test('goes on over a change of the spec', () => {
    const { book } = bookOf();
    book.set(policyOf('production'), NOON);
    book.begin('production', 'Due', [a], minutes(1));
    book.set(policyOf('production', { severity: 'low' }), minutes(2));
    expect(book.settled('production', a, { lookedAt: minutes(3), now: minutes(3) })).toBe(true);
  });

  test('of a policy that is gone is none, and one of nobody begins not', () => {
    const { book } = bookOf();
    book.set(policyOf('production'), NOON);
    book.begin('production', 'Due', [a], minutes(1));
    book.remove('production');
    book.begin('production', 'Due', [a], minutes(1));
    expect(book.settled('production', a, { lookedAt: minutes(2), now: minutes(2) })).toBe(false);
    expect(book.get('production')).toBeUndefined();
  });

  test('answers the request that was there when it began, and not one that came meanwhile', () => {
    const { book } = bookOf();
    book.set(requested('first'), NOON);
    book.begin('production', 'Requested', [a], minutes(1));
    book.set(requested('second'), minutes(2));
    expect(book.get('production')?.handledRequest).toBeUndefined();
    book.settled('production', a, { lookedAt: minutes(3), now: minutes(3) });
    expect(book.get('production')?.handledRequest).toBe('first');
  });
});

describe('a start', () => {
  const status = {
    lastHandledRequestedAt: 'yesterday',
    lastPass: {
      startTime: '2026-11-21T11:00:00Z',
      completionTime: '2026-11-21T11:01:00Z',
      reason: 'Due',
    },
  };

  test('takes the last pass and the request from the status, once', () => {
    const { book } = bookOf();
    book.set({ ...policyOf('production'), status }, NOON);
    expect(book.get('production')).toMatchObject({
      handledRequest: 'yesterday',
      pass: { startTime: new Date('2026-11-21T11:00:00Z'), reason: 'Due' },
    });
    book.set({ ...policyOf('production'), status: { lastHandledRequestedAt: 'forged' } }, NOON);
    expect(book.get('production')?.handledRequest).toBe('yesterday');
  });

  test.each<[string, NonNullable<ImageTrustPolicy['status']>]>([
    ['that was under way is none', { lastPass: { startTime: '2026-11-21T11:00:00Z', reason: 'Due' } }],
    ['that nobody made is none', {}],
  ])('a pass %s', (_, before) => {
    const { book } = bookOf();
    book.set({ ...policyOf('production'), status: before }, NOON);
    expect(book.get('production')?.pass).toBeUndefined();
  });

  test('a reason that nobody knows is read as a pass that was due', () => {
    const { book } = bookOf();
    book.set({ ...policyOf('production'), status: { lastPass: { ...status.lastPass, reason: 'Whim' } } }, NOON);
    expect(book.get('production')?.pass?.reason).toBe('Due');
  });

  test('a policy that was removed and made anew, unseen, has none of the passes of the one before', () => {
    const { book } = bookOf();
    book.set(withUid('u1', requested('now')), NOON);
    book.begin('production', 'Requested', [a], minutes(1));
    book.settled('production', a, { lookedAt: minutes(2), now: minutes(2) });
    book.begin('production', 'Due', [a], minutes(3));
    book.set(withUid('u2', requested('now')), minutes(4));
    expect(book.get('production')).not.toHaveProperty('pass');
    expect(book.get('production')).not.toHaveProperty('handledRequest');
    expect(book.settled('production', a, { lookedAt: minutes(5), now: minutes(5) })).toBe(false);
  });
});

describe('the schedule', () => {
  const hourly = { verification: { schedule: '0 * * * *', timeZone: 'UTC' } };

  test('goes on from the start of the last pass, also when the spec changes', () => {
    const { book } = bookOf();
    book.set(policyOf('production', hourly), NOON);
    const first = book.get('production')?.next;
    expect(first?.getTime()).toBeGreaterThan(NOON.getTime());
    book.begin('production', 'Due', [], minutes(1));
    const next = book.get('production')?.next;
    book.set(policyOf('production', { ...hourly, severity: 'low' }), minutes(50));
    expect(book.get('production')?.next).toEqual(next);
  });

  test('that cannot be used is a problem of this policy, and is over when it is mended', () => {
    const { book } = bookOf();
    book.set(policyOf('production', { verification: { timeZone: 'Mars/Olympus' } }), NOON);
    expect(book.get('production')?.problem?.message).toContain('Mars/Olympus');
    expect(book.get('production')?.next).toBeUndefined();
    book.set(policyOf('production', hourly), NOON);
    expect(book.get('production')?.problem).toBeUndefined();
  });
});

describe('the identity of trust', () => {
  test('is made once, until a key or the policy changes', () => {
    const { book, trust } = bookOf();
    const policy = policyOf('production');
    book.set(policy, NOON);
    const first = book.trustId(policy, NOON);
    expect([book.trustId(policy, minutes(1)), trust.asked]).toEqual([first, 1]);
    trust.id = 'two';
    book.trustChanged();
    expect(book.trustId(policy, minutes(1))).not.toBe(first);
    trust.id = 'one';
    book.set(policy, minutes(2));
    expect(book.trustId(policy, minutes(2))).toBe(first);
    const stricter = policyOf('production', { digest: { requireInSpec: true } });
    expect(book.trustId(stricter, minutes(2))).not.toBe(first);
  });

  test('changes at the edge of a key without anybody saying so, and is right for a moment before it too', () => {
    const { book, trust, signers } = bookOf();
    const policy = policyOf('production');
    trust.edge = minutes(10);
    const before = book.trustId(policy, NOON);
    expect(nextEdge(policy, signers, NOON)).toEqual(minutes(10));
    const after = book.trustId(policy, minutes(10));
    expect(after).not.toBe(before);
    expect(book.trustId(policy, minutes(9))).toBe(before);
    expect(book.timing(policy, minutes(11)).trustId).toBe(after);
  });
});

test('policies are found by the keys that they name, those of attestations too', () => {
  const { book } = bookOf();
  const attestors = [{ name: 'ci', entries: [{ trustedKey: 'builder' }] }];
  book.set(policyOf('production'), NOON);
  book.set(policyOf('built', { attestations: [{ type: 'https://slsa.dev/provenance/v1', attestors }] }), NOON);
  expect([book.naming('release'), book.naming('builder'), book.naming('nobody')]).toEqual([
    ['production', 'built'],
    ['built'],
    [],
  ]);
  book.remove('built');
  expect(book.naming('builder')).toEqual([]);
});

test('the earliest of several moments leaves aside what is none', () => {
  expect(earliest([undefined, minutes(2), minutes(1)])).toEqual(minutes(1));
  expect(earliest([undefined])).toBeUndefined();
});
