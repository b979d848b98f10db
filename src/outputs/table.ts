/**
 * A scan result as a table for people. Pods of one workload that run the same digest are one line with a count.
 * Must never hide a line that is not trusted.
 */
import type { Evidence } from '../core/verdict.ts';
import { type RowState, type ScanResult, stateOf, summarise } from '../core/scan-result.ts';
import { type Cell, renderColumns } from './columns.ts';
import { refusalText } from './report-refusal.ts';
import { containerName, type Line, linesOf, wordsOf } from './lines.ts';

/** How a table is written. */
export interface TableOptions {
  /** With digest, key, signer, the place of the signature, and why Kyverno would not let the Pod in again. */
  readonly wide: boolean;
  /** With ANSI colours. */
  readonly colour: boolean;
}

/** ANSI colours: green, red, yellow, cyan. */
const COLOURS: Readonly<Record<RowState, number>> = { verified: 32, rejected: 31, unknown: 33, excepted: 36 };

/** The table, with a final line break; empty where there are no rows. */
export function renderTable(result: ScanResult, options: TableOptions): string {
  const lines = linesOf(result.rows);
  if (lines.length === 0) return '';
  const wide = options.wide ? ['DIGEST', 'KEY', 'SIGNER', 'SIGNATURE', 'REFUSED ON RESTART'] : [];
  const header = [
    'NAMESPACE',
    'WORKLOAD',
    'CONTAINER',
    'PODS',
    'IMAGE',
    'POLICY',
    'STATE',
    'REASON',
    ...wide,
    'MESSAGE',
  ];
  return renderColumns(
    header,
    lines.map((line) => cellsOf(line, options)),
  );
}

/** One line in words: `5 checks: 3 verified, 1 rejected, 1 unknown, 0 excepted; 2 image uses are covered by no policy`. */
export function renderSummary(result: ScanResult): string {
  const { total, verified, rejected, unknown, excepted, uncovered } = summarise(result);
  const checks = `${count(total, 'check')}: ${verified} verified, ${rejected} rejected, ${unknown} unknown, ${excepted} excepted`;
  if (uncovered === 0) return `${checks}\n`;
  return `${checks}; ${count(uncovered, 'image use')} ${uncovered === 1 ? 'is' : 'are'} covered by no policy\n`;
}

/** Paints the name of a state. */
export function stateCell(state: RowState, colour: boolean): Cell {
  return colour ? { text: state, paint: (text) => `\u001b[${COLOURS[state]}m${text}\u001b[0m` } : { text: state };
}

/** What the evidence says in the columns of a wide table: keys, signers and places, each once. */
export function evidenceCells(evidence: readonly Evidence[]): readonly Cell[] {
  const each = (text: (one: Evidence) => string): Cell => ({ text: [...new Set(evidence.map(text))].join(', ') });
  return [
    each(({ trustedKey }) => trustedKey),
    each(({ identity, fingerprint }) => identity ?? fingerprint),
    each(({ place }) => `${place.repository}@${place.manifest}`),
  ];
}

function cellsOf({ row, pods }: Line, { wide, colour }: TableOptions): readonly Cell[] {
  const { use, policy, outcome } = row;
  const [, reason, message] = wordsOf(row);
  const evidence = outcome.kind === 'judged' ? outcome.verdict.evidence : [];
  return [
    { text: use.namespace },
    { text: `${use.workload.kind}/${use.workload.name}` },
    { text: containerName(use) },
    { text: pods === 0 ? '-' : String(pods) },
    { text: wide ? use.image : withShortDigest(use.image) },
    { text: policy },
    stateCell(stateOf(row), colour),
    { text: reason },
    ...(wide ? [{ text: use.digest ?? '' }, ...evidenceCells(evidence), { text: refusalText(row) }] : []),
    { text: message },
  ];
}

/** Twelve hex digits tell images apart for a reader; the wide table and JSON have them all. */
function withShortDigest(image: string): string {
  return image.replace(/(@sha\d+:[a-f0-9]{12})[a-f0-9]+$/, '$1…');
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
