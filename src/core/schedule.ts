/**
 * When the passes of a policy are due: its cron expression in its time zone, and a share of the period that is its
 * own, so that policies with the same schedule do not ask the registries all at once. Pure; the caller owns the clock.
 */
import { createHash } from 'node:crypto';
import { CronExpressionParser } from 'cron-parser';
import { Failure, invalid } from './failure.ts';

/** The part of `spec.verification` that says when. */
export interface Timing {
  readonly schedule: string;
  readonly timeZone: string;
}

/** A schedule that can be used. */
export interface Schedule {
  /** The first moment after `after` at which a pass is due; undefined where the expression names no further day. */
  next(after: Date): Date | undefined;
}

/** No pass is moved by more than this, nor by more than the given share of the time to the next one. */
const MAX_SPREAD_MS = 15 * 60_000;
const SPREAD_SHARE = 4;

/**
 * Compiles a schedule. `identity` (the name of the policy) decides by how much it is moved: always by the same.
 * Throws Failure `invalid` with the field: the pattern of the CRD knows neither the days of a month nor time zones.
 */
export function compileSchedule({ schedule, timeZone }: Timing, identity: string): Schedule {
  demandFiveFields(schedule);
  demandTimeZone(timeZone);
  const share = shareOf(identity);
  const firesAfter = (date: Date): Date | undefined => nextFire(schedule, timeZone, date);
  demandSomeDay(schedule, firesAfter);
  return {
    next(after): Date | undefined {
      // The fire before `after` may have been moved past it.
      let fire = firesAfter(new Date(after.getTime() - MAX_SPREAD_MS - 1));
      while (fire !== undefined) {
        const following = firesAfter(fire);
        const moved = fire.getTime() + spread(fire, following, share);
        if (moved > after.getTime()) return new Date(moved);
        fire = following;
      }
      return undefined;
    },
  };
}

function spread(fire: Date, following: Date | undefined, share: number): number {
  const period = following === undefined ? Number.POSITIVE_INFINITY : following.getTime() - fire.getTime();
  return Math.floor(share * Math.min(period / SPREAD_SHARE, MAX_SPREAD_MS));
}

/** A number in [0, 1) that belongs to this name. */
function shareOf(identity: string): number {
  return createHash('sha256').update(identity).digest().readUInt32BE(0) / 2 ** 32;
}

function nextFire(schedule: string, tz: string, after: Date): Date | undefined {
  const cron = CronExpressionParser.parse(schedule, { tz, currentDate: after });
  try {
    return cron.next().toDate();
  } catch {
    // The parser gives up where no day fits within its bounds.
    return undefined;
  }
}

/** cron-parser takes fewer fields and fills them in: an empty text would be every minute. */
function demandFiveFields(schedule: string): void {
  const fields = schedule.trim().split(/\s+/);
  const expected = 'five cron fields (minute hour day month weekday) that some day fits, such as */30 * * * *';
  if (fields.length !== 5 || schedule.includes('@')) throw invalidTiming('schedule', expected, schedule);
  try {
    CronExpressionParser.parse(schedule, { tz: 'UTC' });
  } catch (error) {
    throw invalidTiming('schedule', expected, schedule, error);
  }
}

function demandTimeZone(timeZone: string): void {
  try {
    Intl.DateTimeFormat('en', { timeZone });
  } catch (error) {
    const expected = 'a time zone of the IANA database, such as Europe/Berlin or UTC';
    throw invalidTiming('timeZone', expected, timeZone, error);
  }
}

/** The thirtieth of February: a pass that never comes looks like one that is not due yet. */
function demandSomeDay(schedule: string, firesAfter: (date: Date) => Date | undefined): void {
  if (firesAfter(new Date(0)) !== undefined) return;
  throw invalidTiming('schedule', 'a schedule with at least one day in the calendar', schedule);
}

function invalidTiming(field: keyof Timing, expected: string, text: string, cause?: unknown): Failure {
  const where = `spec.verification.${field}`;
  const { detail, message } = invalid(where, expected, JSON.stringify(text.slice(0, 100)));
  return new Failure(detail, message, cause === undefined ? {} : { cause });
}
