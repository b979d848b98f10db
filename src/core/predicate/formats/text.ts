/**
 * Text of values as Go makes it: order by bytes, JSON by encoding/json, and fmt.Sprint, by which Kyverno's operators
 * compare members of lists.
 */
import type { Evaluation } from '../evaluation.ts';
import { sprintFloat } from './number.ts';

const MAX_INT64 = 2 ** 63;

/** Order by bytes of UTF-8, which is that by code points; JavaScript compares code units. */
export function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at += 1) {
    const [left, right] = [a.charCodeAt(at), b.charCodeAt(at)];
    if (left !== right) return rank(left) - rank(right);
  }
  return a.length - b.length;
}

/** The names of an object in the order of Go, which sorts them. */
export function sortedNames(object: object): readonly string[] {
  return Object.keys(object).sort(compareText);
}

/**
 * json.Marshal: names sorted, and <, >, & and two line separators escaped. What an expression made may hold one value many
 * times over, so that the text is far larger than what was walked to make it: each part counts as work where there is an
 * evaluation to count it.
 */
export function goJson(value: unknown, evaluation?: Evaluation): string {
  evaluation?.spend();
  if (Array.isArray(value)) return `[${value.map((item) => goJson(item, evaluation)).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = new Map(Object.entries(value));
    return `{${sortedNames(value)
      .map((name) => `${quote(name, evaluation)}:${goJson(members.get(name), evaluation)}`)
      .join(',')}}`;
  }
  return typeof value === 'string' ? quote(value, evaluation) : JSON.stringify(value ?? null);
}

/** fmt.Sprint of a value that stands alone: Kyverno has every number there as a float. */
export function sprint(value: unknown, evaluation: Evaluation): string {
  return typeof value === 'number' ? sprintFloat(value) : sprintMember(value, evaluation);
}

/** fmt.Sprint of a member of a list or map: Kyverno has whole numbers there as int64. */
export function sprintMember(value: unknown, evaluation: Evaluation): string {
  evaluation.spend();
  if (value === null || value === undefined) return '<nil>';
  if (Array.isArray(value)) return `[${value.map((item) => sprintMember(item, evaluation)).join(' ')}]`;
  if (typeof value === 'object') return `map[${sprintMembers(value, evaluation)}]`;
  if (typeof value === 'string') {
    evaluation.spendText(value);
    return value;
  }
  if (typeof value !== 'number') return JSON.stringify(value);
  return Number.isInteger(value) && Math.abs(value) < MAX_INT64 ? BigInt(value).toString() : sprintFloat(value);
}

function sprintMembers(object: object, evaluation: Evaluation): string {
  const members = new Map(Object.entries(object));
  return sortedNames(object)
    .map((name) => `${name}:${sprintMember(members.get(name), evaluation)}`)
    .join(' ');
}

/** Surrogates stand for code points above all of the plane below them. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

function quote(text: string, evaluation: Evaluation | undefined): string {
  evaluation?.spendText(text);
  return JSON.stringify(text).replace(
    /[<>&\u2028\u2029]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
