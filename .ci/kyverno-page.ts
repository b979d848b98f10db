/** docs/kyverno.md: what of our kinds becomes what in Kyverno's, from the table that the renderer works by. Pure. */
import { HOLDERS } from '../src/outputs/kyverno/mapping/holders.ts';
import { IMAGES } from '../src/outputs/kyverno/mapping/images.ts';
import { KEYS } from '../src/outputs/kyverno/mapping/keys.ts';
import type { Cell, Row, Treatment } from '../src/outputs/kyverno/mapping/row.ts';

/** The page. */
export function kyvernoReference(): string {
  return [
    '<!-- Generated from src/outputs/kyverno/mapping by make generate; do not edit. -->',
    '# What maps to what in Kyverno',
    '',
    'From every ImageTrustPolicy the operator keeps one Kyverno policy, and `image-trust generate` prints it. This is the ' +
      'table that both work by, measured on Kyverno 1.19.1. [How to use it](enforcement.md).',
    '',
    '| | means | where you see it |',
    '|---|---|---|',
    ...Object.entries(LEGEND).map(([how, [means, seen]]) => `| ${how} | ${means} | ${seen} |`),
    '',
    ...section('Images and Pods', IMAGES),
    ...section('Formats, keys, counts and attestations', KEYS),
    ...section('Certificates, trust roots and the Notary Project', HOLDERS),
  ].join('\n');
}

const LEGEND: Readonly<Record<Treatment, readonly [means: string, seen: string]>> = {
  exact: ['Kyverno decides as the operator does', ''],
  tighter: [
    'Kyverno never admits more, and may refuse what the operator trusts',
    '`refusedOnRestart`, standard error of `generate`',
  ],
  gap: [
    'Kyverno admits something that the operator rejects, and nothing closes it',
    'condition `AdmissionGaps`, standard error of `generate`',
  ],
  none: [
    'not expressible: no policy of that kind is generated',
    '`EnforcementReady` `False`, reason `NotExpressible`; exit code 1 of `generate`',
  ],
};

function section(title: string, rows: Readonly<Record<string, Row>>): readonly string[] {
  const lines = Object.values(rows).map(
    (row) => `| ${escaped(row.feature)} | ${cell(row.ClusterPolicy)} | ${cell(row.ImageValidatingPolicy)} |`,
  );
  return [`## ${title}`, '', '| feature | ClusterPolicy | ImageValidatingPolicy |', '|---|---|---|', ...lines, ''];
}

function cell({ how, text }: Cell): string {
  return `**${how}**: ${escaped(text)}`;
}

function escaped(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('*', '\\*');
}
