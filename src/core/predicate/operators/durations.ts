/** Durations in operators (pkg/engine/variables/operator/{operator,duration}.go of Kyverno, 1.19). */
import { parseGoDuration, secondsOf, wholeSeconds } from '../formats/duration.ts';

/** Key and value in seconds, where at least one of them is the text of a duration and the other one or a number. */
export function bothDurations(
  key: unknown,
  value: unknown,
): { readonly key: number; readonly value: number } | undefined {
  const keyText = durationText(key);
  const valueText = durationText(value);
  if (keyText === undefined && valueText === undefined) return undefined;
  const left = keyText ?? secondsAsDuration(key);
  const right = valueText ?? secondsAsDuration(value);
  return left === undefined || right === undefined ? undefined : { key: secondsOf(left), value: secondsOf(right) };
}

/** For the operators that compare durations alone: nanoseconds of both; numbers are seconds. */
export function nanosecondsOfBoth(
  key: unknown,
  value: unknown,
): { readonly key: bigint; readonly value: bigint } | undefined {
  const left = typeof key === 'string' ? parseGoDuration(key) : secondsAsDuration(key);
  const right = typeof value === 'string' ? parseGoDuration(value) : secondsAsDuration(value);
  return left === undefined || right === undefined ? undefined : { key: left, value: right };
}

/** "0" is a duration for Go, and a number for Kyverno. */
function durationText(value: unknown): bigint | undefined {
  return typeof value === 'string' && value !== '0' ? parseGoDuration(value) : undefined;
}

function secondsAsDuration(value: unknown): bigint | undefined {
  return typeof value === 'number' ? wholeSeconds(value) : undefined;
}
