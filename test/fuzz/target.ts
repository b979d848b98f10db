/**
 * A target of the fuzzing: one reader of hostile bytes, what it is given to start from, how that is mutated, and what
 * must hold for whatever comes out. Owns the run of one input: bounded in time, and told in full when it fails.
 */
import { randomFrom, type Random } from './random.ts';

/** One target. `I` is what its reader takes; it must be JSON-able or bytes for the message of a failure. */
export interface Target<I> {
  readonly name: string;
  readonly seeds: readonly I[];
  /** One edit. */
  readonly mutate: (input: I, random: Random) => I;
  /** Throws where the reader did what it must never do. */
  readonly check: (input: I, seed: I) => void;
}

/** A target whose input type only it knows. */
export interface AnyTarget {
  readonly name: string;
  readonly seeds: number;
  /** Mutates a seed by these edits and checks what comes out. */
  run(seed: number, edits: readonly number[]): void;
}

/** Milliseconds of this thread's own time for one input: what else the machine does is no fault of a reader. */
const LIMIT_MS = 100;
/** A collection of garbage can fall into a run; a slow one counts only when it is slow each time. */
const RETRIES = 3;

/** Closes a target over its input type. */
export function closed<I>({ name, seeds, mutate, check }: Target<I>): AnyTarget {
  return {
    name,
    seeds: seeds.length,
    run(number, edits) {
      const seed = seeds[number % seeds.length]!;
      const input = edits.reduce<I>((mutated, edit) => mutate(mutated, randomFrom(edit)), seed);
      try {
        inTime(() => check(input, seed));
      } catch (error) {
        throw new Error(`${name}: ${error instanceof Error ? error.message : String(error)}\ninput: ${shown(input)}`, {
          cause: error,
        });
      }
    },
  };
}

function inTime(check: () => void): void {
  const took: number[] = [];
  do {
    const start = process.threadCpuUsage();
    check();
    const { user, system } = process.threadCpuUsage(start);
    took.push((user + system) / 1000);
  } while (took.length <= RETRIES && (took.at(-1) ?? 0) > LIMIT_MS);
  if (Math.min(...took) > LIMIT_MS)
    throw new Error(`took ${Math.round(Math.min(...took))} ms, ${took.length} times in a row`);
}

/** Bytes are written in base64, so that the failing input can be kept as a test. */
function shown(input: unknown): string {
  const text = Buffer.isBuffer(input) ? `base64 ${input.toString('base64')}` : JSON.stringify(input);
  return text.length > 20_000 ? `${text.slice(0, 20_000)}… (${text.length} characters)` : text;
}
