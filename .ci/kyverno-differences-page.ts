/** docs/kyverno-differences.md: where Kyverno decides otherwise than the engine, from the table that the proof goes by. Pure. */
import { DIFFERENCES, type Difference, NOT_EXPRESSIBLE } from '../test/kyverno/differences.ts';
import { treatmentOf } from '../src/outputs/kyverno/mapping.ts';
import type { KyvernoFormat } from '../src/outputs/kyverno/rendering.ts';

const TITLES = {
  admitted: 'Let in by Kyverno, though the engine does not trust it',
  refused: 'Refused by Kyverno, though the engine trusts it',
} as const;

/** The page. */
export function differencesReference(): string {
  const all = Object.entries(DIFFERENCES) as readonly (readonly [string, Difference])[];
  const parts = (['admitted', 'refused'] as const).flatMap((kind) => [
    `## ${TITLES[kind]}`,
    '',
    ...all.filter(([, difference]) => difference.kind === kind).flatMap(([name, one]) => sectionOf(name, one)),
  ]);
  return [
    '<!-- Generated from test/kyverno/differences.ts by make generate; do not edit. -->',
    '# Where Kyverno decides otherwise than we do',
    '',
    '`make test-real` tries every image of `test/fixtures`, and images made for each demand of a policy, on the real ' +
      'Kyverno 1.19.1 under the policies that are generated, and asks the engine (`image-trust scan`) about the same ' +
      'Pods. They agree but for what stands here. A difference that is not in this list fails the suite, and so does ' +
      'one that is listed and gone. What a policy of yours lets in is in its condition `AdmissionGaps`, and what would ' +
      'be refused in `refusedOnRestart`.',
    '',
    ...parts,
    '## Not generated',
    '',
    'These cases have no policy: the kind cannot express them (`EnforcementReady=False`, reason `NotExpressible`).',
    '',
    '| case | why |',
    '|---|---|',
    ...Object.entries(NOT_EXPRESSIBLE).map(
      ([name, feature]) => `| ${name} | ${treatmentOf(feature, formatIn(name)).text} |`,
    ),
    '',
  ].join('\n');
}

function sectionOf(name: string, { reason, registry, cells }: Difference): readonly string[] {
  const where = registry === undefined ? '' : ` Only on a registry with ${registry}.`;
  const rows = Object.entries(cells).map(
    ([one, fixtures]) => `| ${one} | ${fixtures.map((fixture) => `\`${fixture}\``).join(', ')} |`,
  );
  return [`### ${name}`, '', `${capital(reason)}.${where}`, '', '| case | images |', '|---|---|', ...rows, ''];
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** `k1 as ClusterPolicy, Legacy` */
function formatIn(name: string): KyvernoFormat {
  return name.includes(' as ClusterPolicy') ? 'ClusterPolicy' : 'ImageValidatingPolicy';
}
