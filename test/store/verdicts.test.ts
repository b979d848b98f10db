import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Failure } from '../../src/core/failure.ts';
import type { Known } from '../../src/core/known.ts';
import type { Verdict } from '../../src/core/verdict.ts';
import { createVerdictStore, merge } from '../../src/store/verdicts.ts';
import { digestOf, rejected, unknown, verified } from '../support/builders.ts';

const TASK = { policy: 'production', digest: digestOf('a') };
const IMAGE = 'registry.example.com/shop/cart:v1';
const at = (minute: number): Date => new Date(Date.UTC(2026, 10, 21, 10, minute));

function check(verdict: Verdict, minute: number, before?: Known, trustId = 'd.s', references = [IMAGE]): Known {
  return merge(TASK, before, { verdict, leads: new Map(), trustId, references, at: at(minute) });
}

describe('what never happens 2: a failure to look erases an established verdict', () => {
  test('an outage lies beside the verdict, with its own age', () => {
    const down = check(unknown(), 2, check(unknown(), 1, check(verified(), 0)));
    expect(down.established?.verdict.state).toBe('verified');
    expect(down.established?.at).toEqual(at(0));
    expect(down.unknown).toMatchObject({ since: at(1), at: at(2) });
  });

  test('when the outage is over, the verdict has been so all along', () => {
    const back = check(verified(), 3, check(unknown(), 1, check(verified(), 0)));
    expect(back.unknown).toBeUndefined();
    expect(back.established).toMatchObject({ at: at(3), changedAt: at(0) });
  });

  test('under another trust, the old verdict answered another question', () => {
    const changed = check(unknown(), 1, check(verified(), 0), 'd.other');
    expect(changed.established).toBeUndefined();
    expect(changed.unknown?.verdict.state).toBe('unknown');
  });

  test('whatever the order of checks, the last verdict that was reached under the trust of now stands', () => {
    const verdicts = fc.constantFrom(verified(), rejected(), unknown());
    const steps = fc.array(fc.record({ verdict: verdicts, trust: fc.constantFrom('d.s', 'd.t') }), { minLength: 1 });
    fc.assert(
      fc.property(steps, (all) => {
        let known: Known | undefined;
        for (const [minute, { verdict, trust }] of all.entries()) known = check(verdict, minute, known, trust);
        const trustNow = all.at(-1)?.trust;
        const since = all.findLastIndex(({ trust }) => trust !== trustNow) + 1;
        const reached = all.slice(since).findLast(({ verdict }) => verdict.state !== 'unknown');
        expect(known?.established?.verdict).toEqual(reached?.verdict);
        expect(known?.unknown !== undefined).toBe(all.at(-1)?.verdict.state === 'unknown');
      }),
    );
  });
});

test('a verdict that changes says since when, and who vouches now', () => {
  const fell = check(rejected(), 5, check(verified(), 0));
  expect(fell.established).toMatchObject({ changedAt: at(5), vouchers: [] });
  expect(check(verified(), 9, fell).established?.vouchers).toEqual([{ trustedKey: 'release', set: 'team' }]);
});

test('of a lead nothing is kept but what is asked of it', () => {
  const manifests = [digestOf('a'), digestOf('b')].map((digest) => ({ digest, size: 1, mediaType: 'x' }));
  const manifest = { digest: digestOf('c'), manifests, bytes: new Uint8Array(1_000) };
  const failure = new Failure({ kind: 'unavailable' }, 'down');
  const leads = new Map([
    ['index', { kind: 'manifest', manifest } as const],
    ['down', { kind: 'failure', failure } as const],
  ]);
  const known = merge(TASK, undefined, { verdict: verified(), leads, trustId: 'd.s', references: [], at: at(0) });
  expect(Object.fromEntries(known.leads)).toEqual({
    index: { kind: 'manifest', manifest: { digest: digestOf('c'), manifests: [{ digest: digestOf('a') }] } },
    down: { kind: 'failure', failure },
  });
});

test('what was looked at is never put back to what a report said', () => {
  const store = createVerdictStore();
  const known = check(rejected(), 5);
  store.record(TASK, { verdict: rejected(), leads: new Map(), trustId: 'd.s', references: [IMAGE], at: at(5) });
  store.restore({ ...known, restored: true, trustId: 'old.old' });
  expect(store.get(TASK)).toMatchObject({ restored: false, trustId: 'd.s' });
  store.forget(TASK);
  expect(store.size).toBe(0);
});
