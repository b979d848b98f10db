/**
 * The functions that Kyverno adds for time (pkg/engine/jmespath/time.go, 1.19). The time of the check is the
 * evaluation's: whoever asks for it makes the answer depend on it.
 */
import { EvaluationFault, type Evaluation } from '../evaluation.ts';
import { formatGoDuration, parseGoDuration } from '../formats/duration.ts';
import { formatRfc3339, type Instant, parseRfc3339, truncateInstant } from '../formats/instant.ts';
import { isInt64, parseInt64 } from '../formats/number.ts';
import { parseWithLayout } from '../formats/time-layout.ts';
import type { JmespathFunction } from './function.ts';

type Run = (texts: readonly string[], evaluation: Evaluation) => unknown;

const MAX_INT64 = 2n ** 63n - 1n;

/** By name. */
export const TIME_FUNCTIONS: Readonly<Record<string, JmespathFunction>> = {
  time_add: onTexts(2, ([time, duration]) => formatted(shifted(instant(time), nanoseconds(duration)))),
  time_after: onTexts(2, ([a, b]) => instant(a).nanos > instant(b).nanos),
  time_before: onTexts(2, ([a, b]) => instant(a).nanos < instant(b).nanos),
  time_between: onTexts(3, ([time, start, end]) => isBetween(instant(time), instant(start), instant(end))),
  time_diff: onTexts(2, ([a, b]) => difference(instant(b), instant(a))),
  time_now: { args: [], run: (_args, evaluation) => formatted(now(evaluation)) },
  time_now_utc: { args: [], run: (_args, evaluation) => formatted(now(evaluation)) },
  time_parse: onTexts(2, ([layout, time]) => formatted(parsed(layout ?? '', time ?? ''))),
  time_since: onTexts(3, ([layout, from, to], evaluation) => since(layout ?? '', from ?? '', to ?? '', evaluation)),
  time_to_cron: onTexts(1, ([time]) => cron(instant(time))),
  time_truncate: onTexts(2, ([time, duration]) => formatted(truncateInstant(instant(time), nanoseconds(duration)))),
  time_utc: onTexts(1, ([time]) => formatted({ nanos: instant(time).nanos, offset: 0 })),
};

function onTexts(count: number, run: Run): JmespathFunction {
  return {
    args: Array.from({ length: count }, () => ['string']),
    run: (values, evaluation) => run(values.map(String), evaluation),
  };
}

function now(evaluation: Evaluation): Instant {
  return { nanos: evaluation.now(), offset: 0 };
}

function instant(text = ''): Instant {
  return demand(parseRfc3339(text), text, 'a time by RFC 3339');
}

function nanoseconds(text = ''): bigint {
  return demand(parseGoDuration(text), text, 'a duration such as 1h30m');
}

function demand<T>(value: T | undefined, text: string, expected: string): T {
  if (value === undefined) throw new EvaluationFault(`${JSON.stringify(text.slice(0, 64))} is not ${expected}`);
  return value;
}

function formatted(at: Instant): string {
  const text = formatRfc3339(at);
  if (text === '') throw new EvaluationFault('a time beyond the calendar');
  return text;
}

function shifted({ nanos, offset }: Instant, by: bigint): Instant {
  return { nanos: nanos + by, offset };
}

function isBetween(at: Instant, start: Instant, end: Instant): boolean {
  return at.nanos > start.nanos && at.nanos < end.nanos;
}

/** Time.Sub: at most 292 years either way. */
function difference(later: Instant, earlier: Instant): string {
  const nanos = later.nanos - earlier.nanos;
  if (isInt64(nanos)) return formatGoDuration(nanos);
  return formatGoDuration(nanos > 0n ? MAX_INT64 : -MAX_INT64 - 1n);
}

function parsed(layout: string, time: string): Instant {
  // A layout that is a number asks for seconds since 1970.
  if (parseInt64(layout) === undefined) return demand(layoutTime(layout, time), time, 'a time of that layout');
  return { nanos: demand(parseInt64(time), time, 'a number of seconds') * 1_000_000_000n, offset: 0 };
}

function layoutTime(layout: string, time: string): Instant | undefined {
  return layout === '' ? undefined : parseWithLayout(layout, time);
}

function since(layout: string, from: string, to: string, evaluation: Evaluation): string {
  const start = demand(parseWithLayout(layout, from), from, 'a time of that layout');
  const end = to === '' ? now(evaluation) : demand(parseWithLayout(layout, to), to, 'a time of that layout');
  return difference(end, start);
}

/** In the offset in which the time was written. */
function cron({ nanos, offset }: Instant): string {
  const local = new Date(Number(nanos / 1_000_000n) + offset * 1000);
  const fields = [local.getUTCMinutes(), local.getUTCHours(), local.getUTCDate(), local.getUTCMonth() + 1];
  return [...fields, local.getUTCDay()].join(' ');
}
