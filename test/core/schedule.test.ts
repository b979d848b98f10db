import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Failure } from '../../src/core/failure.ts';
import { compileSchedule } from '../../src/core/schedule.ts';

const at = (text: string): Date => new Date(text);
const MINUTE = 60_000;

describe('next', () => {
  test.each<[string, string, string, string, number]>([
    ['every half hour', '*/30 * * * *', 'UTC', '2026-03-28T00:00:00Z', 30 * MINUTE],
    ['every day in a time zone', '0 3 * * *', 'Europe/Berlin', '2026-01-10T00:00:00Z', 1440 * MINUTE],
    ['every Sunday, written 7', '0 0 * * 7', 'UTC', '2026-03-24T00:00:00Z', 7 * 1440 * MINUTE],
    ['names of months and days', '0 0 * JAN mon', 'UTC', '2027-01-01T00:00:00Z', 7 * 1440 * MINUTE],
  ])('%s comes again after its period', (_, schedule, timeZone, from, period) => {
    const compiled = compileSchedule({ schedule, timeZone }, 'production');
    const first = compiled.next(at(from))!;
    const second = compiled.next(first)!;
    expect(first.getTime()).toBeGreaterThan(at(from).getTime());
    expect(second.getTime() - first.getTime()).toBe(period);
  });

  test('a day of 23 hours keeps the hour of the clock', () => {
    const berlin = compileSchedule({ schedule: '0 3 * * *', timeZone: 'Europe/Berlin' }, 'production');
    const before = berlin.next(at('2026-03-28T00:00:00Z'))!;
    expect(berlin.next(before)!.getTime() - before.getTime()).toBe(23 * 60 * MINUTE);
  });

  test('policies of one schedule are spread, each always to the same moment', () => {
    const timing = { schedule: '*/30 * * * *', timeZone: 'UTC' };
    const from = at('2026-03-28T00:00:00Z');
    const moments = Array.from({ length: 50 }, (_, i) => compileSchedule(timing, `policy-${i}`).next(from)!.getTime());
    expect(new Set(moments).size).toBe(50);
    expect(Array.from({ length: 50 }, (_, i) => compileSchedule(timing, `policy-${i}`).next(from)!.getTime())).toEqual(
      moments,
    );
  });

  test('no pass is moved by more than a quarter of its period, nor by more than 15 minutes', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.constantFrom('*/1 * * * *', '*/30 * * * *', '0 * * * *', '0 0 * * *'),
        (name, schedule) => {
          const from = at('2026-03-28T00:00:00Z');
          const moved = compileSchedule({ schedule, timeZone: 'UTC' }, name).next(new Date(from.getTime() - 1))!;
          const period = { '*/1 * * * *': 1, '*/30 * * * *': 30, '0 * * * *': 60, '0 0 * * *': 1440 }[schedule];
          expect(moved.getTime() - from.getTime()).toBeLessThanOrEqual(Math.min(period / 4, 15) * MINUTE);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('nothing is skipped and nothing comes twice, wherever one asks from', () => {
    const compiled = compileSchedule({ schedule: '*/5 * * * *', timeZone: 'UTC' }, 'production');
    const start = at('2026-03-28T00:00:00Z');
    const all: number[] = [];
    for (let next = compiled.next(start)!; all.length < 20; next = compiled.next(next)!) all.push(next.getTime());
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 90 * MINUTE }), (offset) => {
        const from = start.getTime() + offset;
        expect(compiled.next(new Date(from))!.getTime()).toBe(all.find((time) => time > from));
      }),
      { numRuns: 60 },
    );
  });
});

test.each<[string, string, string, string]>([
  ['fewer fields', '* * *', 'UTC', 'spec.verification.schedule'],
  ['no field', '', 'UTC', 'spec.verification.schedule'],
  ['seconds as well', '0 * * * * *', 'UTC', 'spec.verification.schedule'],
  ['a macro', '@daily', 'UTC', 'spec.verification.schedule'],
  ['a minute that is none', '61 * * * *', 'UTC', 'spec.verification.schedule'],
  ['the thirtieth of February', '0 0 30 2 *', 'UTC', 'spec.verification.schedule'],
  ['the thirty-first of short months', '0 0 31 4,6 *', 'UTC', 'spec.verification.schedule'],
  ['a time zone that is none', '*/5 * * * *', 'Mars/Olympus', 'spec.verification.timeZone'],
])('%s is refused, with its field', (_, schedule, timeZone, field) => {
  expect(() => compileSchedule({ schedule, timeZone }, 'production')).toThrow(
    expect.objectContaining({ detail: expect.objectContaining({ kind: 'invalid', where: field }) }) as Failure,
  );
});
