/**
 * The output formats of the command line: which renderer writes which. Must never decide what is shown.
 */
import { renderHtml } from '../outputs/html.ts';
import { renderJson, renderYaml, scanDocument } from '../outputs/json.ts';
import { policyReports } from '../outputs/policy-report.ts';
import { renderSummary, renderTable } from '../outputs/table.ts';
import { renderVerifyTable, verifyDocument, type VerifyRow } from '../outputs/verify-result.ts';
import type { ScanResult } from '../core/scan-result.ts';
import { type Terminal, useColour } from './terminal.ts';

/** Formats of `scan -o`. */
export const SCAN_FORMATS = ['table', 'wide', 'json', 'yaml', 'policyreport', 'html'] as const;
export type ScanFormat = (typeof SCAN_FORMATS)[number];

/** Formats of `verify -o`. */
export const VERIFY_FORMATS = ['table', 'wide', 'json', 'yaml'] as const;
export type VerifyFormat = (typeof VERIFY_FORMATS)[number];

/** The result of a scan as text. `now` is the time as of which it was judged. */
export function renderScan(
  result: ScanResult,
  format: ScanFormat,
  { terminal, now }: { terminal: Terminal; now: Date },
): string {
  switch (format) {
    case 'table':
    case 'wide': {
      const options = { wide: format === 'wide', colour: useColour(terminal.stdout, terminal.env) };
      return `${renderTable(result, options)}\n${renderSummary(result)}`;
    }
    case 'json':
      return renderJson(scanDocument(result));
    case 'yaml':
      return renderYaml([scanDocument(result)]);
    case 'policyreport':
      return renderYaml(policyReports(result.rows, () => now));
    case 'html':
      return renderHtml(result, now);
  }
}

/** The results of `verify` as text. */
export function renderVerify(rows: readonly VerifyRow[], format: VerifyFormat, terminal: Terminal): string {
  switch (format) {
    case 'table':
    case 'wide':
      return renderVerifyTable(rows, { wide: format === 'wide', colour: useColour(terminal.stdout, terminal.env) });
    case 'json':
      return renderJson(verifyDocument(rows));
    case 'yaml':
      return renderYaml([verifyDocument(rows)]);
  }
}
