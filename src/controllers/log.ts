/** What the controllers log to: one line for each piece of news, with fields. Owns the shape; logging.ts fulfils it. */

/** A log. Errors go into the field `error`; secrets go nowhere. */
export interface OperatorLog {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}
