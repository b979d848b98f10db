/**
 * The functions of CEL: the standard ones, the strings and sets of its extensions, and `time.now()` as Kyverno has it.
 */
import type { Evaluation } from '../evaluation.ts';
import { CONVERSIONS } from './conversions.ts';
import type { Spend } from './equality.ts';
import { fault } from './fault.ts';
import type { CelFunction, FunctionTable } from './function.ts';
import { isIn } from './loops.ts';
import { MATCHES, TEXT_METHODS } from './text-functions.ts';
import { TIME_METHODS } from './time-functions.ts';
import { CelTimestamp, type CelValue, isList, isMap, keysOf } from './values.ts';

const SIZE: CelFunction = {
  arity: [1, 1],
  gives: 'other',
  run: ([value], evaluation) => size(value ?? null, evaluation),
};

/** Functions by name; those in a namespace with its name before them. */
export const FUNCTIONS: FunctionTable = {
  ...CONVERSIONS,
  matches: { ...MATCHES, arity: [2, 2] },
  size: SIZE,
  'sets.contains': sets((a, b, spend) => b.every((item) => isIn(item, a, spend))),
  'sets.equivalent': sets(
    (a, b, spend) => b.every((item) => isIn(item, a, spend)) && a.every((item) => isIn(item, b, spend)),
  ),
  'sets.intersects': sets((a, b, spend) => b.some((item) => isIn(item, a, spend))),
  'time.now': { arity: [0, 0], gives: 'other', run: (_args, evaluation) => new CelTimestamp(evaluation.now()) },
};

/** Methods by name. */
export const METHODS: FunctionTable = { ...TEXT_METHODS, ...TIME_METHODS, size: { ...SIZE, arity: [0, 0] } };

/** Names before functions: `sets.contains(…)` is no method of a value. */
export const NAMESPACES: ReadonlySet<string> = new Set(['sets', 'time']);

function size(value: CelValue, evaluation: Evaluation): bigint {
  if (typeof value === 'string') {
    evaluation.spendText(value);
    return BigInt(Array.from(value).length);
  }
  if (isList(value) || value instanceof Uint8Array) return BigInt(value.length);
  if (isMap(value)) return BigInt(countedKeys(value, evaluation));
  throw fault('size() asks for a string, bytes, a list or a map', value);
}

function countedKeys(map: Parameters<typeof keysOf>[0], evaluation: Evaluation): number {
  const { length } = keysOf(map);
  evaluation.spend(length);
  return length;
}

type SetTest = (a: readonly CelValue[], b: readonly CelValue[], spend: Spend) => boolean;

function sets(test: SetTest): CelFunction {
  return {
    arity: [2, 2],
    gives: 'bool',
    run: ([a = null, b = null], evaluation) => {
      if (!isList(a) || !isList(b)) throw fault('two lists are expected', a, b);
      return test(a, b, (steps) => evaluation.spend(steps));
    },
  };
}
