/**
 * What a policy demands of the predicate of an attestation: conditions as Kyverno's, a CEL expression, or both. Compiled
 * once; owns the order of the two. Must never say `satisfied` where anything could not be evaluated.
 */
import { createHash } from 'node:crypto';
import type { Attestation } from '../../api/attestor.ts';
import { Failure, invalid } from '../failure.ts';
import { printable } from '../printable.ts';
import { compileCel } from './cel/index.ts';
import { type Answer, compileConditions } from './conditions.ts';
import { Evaluation, EvaluationFault, TIMED_FAULT } from './evaluation.ts';
import { isObject } from './jmespath/values.ts';

/** A compiled demand on predicates. */
export interface PredicateTest {
  /** Equal for equal demands: a name for what was asked. */
  readonly id: string;
  /** Asks one predicate. Never throws for what a predicate or an expression can do. */
  ask(predicate: unknown, now: Date): TestedPredicate;
}

/** The answer, and whether it rests on the time of the check. `invalid`: no predicate could be asked. */
export type TestedPredicate = (Answer | { readonly state: 'invalid'; readonly message: string }) & {
  readonly timed: boolean;
};

type Demanded = Pick<Attestation, 'conditions' | 'expression'>;

/**
 * Compiles what an attestation demands of its predicate; undefined where that is nothing. Throws Failure `invalid` for
 * what can never be evaluated: bad JMESPath or CEL, functions that do not exist; `where` of it begins with the field.
 */
export function compilePredicateTest({ conditions, expression }: Demanded): PredicateTest | undefined {
  if (conditions === undefined && expression === undefined) return undefined;
  const compiled = conditions === undefined ? undefined : compileConditions(conditions);
  const program = expression === undefined ? undefined : compileExpression(expression);
  return {
    id: createHash('sha256')
      .update(JSON.stringify([conditions ?? null, expression ?? null]))
      .digest('base64'),
    ask: (predicate, now) => {
      const evaluation = new Evaluation(now);
      if (!isObject(predicate)) return { state: 'fault', message: 'the predicate is no JSON object', timed: false };
      const first = compiled?.evaluate(predicate, evaluation) ?? { state: 'satisfied' };
      const answer = first.state === 'satisfied' ? (program?.(predicate, evaluation) ?? first) : first;
      return { ...answer, timed: evaluation.everAskedTime };
    },
  };
}

/** The same for what may be wrong: then it is a test that no predicate can be asked, and that says why. */
export function predicateTestOf(demanded: Demanded): PredicateTest | undefined {
  try {
    return compilePredicateTest(demanded);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const { message } = error;
    return { id: `invalid ${message}`, ask: () => ({ state: 'invalid', message, timed: false }) };
  }
}

function compileExpression(expression: string): (predicate: unknown, evaluation: Evaluation) => Answer {
  const program = compiledCel(expression);
  const shown = printable(expression.length > 160 ? `${expression.slice(0, 159)}…` : expression);
  return (predicate, evaluation) => {
    evaluation.takeAskedTime();
    try {
      if (program.test(predicate, evaluation)) return { state: 'satisfied' };
      return { state: 'failed', message: `the expression ${shown} is false` };
    } catch (error) {
      if (!(error instanceof EvaluationFault)) throw error;
      const why = evaluation.takeAskedTime() ? TIMED_FAULT : error.message;
      return { state: 'fault', message: `the expression ${shown}: ${why}` };
    }
  };
}

function compiledCel(expression: string): ReturnType<typeof compileCel> {
  try {
    return compileCel(expression);
  } catch (error) {
    if (!(error instanceof Failure) || error.detail.kind !== 'invalid') throw error;
    const { where, expected, found } = error.detail;
    throw invalid(`expression: ${where}`, expected, found);
  }
}
