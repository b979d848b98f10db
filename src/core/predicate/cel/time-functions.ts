/** Methods of times and durations in CEL. A time zone is UTC, or an offset such as +02:00. */
import { CelFault, fault } from './fault.ts';
import type { CelFunction, FunctionTable } from './function.ts';
import { CelDuration, CelTimestamp, type CelValue } from './values.ts';

const HOUR = 3_600_000_000_000n;
const DAY_MS = 86_400_000;

/** By name. The counting of days and months from 0 is the language's. */
export const TIME_METHODS: FunctionTable = {
  getDate: ofTime((date) => date.getUTCDate()),
  getDayOfMonth: ofTime((date) => date.getUTCDate() - 1),
  getDayOfWeek: ofTime((date) => date.getUTCDay()),
  getDayOfYear: ofTime((date) => Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / DAY_MS)),
  getFullYear: ofTime((date) => date.getUTCFullYear()),
  getMonth: ofTime((date) => date.getUTCMonth()),
  getHours: ofEither((date) => date.getUTCHours(), HOUR),
  getMilliseconds: ofEither((date) => date.getUTCMilliseconds(), 1_000_000n),
  getMinutes: ofEither((date) => date.getUTCMinutes(), 60_000_000_000n),
  getSeconds: ofEither((date) => date.getUTCSeconds(), 1_000_000_000n),
};

function ofTime(field: (date: Date) => number): CelFunction {
  return {
    arity: [0, 1],
    gives: 'other',
    run: ([time = null, zone]) => {
      if (!(time instanceof CelTimestamp)) throw fault('a timestamp is expected', time);
      return BigInt(field(dateOf(time, zone)));
    },
  };
}

/** Of a duration: the whole of it in that unit. */
function ofEither(field: (date: Date) => number, unit: bigint): CelFunction {
  const method = ofTime(field);
  return {
    ...method,
    run: (args, evaluation) => {
      const [value] = args;
      return value instanceof CelDuration ? value.nanos / unit : method.run(args, evaluation);
    },
  };
}

function dateOf({ nanos }: CelTimestamp, zone: CelValue | undefined): Date {
  const date = new Date(Number(nanos / 1_000_000n) + offsetOf(zone));
  if (Number.isNaN(date.getTime())) throw new CelFault('a time beyond the calendar');
  return date;
}

/** Milliseconds east of UTC. */
function offsetOf(zone: CelValue | undefined): number {
  if (zone === undefined || zone === 'UTC' || zone === '') return 0;
  const match = typeof zone === 'string' ? /^([+-]?)(\d\d):(\d\d)$/.exec(zone) : null;
  if (match === null) throw new CelFault('a time zone is UTC, or an offset such as +02:00');
  const size = (Number(match[2]) * 60 + Number(match[3])) * 60_000;
  return match[1] === '-' ? -size : size;
}
