/**
 * One evaluation of conditions on a predicate: how much work it may do, and what time it is. Owns both; must never read
 * a clock. Work is counted in steps and not in time, so that the same predicate always ends in the same answer.
 */
import { printable } from '../printable.ts';

/**
 * Steps of one evaluation: well under a second on one core. The largest SBOMs that registries see (100,000 components)
 * take a few steps for each component.
 */
const MAX_STEPS = 2_000_000;

/** Text of which so many units are made or compared costs one step. */
const UNITS_A_STEP = 16;

const MAX_MESSAGE = 300;

/**
 * What is asked cannot be answered on this predicate: a field that is missing, a value of the wrong type, too much
 * work. Never says anything about trust.
 */
export class EvaluationFault extends Error {
  override readonly name: string = 'EvaluationFault';

  constructor(message: string) {
    const safe = printable(message);
    super(safe.length > MAX_MESSAGE ? `${safe.slice(0, MAX_MESSAGE - 1)}…` : safe);
  }
}

/** What is said of a fault that came after the time was asked for: its own words may change from check to check. */
export const TIMED_FAULT = 'it cannot be calculated from the time of the check';

/** The work and the time of one evaluation. */
export class Evaluation {
  readonly #now: Date;
  #left: number;
  #askedTime = false;
  #everAsked = false;

  constructor(now: Date, steps: number = MAX_STEPS) {
    this.#now = now;
    this.#left = steps;
  }

  /** Counts work; throws EvaluationFault where there was too much of it. */
  spend(steps = 1): void {
    this.#left -= steps;
    if (this.#left < 0) throw new EvaluationFault('it takes more steps than are allowed for one predicate');
  }

  /** Counts the making or comparing of text. */
  spendText(...texts: readonly string[]): void {
    const units = texts.reduce((sum, text) => sum + text.length, 0);
    this.spend(1 + Math.ceil(units / UNITS_A_STEP));
  }

  /** The time of the check, in nanoseconds since 1970. Whoever asks makes the answer depend on it. */
  now(): bigint {
    this.#askedTime = true;
    this.#everAsked = true;
    return BigInt(this.#now.getTime()) * 1_000_000n;
  }

  /** Was the time asked for since this was asked last? Then what came of it changes from check to check. */
  takeAskedTime(): boolean {
    const asked = this.#askedTime;
    this.#askedTime = false;
    return asked;
  }

  /** Was the time asked for at all? */
  get everAskedTime(): boolean {
    return this.#everAsked;
  }
}
