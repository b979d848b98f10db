/**
 * Conditions on a predicate, as Kyverno evaluates them (pkg/engine/internal/utils.go and variables/evaluate.go, 1.19): all
 * variables of all conditions are put in first, so that one that leads nowhere is a fault wherever it stands; then one
 * of `any` and each of `all` must hold. Owns the order and the sentences; must never trust where something is amiss.
 */
import type { AttestationCondition, ConditionTree } from '../../api/attestation-condition.ts';
import { printable } from '../printable.ts';
import { type Evaluation, EvaluationFault, TIMED_FAULT } from './evaluation.ts';
import { goJson } from './formats/text.ts';
import { OPERATORS } from './operators/index.ts';
import { compileTemplate, type Template } from './template.ts';

/** Does the predicate satisfy what is demanded? `fault`: it could not be found out. */
export type Answer = { readonly state: 'satisfied' } | { readonly state: 'failed' | 'fault'; readonly message: string };

/** Conditions that were compiled. */
export interface CompiledConditions {
  /** Never throws. The message is stable from check to check, whatever the time. */
  evaluate(predicate: unknown, evaluation: Evaluation): Answer;
}

interface Compiled {
  readonly where: string;
  readonly condition: AttestationCondition;
  readonly key: Template;
  readonly value: Template;
}

/** A condition with its variables put in. */
interface Filled extends Compiled {
  readonly found: unknown;
  readonly expected: unknown;
  /** Does what was found change with the time of the check? */
  readonly timed: boolean;
}

const MAX_SHOWN = 160;
const MAX_TOLD = 3;
/** Members of a list or object that are shown. */
const MAX_OUTLINED = 8;

/** Compiles conditions. Throws Failure `invalid`, which names the field below `conditions`. */
export function compileConditions({ any, all }: ConditionTree): CompiledConditions {
  const groups = { any: any.map(compile('any')), all: all.map(compile('all')) };
  return {
    evaluate: (predicate, evaluation) => {
      try {
        const filled = (list: readonly Compiled[]): readonly Filled[] =>
          list.map((condition) => fill(condition, predicate, evaluation));
        return judge(filled(groups.any), filled(groups.all), evaluation);
      } catch (error) {
        if (error instanceof EvaluationFault) return { state: 'fault', message: error.message };
        throw error;
      }
    },
  };
}

function compile(list: 'any' | 'all'): (condition: AttestationCondition, at: number) => Compiled {
  return (condition, at) => {
    const where = `${list}[${at}]`;
    const key = compileTemplate(condition.key, `conditions.${where}.key`);
    return { where, condition, key, value: compileTemplate(condition.value, `conditions.${where}.value`) };
  };
}

function fill(compiled: Compiled, predicate: unknown, evaluation: Evaluation): Filled {
  evaluation.takeAskedTime();
  try {
    const found = compiled.key.fill(predicate, evaluation);
    const expected = compiled.value.fill(predicate, evaluation);
    return { ...compiled, found, expected, timed: evaluation.takeAskedTime() };
  } catch (error) {
    if (!(error instanceof EvaluationFault)) throw error;
    const where = `condition ${compiled.where} (${cut(compiled.condition.key)})`;
    throw new EvaluationFault(`${where}: ${evaluation.takeAskedTime() ? TIMED_FAULT : error.message}`);
  }
}

function judge(any: readonly Filled[], all: readonly Filled[], evaluation: Evaluation): Answer {
  const holds = (filled: Filled): boolean =>
    OPERATORS[filled.condition.operator](filled.found, filled.expected, evaluation);
  if (any.length > 0 && !any.some(holds)) {
    const said = any.slice(0, MAX_TOLD).map(told);
    const more = any.length > MAX_TOLD ? `; and ${any.length - MAX_TOLD} more` : '';
    return { state: 'failed', message: `none of the conditions in any holds: ${said.join('; ')}${more}` };
  }
  const failed = all.find((filled) => !holds(filled));
  return failed === undefined ? { state: 'satisfied' } : { state: 'failed', message: told(failed) };
}

/** What was found is left out where it changes with the time: a message must not change while nothing happens. */
function told({ where, condition, found, expected, timed }: Filled): string {
  const { key, operator, message } = condition;
  const seen = timed ? 'found a value that depends on the time of the check' : `found ${shown(found)}`;
  const wanted = timed ? shown(condition.value ?? null) : shown(expected);
  const own = message === undefined || message === '' ? '' : ` (${cut(message)})`;
  return `condition ${where}: ${cut(key)}: ${seen}, expected ${operator} ${wanted}${own}`;
}

function shown(value: unknown): string {
  return cut(goJson(outline(value, { left: MAX_SHOWN })));
}

/** No more of a value than can be shown: each value in it takes one character at least. */
function outline(value: unknown, room: { left: number }): unknown {
  room.left -= 1;
  if (typeof value === 'string') return value.slice(0, MAX_SHOWN);
  if (typeof value !== 'object' || value === null) return value;
  if (room.left < 0) return '…';
  if (Array.isArray(value)) return value.slice(0, MAX_OUTLINED).map((item) => outline(item, room));
  const members = Object.entries(value).slice(0, MAX_OUTLINED);
  return Object.fromEntries(members.map(([name, member]) => [name, outline(member, room)]));
}

function cut(text: string): string {
  const safe = printable(text);
  return safe.length > MAX_SHOWN ? `${safe.slice(0, MAX_SHOWN - 1)}…` : safe;
}
