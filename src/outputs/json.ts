/**
 * Results as documents, and documents as JSON or YAML. The shapes are those of schemas.ts; the compiler holds them
 * together. Must never lose a row or make one up.
 */
import { stringify } from 'yaml';
import { API_VERSION } from '../api/group.ts';
import type { ImageUse } from '../core/image-use.ts';
import { formatReference } from '../core/reference.ts';
import { type ScanResult, type ScanRow, summarise } from '../core/scan-result.ts';
import type { Evidence, Verdict } from '../core/verdict.ts';
import type { EvidenceDocument, ScanDocument, UseDocument } from './schemas.ts';

/** A scan result as a document of kind ScanResult. */
export function scanDocument(result: ScanResult): ScanDocument {
  return {
    apiVersion: API_VERSION,
    kind: 'ScanResult',
    summary: summarise(result),
    results: result.rows.map(rowDocument),
    uncovered: result.uncovered.map(useDocument),
  };
}

/** JSON with two spaces and a final line break. Controls and invisible characters are escaped: terminals see it too. */
export function renderJson(document: unknown): string {
  return `${JSON.stringify(document, undefined, 2).replace(UNSAFE, jsonEscape)}\n`;
}

/**
 * A stream of YAML documents that every Kubernetes tool reads alike: no anchors, and `no` in quotes (YAML 1.1).
 * Where a text has characters that a terminal must not see, all texts are quoted: only there YAML has escapes.
 */
export function renderYaml(documents: readonly unknown[]): string {
  const written = documents.map((document) => {
    const plain = stringify(document, YAML_OPTIONS);
    if (plain.search(UNSAFE) < 0) return plain;
    return stringify(document, { ...YAML_OPTIONS, ...QUOTED }).replace(UNSAFE, yamlEscape);
  });
  return written.join('---\n');
}

/** The parts of a verdict as they are written. */
export function verdictFields(verdict: Verdict): Pick<Verdict, 'reason' | 'message'> & {
  readonly evidence: EvidenceDocument[];
  readonly entries: ScanEntries;
  readonly notes: string[];
} {
  return {
    reason: verdict.reason,
    message: verdict.message,
    evidence: verdict.evidence.map(evidenceDocument),
    entries: [...verdict.entries],
    notes: [...verdict.notes],
  };
}

/** What Kyverno makes of the forms is told as a refusal, in words. */
function evidenceDocument(evidence: Evidence): EvidenceDocument {
  const { forms: _, ...shown } = evidence;
  return { ...shown, notes: [...evidence.notes] };
}

const YAML_OPTIONS = { aliasDuplicateObjects: false, lineWidth: 0, version: '1.2', compat: 'yaml-1.1' } as const;
const QUOTED = { defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'QUOTE_DOUBLE' } as const;

/** Characters that a terminal must not see; line breaks are the renderer's own. */
const UNSAFE = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** JSON escapes UTF-16 units, YAML code points: readers of YAML in Go refuse halves of a pair. */
function jsonEscape(character: string): string {
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
  return units.map((unit) => `\\u${hex(unit, 4)}`).join('');
}

function yamlEscape(character: string): string {
  const point = character.codePointAt(0) ?? 0;
  return point > 0xffff ? `\\U${hex(point, 8)}` : `\\u${hex(point, 4)}`;
}

function hex(number: number, digits: number): string {
  return number.toString(16).padStart(digits, '0');
}

type ScanEntries = Extract<ScanDocument['results'][number], { entries: unknown }>['entries'];

function rowDocument({ policy, severity, use, outcome, refusal }: ScanRow): ScanDocument['results'][number] {
  const base = { policy, severity, ...useDocument(use) };
  if (outcome.kind === 'judged') {
    const refused = refusal === undefined ? {} : { refusedOnRestart: { ...refusal } };
    return { ...base, state: outcome.verdict.state, ...verdictFields(outcome.verdict), ...refused };
  }
  const { reason, expiresAt } = outcome;
  return { ...base, state: 'excepted', exception: { reason, ...(expiresAt === undefined ? {} : { expiresAt }) } };
}

function useDocument(use: ImageUse): UseDocument {
  const { namespace, workload, pod, container, containerType, image, reference, digest, digestSource } = use;
  return {
    namespace,
    workload,
    ...(pod === undefined ? {} : { pod }),
    container,
    containerType,
    image,
    reference: formatReference(reference),
    ...(digest === undefined ? {} : { digest }),
    digestSource,
  };
}
