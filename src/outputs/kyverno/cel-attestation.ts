/** What an attestation's predicate must say, as CEL over `predicate`. Must never let a user's text end our expression. */
import type { Attestation } from '../../api/attestor.ts';
import { celCondition } from './cel-conditions.ts';
import type { Ledger } from './ledger.ts';

/** CEL, or undefined where nothing is demanded; what has no counterpart is noted, and then nothing is generated. */
export function attestationCondition(
  attestation: Attestation | undefined,
  index: number,
  ledger: Ledger,
): string | undefined {
  const where = `spec.attestations[${index}]`;
  const parts: string[] = [];
  if (attestation?.conditions !== undefined) {
    const condition = celCondition(attestation.conditions);
    ledger.note(condition === undefined ? 'conditionsOther' : 'conditions', `${where}.conditions`);
    if (condition !== undefined) parts.push(condition);
  }
  if (attestation?.expression !== undefined) {
    const closed = isClosed(attestation.expression);
    ledger.note(closed ? 'expression' : 'expressionOpen', `${where}.expression`);
    // The line break ends a comment.
    if (closed) parts.push(`(${attestation.expression}\n)`);
  }
  return parts.length === 0 ? undefined : parts.join('\n&& ');
}

/** Are brackets and quotes closed within the text? Else it could go on into what we write behind it. */
function isClosed(expression: string): boolean {
  const open: string[] = [];
  for (const token of tokensOf(expression)) {
    if (token === undefined) return false;
    const opening = CLOSES[token];
    if (opening === undefined) open.push(token);
    else if (open.pop() !== opening) return false;
  }
  return open.length === 0;
}

const CLOSES: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' };

/** Brackets outside of texts and comments; undefined where a text is not closed. */
function tokensOf(expression: string): readonly (string | undefined)[] {
  const token =
    /\/\/[^\n]*|(?:[rR]"""[^]*?"""|[rR]'''[^]*?'''|[rR]"[^"\n]*"|[rR]'[^'\n]*')|(?:"""(?:\\[^]|[^\\])*?"""|'''(?:\\[^]|[^\\])*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|["']|[()[\]{}]/g;
  return [...expression.matchAll(token)].flatMap(([text]) => {
    if (text === '"' || text === "'") return [undefined];
    return text.length === 1 ? [text] : [];
  });
}
