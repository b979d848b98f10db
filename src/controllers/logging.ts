/**
 * The log of the operator: one line of JSON for each thing that happened, by winston. Owns the format; what may stand
 * in a line is decided in log-value.ts. Must never throw for what it is given.
 */
import { Writable } from 'node:stream';
import { createLogger, format, transports } from 'winston';
import { logValue } from './log-value.ts';
import type { OperatorLog } from './log.ts';

/** Levels, the most urgent first. */
export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;
/** A level: it and the more urgent ones are written. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What a log is made of. */
export interface LoggingOptions {
  readonly level: LogLevel;
  readonly now: () => Date;
  /** Takes whole lines. */
  readonly sink: { write(line: string): unknown };
}

/** Makes a log. Each line has `time`, `level` and `message`, then the fields; one of these names gets a `_` behind it. */
export function createLog({ level, now, sink }: LoggingOptions): OperatorLog {
  const line = format((info) => {
    const head = { time: now().toISOString(), level: info.level, message: logValue(info.message) };
    return Object.assign(info, { [LINE]: JSON.stringify({ ...head, ...besides(head, logValue(info['fields'])) }) });
  });
  const logger = createLogger({
    level,
    levels: Object.fromEntries(LOG_LEVELS.map((name, rank) => [name, rank])),
    format: line(),
    transports: [new transports.Stream({ stream: writableTo(sink), eol: '\n' })],
    exitOnError: false,
  });
  // The fields stay together until the line is made: winston would join a `message` among them to the line's own.
  const writer =
    (at: LogLevel): OperatorLog['info'] =>
    (message, fields = {}) =>
      void logger.log({ level: at, message, fields });
  return { error: writer('error'), warn: writer('warn'), info: writer('info'), debug: writer('debug') };
}

/** Where winston looks for the text of a line (triple-beam's MESSAGE). */
const LINE = Symbol.for('message');

function besides(head: object, fields: unknown): object {
  if (typeof fields !== 'object' || fields === null) return {};
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key in head ? `${key}_` : key, value]));
}

function writableTo(sink: LoggingOptions['sink']): Writable {
  return new Writable({
    decodeStrings: false,
    write(chunk, _encoding, done): void {
      sink.write(String(chunk));
      done();
    },
  });
}
