/**
 * The command line's surroundings as one value: streams, environment, clock, interruption. Everything in cli/ takes
 * it as an argument, so that tests give their own. Must never be reached for as a global.
 */

/** Where output goes: a stream, and whether a person looks at it. */
export interface Output {
  write(text: string): void;
  readonly isTerminal: boolean;
  /** Columns, where a terminal says so. */
  readonly columns?: number;
}

/** The surroundings of one run of the command line. */
export interface Terminal {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** All of standard input, piece by piece. Throws where it is more than `maxBytes`. */
  stdin(maxBytes: number): AsyncIterable<Uint8Array>;
  now(): Date;
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
  /** So many milliseconds may pass from the signal to the end; without it, the process is ended soon. */
  allowGrace?(ms: number): void;
}

/** May colours be written there? https://no-color.org: NO_COLOR set to anything but the empty string says no. */
export function useColour(output: Output, env: Terminal['env']): boolean {
  const noColor = env['NO_COLOR'];
  return output.isTerminal && (noColor === undefined || noColor === '') && env['TERM'] !== 'dumb';
}
