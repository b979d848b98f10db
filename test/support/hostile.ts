/** What tests with hostile input share: the only thing that a reader may throw, and bytes that are nearly right. */
import fc from 'fast-check';
import { Failure } from '../../src/core/failure.ts';

/** Runs of one property: a few in `make check`, 100,000 in `make fuzz`. */
export const RUNS = Number(process.env['FUZZ_RUNS'] ?? 400);

/** The value, or undefined where a Failure was thrown. Anything else that is thrown fails the test. */
export function valueOrFailure<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}

/** The bytes with one to four changed, cut or inserted: never the bytes themselves. */
export function mutations(bytes: Uint8Array): fc.Arbitrary<Uint8Array> {
  const edit = fc.tuple(fc.nat(bytes.length - 1), fc.nat(255), fc.constantFrom('set', 'cut', 'insert'));
  return fc
    .array(edit, { minLength: 1, maxLength: 4 })
    .map((edits) => edits.reduce((mutated, [at, value, kind]) => change(mutated, at, value, kind), bytes))
    .filter((mutated) => Buffer.compare(mutated, bytes) !== 0);
}

function change(bytes: Uint8Array, at: number, value: number, kind: string): Uint8Array {
  const rest = kind === 'insert' ? at : at + 1;
  const inserted = kind === 'cut' ? [] : [value];
  return Uint8Array.of(...bytes.subarray(0, at), ...inserted, ...bytes.subarray(rest));
}

/** Milliseconds that this thread has worked so far: what else the machine does does not count. */
export function threadTime(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
