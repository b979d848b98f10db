/** docs/kyverno-holes.md: the holes of hand-written Kyverno policies, from the table of `image-trust audit`. Pure. */
import { fixOf, HOLE_SEVERITIES, type HoleRow } from '../src/outputs/holes/row.ts';
import { HOLES } from '../src/outputs/holes/table.ts';

const KINDS = {
  C: 'ClusterPolicy, Policy',
  I: 'ImageValidatingPolicy',
  'C, I': 'ClusterPolicy, Policy, ImageValidatingPolicy',
} as const;

/** The page. */
export function holesReference(): string {
  const intro = [
    '<!-- Generated from src/outputs/holes by make generate; do not edit. -->',
    '# Holes in hand-written Kyverno policies',
    '',
    'What image policies of Kyverno let in although they look as if they did not, measured on Kyverno 1.19.1. ' +
      '`image-trust audit` names the ones that a policy has, with the line:',
    '',
    '```sh',
    'image-trust audit -f policies/',
    'kubectl get clusterpolicies,policies -A -o yaml | image-trust audit -f -',
    '```',
    '',
    'Each has an example to try it with, in the folder `kyverno-holes` beside this page: `# <-` marks the line. ' +
      'What `image-trust generate` and the operator write is checked by the same audit. ' +
      'critical: lets in images that nobody signed. high: an attacker gets past. medium and low: refuses what is good, or breaks.',
    '',
    '| hole | severity | kinds |',
    '|---|---|---|',
  ];
  const all = Object.entries(HOLES);
  const sorted = HOLE_SEVERITIES.flatMap((severity) => all.filter(([, row]) => row.severity === severity));
  const index = sorted.map(
    ([code, { severity, kinds }]) => `| [${code}](#${code.toLowerCase()}) | ${severity} | ${KINDS[kinds]} |`,
  );
  return [...intro, ...index, '', ...sorted.map(([code, row]) => sectionOf(code, row))].join('\n');
}

/** The examples of a hole, from the root of the repository: one for each kind that has it. */
export function exampleFiles(code: string, { kinds }: HoleRow): readonly string[] {
  const all = { C: 'ClusterPolicy', I: 'ImageValidatingPolicy' } as const;
  return (['C', 'I'] as const)
    .filter((kind) => kinds.includes(kind))
    .map((kind) => `docs/kyverno-holes/${code}.${all[kind]}.yaml`);
}

function sectionOf(code: string, row: HoleRow): string {
  const fixes = (['C', 'I'] as const)
    .filter((kind) => row.kinds.includes(kind))
    .map((kind) => ({ kind, fix: fixOf(row, kind) }));
  const [first] = fixes;
  const same = fixes.every(({ fix }) => fix === first?.fix);
  const lines = same
    ? [`**Fix:** ${first?.fix ?? ''}`]
    : fixes.map(({ kind, fix }) => `**Fix (${KINDS[kind]}):** ${fix}`);
  return [
    `## ${code}`,
    '',
    `${row.title}. Severity: ${row.severity}.`,
    '',
    `**Lets in:** ${row.lets}`,
    '',
    lines.join('\n\n'),
    '',
    '```sh',
    ...exampleFiles(code, row).map((file) => `image-trust audit -f ${file}`),
    '```',
    '',
  ].join('\n');
}
