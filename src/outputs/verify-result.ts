/**
 * The result of `image-trust verify`: images that somebody asked about by name, as a document and as a table.
 * Must never know a cluster.
 */
import { API_VERSION } from '../api/group.ts';
import type { Digest } from '../core/digest.ts';
import { formatReference, type ImageReference } from '../core/reference.ts';
import type { Verdict } from '../core/verdict.ts';
import { renderColumns } from './columns.ts';
import { verdictFields } from './json.ts';
import type { VerifyDocument } from './schemas.ts';
import { evidenceCells, stateCell, type TableOptions } from './table.ts';

/** One image and its verdict. */
export interface VerifyRow {
  /** As it was given. */
  readonly image: string;
  readonly reference: ImageReference;
  /** What it leads to; absent where that could not be found out. */
  readonly digest?: Digest;
  readonly verdict: Verdict;
}

/** The rows as a document of kind VerifyResult, in their order. */
export function verifyDocument(rows: readonly VerifyRow[]): VerifyDocument {
  const count = (state: Verdict['state']): number => rows.filter(({ verdict }) => verdict.state === state).length;
  const summary = {
    total: rows.length,
    verified: count('verified'),
    rejected: count('rejected'),
    unknown: count('unknown'),
  };
  const results = rows.map(({ image, reference, digest, verdict }) => ({
    image,
    reference: formatReference(reference),
    ...(digest === undefined ? {} : { digest }),
    state: verdict.state,
    ...verdictFields(verdict),
  }));
  return { apiVersion: API_VERSION, kind: 'VerifyResult', summary, results };
}

/** The rows as a table, in their order. */
export function renderVerifyTable(rows: readonly VerifyRow[], { wide, colour }: TableOptions): string {
  const header = ['IMAGE', 'STATE', 'REASON', ...(wide ? ['DIGEST', 'KEY', 'SIGNER', 'SIGNATURE'] : []), 'MESSAGE'];
  const lines = rows.map(({ image, digest, verdict }) => [
    { text: image },
    stateCell(verdict.state, colour),
    { text: verdict.reason },
    ...(wide ? [{ text: digest ?? '' }, ...evidenceCells(verdict.evidence)] : []),
    { text: verdict.message },
  ]);
  return renderColumns(header, lines);
}
