/**
 * The audit of hand-written image policies of Kyverno: which policies, which holes, as a document and as text. Owns the
 * order and the wording; the holes themselves are found in the files beside.
 */
import * as z from 'zod';
import { API_VERSION } from '../../api/group.ts';
import type { ManifestDocument } from '../../core/manifests/load.ts';
import { formatPath } from '../../core/manifests/problem.ts';
import { printable } from '../../core/printable.ts';
import { holesInClusterPolicy } from './cluster-policy.ts';
import type { Hole } from './hole.ts';
import { fixOf, HOLE_SEVERITIES } from './row.ts';
import { type HoleCode, HOLES } from './table.ts';
import { holesInValidatingPolicy } from './validating-policy.ts';

const codes = Object.keys(HOLES).filter((name): name is HoleCode => Object.hasOwn(HOLES, name));
const text = z.string();
const place = {
  file: text,
  document: z.int().min(1).describe('Number of the document in its file, from 1.'),
  kind: text,
  namespace: text.exactOptional(),
  name: text.describe('Name of the policy.'),
};

/** What `image-trust audit -o json` writes. */
export const AuditResultSchema = z
  .strictObject({
    apiVersion: z.literal(API_VERSION),
    kind: z.literal('AuditResult'),
    summary: z.strictObject({ policies: z.int().min(0), holes: z.int().min(0) }),
    policies: z.array(z.strictObject(place)).describe('Every image policy that was looked at.'),
    holes: z
      .array(
        z.strictObject({
          code: z.enum(codes).describe('Which hole; see kyverno-holes.md.'),
          title: text,
          severity: z.enum(HOLE_SEVERITIES),
          ...place,
          line: z.int().min(1).describe('Absent where the file is too large to look.').exactOptional(),
          column: z.int().min(1).exactOptional(),
          path: text.describe('The field: spec.rules[0].verifyImages[0].useCache.'),
          found: text.describe('What stands there.'),
          lets: text.describe('What it lets in.'),
          fix: text.describe('What to write.'),
        }),
      )
      .describe('In the order of the files, the worst first within a policy.'),
  })
  .describe('Result of image-trust audit.');
/** What `image-trust audit -o json` writes. */
export type AuditDocument = z.output<typeof AuditResultSchema>;

type HoleDocument = AuditDocument['holes'][number];

/** Looks at documents; those that are no image policy of Kyverno are passed over. */
export function audit(documents: readonly ManifestDocument[]): AuditDocument {
  const looked = documents.flatMap((document) => {
    const holes = holesIn(document);
    return holes === undefined ? [] : [{ document, holes }];
  });
  const holes = looked.flatMap(({ document, holes: own }) =>
    own.map((hole) => holeDocument(document, hole)).sort(byWeight),
  );
  return {
    apiVersion: API_VERSION,
    kind: 'AuditResult',
    summary: { policies: looked.length, holes: holes.length },
    policies: looked.map(({ document }) => placeOf(document)),
    holes,
  };
}

function holesIn(document: ManifestDocument): readonly Hole[] | undefined {
  const { apiVersion, kind } = document;
  if (apiVersion.startsWith('kyverno.io/') && /^(Cluster)?Policy$/.test(kind)) return holesInClusterPolicy(document);
  if (apiVersion.startsWith('policies.kyverno.io/') && /^(Namespaced)?ImageValidatingPolicy$/.test(kind))
    return holesInValidatingPolicy(document);
  return undefined;
}

function byWeight(a: HoleDocument, b: HoleDocument): number {
  const [left, right] = [a, b].map(({ severity }) => HOLE_SEVERITIES.indexOf(severity));
  return (left ?? 0) - (right ?? 0) || (a.line ?? 0) - (b.line ?? 0) || (a.code < b.code ? -1 : 1);
}

function placeOf({ file, document, kind, object }: ManifestDocument): AuditDocument['policies'][number] {
  const metadata: object =
    typeof object['metadata'] === 'object' && object['metadata'] !== null ? object['metadata'] : {};
  const name = 'name' in metadata ? String(metadata.name) : '';
  const namespace = 'namespace' in metadata ? String(metadata.namespace) : undefined;
  return { file, document, kind, ...(namespace === undefined ? {} : { namespace }), name };
}

function holeDocument(document: ManifestDocument, { code, path, detail }: Hole): HoleDocument {
  const row = HOLES[code];
  const { title, severity, lets } = row;
  const position = document.positionOf(path);
  return {
    code,
    title,
    severity,
    ...placeOf(document),
    ...(position === undefined ? {} : { line: position.line, column: position.column }),
    path: formatPath([...document.path, ...path]),
    found: detail,
    lets,
    fix: fixOf(row, document.kind.endsWith('ImageValidatingPolicy') ? 'I' : 'C'),
  };
}

/** For people: one paragraph per hole, and a line that sums up. */
export function renderAudit({ holes, summary }: AuditDocument): string {
  const paragraphs = holes.map(paragraphOf);
  const policies = summary.policies === 1 ? '1 policy' : `${summary.policies} policies`;
  const bySeverity = HOLE_SEVERITIES.map((severity) => ({
    severity,
    count: holes.filter((hole) => hole.severity === severity).length,
  }));
  const counts = bySeverity.filter(({ count }) => count > 0).map(({ severity, count }) => `${count} ${severity}`);
  const sum =
    holes.length === 0
      ? 'no holes'
      : `${holes.length === 1 ? '1 hole' : `${holes.length} holes`}: ${counts.join(', ')}`;
  return `${paragraphs.join('')}${policies}, ${sum}\n`;
}

function paragraphOf({
  code,
  severity,
  file,
  line,
  column,
  kind,
  namespace,
  name,
  path,
  title,
  ...rest
}: HoleDocument): string {
  const at = line === undefined ? file : `${file}:${line}:${column ?? 1}`;
  const policy = `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
  const lines = [
    `${at}: ${severity}: ${code}: ${title}`,
    `  in       ${policy}${path === '' ? '' : `, ${path}`}`,
    `  found    ${rest.found}`,
    `  lets in  ${rest.lets}`,
    `  fix      ${rest.fix}`,
  ];
  return `${lines.map(printable).join('\n')}\n\n`;
}
