import { describe, expect, it } from 'vitest';
import { createReviewer } from '../../../src/controllers/serving/reviewer.ts';
import { KubeFailure } from '../../../src/kube/failure.ts';
import type { KubeClient } from '../../../src/kube/verbs.ts';

type Body = any; // oxlint-disable-line typescript/no-explicit-any

interface Answers {
  readonly authenticated?: unknown;
  readonly user?: unknown;
  readonly allowed?: unknown;
}

/** An API server that answers reviews like this, and what it was asked. */
function scene(answers: Answers | Error) {
  const asked: Body[] = [];
  let time = 0;
  const create: KubeClient['create'] = (resource, body) => {
    asked.push(body);
    if (answers instanceof Error) return Promise.reject(answers);
    const { authenticated, user, allowed } = answers;
    const status = resource.plural === 'tokenreviews' ? { authenticated, user } : { allowed };
    return Promise.resolve({ metadata: { name: '' }, status } as Body);
  };
  const clock = { now: () => time, sleep: () => Promise.resolve() };
  const reviewer = createReviewer({ client: { create }, clock, signal: new AbortController().signal });
  return { asked, review: (header?: string) => reviewer.review(header), pass: (ms: number) => (time += ms) };
}

const USER = { username: 'system:serviceaccount:monitoring:prometheus', uid: 'u', groups: ['g'], extra: { a: ['b'] } };
const KNOWN = { authenticated: true, user: USER, allowed: true };

describe('createReviewer', () => {
  it('asks whose token it is, and whether he may GET /metrics', async () => {
    const { asked, review } = scene(KNOWN);
    expect(await review('Bearer abc.def')).toBe('allowed');
    expect(asked.map(({ kind, spec }) => [kind, spec])).toEqual([
      ['TokenReview', { token: 'abc.def' }],
      [
        'SubjectAccessReview',
        {
          user: USER.username,
          uid: 'u',
          groups: ['g'],
          extra: { a: ['b'] },
          nonResourceAttributes: { path: '/metrics', verb: 'get' },
        },
      ],
    ]);
  });

  it.each([
    ['nobody', { authenticated: false }, 'unauthenticated'],
    ['an answer without a word on it', {}, 'unauthenticated'],
    ['an answer that is no boolean', { authenticated: 'true', user: USER, allowed: true }, 'unauthenticated'],
    ['somebody who may not', { ...KNOWN, allowed: false }, 'forbidden'],
    ['somebody of whom nothing is said', { authenticated: true, user: USER }, 'forbidden'],
    ['a permission that is no boolean', { ...KNOWN, allowed: 1 }, 'forbidden'],
  ] as const)('%s is not let in', async (_, answers, permission) => {
    expect(await scene(answers).review('Bearer abc')).toBe(permission);
  });

  it.each([
    ['none', undefined],
    ['empty', ''],
    ['another scheme', 'Basic abc'],
    ['no token', 'Bearer '],
    ['two tokens', 'Bearer a b'],
    ['a token that is too long', `Bearer ${'a'.repeat(20_000)}`],
    ['a line break', 'Bearer a\nb'],
  ])('a header that is %s is refused without asking', async (_, header) => {
    const { asked, review } = scene(KNOWN);
    expect(await review(header)).toBe('unauthenticated');
    expect(asked).toEqual([]);
  });

  it('asks once in ten seconds, however many ask at once', async () => {
    const { asked, review, pass } = scene(KNOWN);
    await Promise.all([review('Bearer abc'), review('bearer abc')]);
    pass(9_999);
    await review('Bearer abc');
    expect(asked).toHaveLength(2);
    pass(1);
    await review('Bearer abc');
    expect(asked).toHaveLength(4);
    await review('Bearer other');
    expect(asked).toHaveLength(6);
  });

  it('does not remember that it could not ask', async () => {
    const { asked, review } = scene(new KubeFailure({ kind: 'unavailable' }, 'down'));
    await expect(review('Bearer abc')).rejects.toThrow('down');
    await expect(review('Bearer abc')).rejects.toThrow('down');
    expect(asked).toHaveLength(2);
  });
});
