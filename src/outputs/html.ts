/**
 * A scan result as one HTML page that needs nothing else: no script, no font, no image, so that it can be mailed or kept
 * as an artifact of a build. Owns its escaping: image names, annotations and messages are by strangers.
 * Must never hide a line that is not trusted.
 */
import { printable } from '../core/printable.ts';
import { type RowState, type ScanResult, summarise } from '../core/scan-result.ts';
import { refusalText } from './report-refusal.ts';
import { containerName, type Line, linesOf, wordsOf } from './lines.ts';

/** The page. `at`: the time as of which it was judged. */
export function renderHtml(result: ScanResult, at: Date): string {
  const { total, verified, rejected, unknown, excepted, uncovered } = summarise(result);
  const tiles = [
    tile('verified', verified),
    tile('rejected', rejected),
    tile('unknown', unknown),
    tile('excepted', excepted),
    `<li><b>${uncovered}</b> covered by no policy</li>`,
  ];
  const lines = WORST_FIRST.flatMap((state) => linesOf(result.rows).filter((line) => wordsOf(line.row)[0] === state));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Image trust: ${rejected} of ${total} checks rejected</title>
<style>${STYLE}</style>
</head>
<body>
<h1>Image trust</h1>
<p>${total} checks, judged as of <time datetime="${at.toISOString()}">${at.toISOString()}</time>.</p>
<ul>
${tiles.join('\n')}
</ul>
${tableOf(lines)}${uncoveredOf(result)}</body>
</html>
`;
}

const WORST_FIRST: readonly RowState[] = ['rejected', 'unknown', 'excepted', 'verified'];

const COLUMNS = [
  'State',
  'Reason',
  'Namespace',
  'Workload',
  'Container',
  'Pods',
  'Image',
  'Policy',
  'Severity',
  'Message',
] as const;

const STYLE = `
:root{color-scheme:light dark;--line:#8884}
body{font:14px/1.4 system-ui,sans-serif;margin:2rem}
ul{list-style:none;display:flex;flex-wrap:wrap;gap:1rem;padding:0}
li{border:1px solid var(--line);border-radius:6px;padding:.5rem 1rem}
li b{font-size:1.4rem;display:block}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.4rem .6rem;border-bottom:1px solid var(--line)}
td{overflow-wrap:anywhere}
code{font-size:12px}
.verified{color:#1a7f37}.rejected{color:#cf222e}.unknown{color:#9a6700}.excepted{color:#0969da}
@media (prefers-color-scheme:dark){.verified{color:#3fb950}.rejected{color:#f85149}.unknown{color:#d29922}.excepted{color:#58a6ff}}
`;

function tile(state: RowState, count: number): string {
  return `<li class="${state}"><b>${count}</b> ${state}</li>`;
}

function tableOf(lines: readonly Line[]): string {
  if (lines.length === 0) return '<p>No policy covers anything that runs.</p>\n';
  const head = COLUMNS.map((column) => `<th scope="col">${column}</th>`).join('');
  return `<table>\n<thead><tr>${head}</tr></thead>\n<tbody>\n${lines.map(rowOf).join('\n')}\n</tbody>\n</table>\n`;
}

function rowOf({ row, pods }: Line): string {
  const { use, policy, severity } = row;
  const [state, reason, message] = wordsOf(row);
  const refused = refusalText(row);
  const refusal = refused === '' ? '' : ` Would be refused on restart: ${refused}`;
  const cells = [
    `<td class="${state}">${state}</td>`,
    cell(reason),
    cell(use.namespace),
    cell(`${use.workload.kind}/${use.workload.name}`),
    cell(containerName(use)),
    cell(pods === 0 ? '-' : String(pods)),
    `<td><code>${escaped(use.image)}</code>${use.digest === undefined ? '' : `<br><code>${escaped(use.digest)}</code>`}</td>`,
    cell(policy),
    cell(severity),
    cell(`${message}${refusal}`),
  ];
  return `<tr>${cells.join('')}</tr>`;
}

function uncoveredOf({ uncovered }: ScanResult): string {
  if (uncovered.length === 0) return '';
  const items = uncovered.map(
    (use) =>
      `<tr>${cell(use.namespace)}${cell(`${use.workload.kind}/${use.workload.name}`)}${cell(containerName(use))}${cell(use.image)}</tr>`,
  );
  return `<h2>Covered by no policy</h2>\n<table>\n<tbody>\n${[...new Set(items)].join('\n')}\n</tbody>\n</table>\n`;
}

function cell(text: string): string {
  return `<td>${escaped(text)}</td>`;
}

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ["'", '&#39;'],
]);

/** Text as text: nothing of it is markup, and nothing of it is invisible or turns its surroundings around. */
function escaped(text: string): string {
  return printable(text).replace(/[&<>"']/g, (character) => ENTITIES.get(character) ?? '');
}
