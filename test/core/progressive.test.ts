/** Mode Progressive: when the turn from Audit to Enforce comes, and what holds it up. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { advance, type Progress, type ProgressFacts, turnsAt } from '../../src/core/progressive.ts';
import { NOW } from '../support/known-rows.ts';

const SETTINGS = { compliantFor: '1h', minimumPasses: 2 };
const at = (minutes: number): Date => new Date(NOW.getTime() + minutes * 60_000);
const passAt = (minutes: number): Pick<ProgressFacts, 'lastPass'> => ({
  lastPass: { startTime: at(minutes - 1), completionTime: at(minutes), reason: 'Due' },
});
const facts = (fields: Partial<ProgressFacts> = {}): ProgressFacts => ({
  inTheWay: 0,
  pending: 0,
  unchecked: 0,
  ...fields,
});

/** The state after one look after another, each at its minute. */
function after(...looks: readonly (readonly [minute: number, fields: Partial<ProgressFacts>])[]): Progress {
  const state = looks.reduce<Progress | undefined>(
    (before, [minute, fields]) => advance(before, SETTINGS, facts(fields), at(minute)),
    undefined,
  );
  if (state === undefined) throw new Error('nobody looked');
  return state;
}

describe('Progressive', () => {
  it.each<[behaviour: string, state: Progress, phase: string, passes: number]>([
    ['waits for the first pass', after([0, { pending: 3 }]), 'Audit', 0],
    ['counts the pass with which everything became trusted', after([0, { pending: 3 }], [1, passAt(1)]), 'Audit', 1],
    ['counts a pass once', after([1, passAt(1)], [2, passAt(1)], [3, passAt(1)]), 'Audit', 1],
    ['turns when time and passes are there', after([1, passAt(1)], [31, passAt(31)], [61, passAt(31)]), 'Enforce', 2],
    ['waits for the passes', after([1, passAt(1)], [90, passAt(1)]), 'Audit', 1],
    ['waits for the time', after([1, passAt(1)], [31, passAt(31)], [60, passAt(31)]), 'Audit', 2],
    ['does not count more passes than it needs', after([1, passAt(1)], [2, passAt(2)], [3, passAt(3)]), 'Audit', 2],
    [
      'begins anew when an image falls',
      after([1, passAt(1)], [31, passAt(31)], [40, { ...passAt(31), inTheWay: 1 }], [70, passAt(31)]),
      'Audit',
      0,
    ],
    [
      'does not count a pass that ended while something was in the way',
      after([1, { inTheWay: 1 }], [5, { ...passAt(4), inTheWay: 1 }], [6, passAt(4)]),
      'Audit',
      0,
    ],
    [
      'holds the turn up for an image that is new',
      after([1, passAt(1)], [31, passAt(31)], [61, { ...passAt(31), pending: 1 }]),
      'Audit',
      2,
    ],
    [
      'does not start anew for an image that is new',
      after([1, passAt(1)], [31, passAt(31)], [40, { pending: 1 }], [61, passAt(31)]),
      'Enforce',
      2,
    ],
    ['counts no pass in an outage', after([1, passAt(1)], [31, { ...passAt(31), unchecked: 1 }]), 'Audit', 1],
    [
      'counts that pass once its checks were made up for',
      after([1, passAt(1)], [31, { ...passAt(31), unchecked: 1 }], [33, passAt(31)]),
      'Audit',
      2,
    ],
    [
      'stays in Enforce, whatever falls',
      after([1, passAt(1)], [31, passAt(31)], [61, passAt(31)], [62, { inTheWay: 7 }]),
      'Enforce',
      2,
    ],
  ])('%s', (_, state, phase, passes) => {
    expect({ phase: state.phase, passes: state.passes }).toEqual({ phase, passes });
  });

  it('says when it turns, and what is in the way', () => {
    expect(turnsAt(after([1, passAt(1)], [31, passAt(31)]), SETTINGS)).toEqual(at(61));
    expect(turnsAt(after([1, passAt(1)]), SETTINGS)).toBeUndefined();
    expect(after([1, { inTheWay: 4 }])).toEqual({ phase: 'Audit', passes: 0, lastPassTime: at(1), inTheWay: 4 });
  });

  it('changes nothing at a pass that changes nothing', () => {
    const waiting = after([1, { inTheWay: 4 }]);
    expect(advance(waiting, SETTINGS, facts({ inTheWay: 4, ...passAt(31) }), at(31))).toEqual(waiting);
    const counted = after([1, passAt(1)], [2, passAt(2)]);
    expect(advance(counted, SETTINGS, facts(passAt(32)), at(32))).toEqual(counted);
  });

  it('never turns before every image was trusted for compliantFor without a break, and never goes back', () => {
    const look = fc.record({
      minutes: fc.integer({ min: 1, max: 40 }),
      inTheWay: fc.constantFrom(0, 0, 0, 1),
      pending: fc.constantFrom(0, 0, 1),
      unchecked: fc.constantFrom(0, 0, 1),
      pass: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(look, { maxLength: 40 }), (looks) => {
        let state: Progress | undefined;
        let minute = 0;
        let lastBad = 0;
        let passes = 0;
        let lastPass: ProgressFacts['lastPass'];
        const holds: boolean[] = [];
        for (const { minutes, inTheWay, pending, unchecked, pass } of looks) {
          minute += minutes;
          if (inTheWay > 0) [lastBad, passes] = [minute, 0];
          if (pass) ({ lastPass } = passAt(minute));
          passes += pass ? 1 : 0;
          const before = state?.phase;
          const known = { inTheWay, pending, unchecked, ...(lastPass === undefined ? {} : { lastPass }) };
          state = advance(state, SETTINGS, known, at(minute));
          const mayTurn = minute - lastBad >= 60 && passes >= 2 && inTheWay + pending === 0;
          holds.push(before === 'Enforce' ? state.phase === 'Enforce' : state.phase === 'Audit' || mayTurn);
        }
        expect(holds).not.toContain(false);
      }),
    );
  });
});
