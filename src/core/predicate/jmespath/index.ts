/**
 * JMESPath over a predicate, with the functions that Kyverno 1.19 has. Left out, for they make no sense on a predicate
 * or look elsewhere: random, is_external_url, image_normalize, parse_yaml, x509_decode.
 */
import { type Evaluation } from '../evaluation.ts';
import { demandFunction, type FunctionTable } from './function.ts';
import { COLLECTION_FUNCTIONS } from './functions-collection.ts';
import { NUMBER_FUNCTIONS } from './functions-number.ts';
import { STANDARD_FUNCTIONS } from './functions-standard.ts';
import { TEXT_FUNCTIONS } from './functions-text.ts';
import { TIME_FUNCTIONS } from './functions-time.ts';
import { search } from './interpreter.ts';
import { parse } from './parser.ts';

const FUNCTIONS: FunctionTable = new Map(
  Object.entries({
    ...STANDARD_FUNCTIONS,
    ...TEXT_FUNCTIONS,
    ...TIME_FUNCTIONS,
    ...NUMBER_FUNCTIONS,
    ...COLLECTION_FUNCTIONS,
  }),
);

/** A compiled expression. */
export interface Query {
  readonly text: string;
  /** Evaluates it. Throws EvaluationFault, also for a field that is not there. */
  search(value: unknown, evaluation: Evaluation): unknown;
}

/** Compiles an expression. Throws Failure `invalid` for bad syntax and for functions that do not exist. */
export function compileJmespath(text: string): Query {
  const { node, calls } = parse(text);
  for (const { name, given } of calls) demandFunction(name, given, FUNCTIONS);
  return { text, search: (value, evaluation) => search(node, value, { evaluation, functions: FUNCTIONS }) };
}
