/**
 * in-toto statements (in-toto/attestation spec, v0.1 and v1): what an attestation, or a cosign 3 signature, says of which
 * images. Owns reading and the demands on type, subject and annotations. Reading proves nothing: the demands count
 * only for a statement whose signature was verified.
 */
import { isJsonObject, parseStrictJson } from '../../core/strict-json.ts';
import { hexOf, algorithmOf } from '../../core/digest.ts';
import type { Claim, Subject } from '../family.ts';
import { Refused } from '../refusal.ts';
import { demandAnnotations, stringEntries } from './annotations.ts';
import type { Envelope } from './envelope.ts';
import { quoted } from './quoted.ts';

/** The only payload type that is a statement. */
const PAYLOAD_TYPE = 'application/vnd.in-toto+json';

const STATEMENT_TYPES: readonly unknown[] = ['https://in-toto.io/Statement/v0.1', 'https://in-toto.io/Statement/v1'];

/** What cosign 3 signs: a statement of this type is a signature, every other is an attestation (signing.md trap 2). */
const SIGNATURE_PREDICATE = 'https://sigstore.dev/cosign/sign/v1';

/** A statement, read and not trusted. */
export interface Statement {
  readonly predicateType: string;
  readonly subjects: readonly StatementSubject[];
  readonly predicate?: unknown;
}

/** One of the things that a statement is about. */
export interface StatementSubject {
  readonly digests: Readonly<Record<string, unknown>>;
  readonly annotations: Readonly<Record<string, unknown>>;
}

/** Reads the statement in an envelope. Duplicate keys and keys in another case are no statement (trap 5). */
export function readStatement({ payloadType, payload }: Envelope): Statement {
  if (payloadType !== PAYLOAD_TYPE) throw malformed(`payload type ${PAYLOAD_TYPE}`, quoted(payloadType));
  const json = parseStrictJson(payload);
  if (!isJsonObject(json)) throw malformed('an object', 'something else');
  if (!STATEMENT_TYPES.includes(json['_type']))
    throw malformed('_type https://in-toto.io/Statement/v0.1 or v1', shown(json['_type']));
  if (typeof json.predicateType !== 'string') throw malformed('a predicateType', shown(json.predicateType));
  if (!Array.isArray(json.subject)) throw malformed('a list of subjects', shown(json.subject));
  return { predicateType: json.predicateType, subjects: json.subject.map(subjectOf), predicate: json.predicate };
}

/**
 * Demands a statement of the type that is claimed: the one kind never stands for the other. May run before the signature
 * is verified, for it can only refuse.
 */
export function demandPredicateType(statement: Statement, demands: Claim['demands']): void {
  const { predicateType } = statement;
  switch (demands.type) {
    case 'signature':
      if (predicateType === SIGNATURE_PREDICATE) return;
      throw new Refused(
        'NoSignature',
        `this is an attestation (predicate type ${quoted(predicateType)}), which says nothing about trust in the image itself: expected a signature (${SIGNATURE_PREDICATE})`,
      );
    case 'attestation':
      if (predicateType === demands.predicateType) return;
      throw new Refused(
        'AttestationMissing',
        `expected an attestation of predicate type ${quoted(demands.predicateType)}, found ${quoted(predicateType)}`,
      );
  }
}

/**
 * Demands that the statement names the subject, with the annotations that are claimed; gives the signed annotations of
 * that subject. Where several entries name it, one of them has to carry all annotations.
 */
export function demandSubject(
  statement: Statement,
  subject: Subject,
  wanted: Claim['annotations'],
): Readonly<Record<string, string>> {
  const named = statement.subjects.filter(
    ({ digests }) =>
      Object.hasOwn(digests, algorithmOf(subject.digest)) &&
      digests[algorithmOf(subject.digest)] === hexOf(subject.digest),
  );
  const [first] = named;
  if (first === undefined)
    throw new Refused(
      'DigestMismatch',
      `the signature names ${describe(statement.subjects)}, expected ${subject.digest}`,
    );
  const fitting =
    named.find(({ annotations }) =>
      Object.entries(wanted).every(([key, value]) => Object.hasOwn(annotations, key) && annotations[key] === value),
    ) ?? first;
  demandAnnotations(fitting.annotations, wanted);
  return stringEntries(fitting.annotations);
}

function subjectOf(subject: unknown): StatementSubject {
  if (!isJsonObject(subject)) throw malformed('subjects that are objects', shown(subject));
  return {
    digests: objectOrEmpty(subject.digest, 'digest'),
    annotations: objectOrEmpty(subject.annotations, 'annotations'),
  };
}

function objectOrEmpty(value: unknown, field: string): Readonly<Record<string, unknown>> {
  if (value === undefined || value === null) return {};
  if (!isJsonObject(value)) throw malformed(`subject[].${field} to be an object`, shown(value));
  return value;
}

function describe(subjects: readonly StatementSubject[]): string {
  const names = subjects.slice(0, 3).flatMap(({ digests }) =>
    Object.entries(digests)
      .slice(0, 2)
      .map(([algorithm, hex]) => `${algorithm}:${String(hex)}`),
  );
  if (names.length === 0) return 'no digest';
  return `${names.map((name) => quoted(name)).join(', ')}${subjects.length > 3 ? ` and ${subjects.length - 3} more` : ''}`;
}

function shown(value: unknown): string {
  return typeof value === 'string' ? quoted(value) : typeof value;
}

function malformed(expected: string, found: string): Refused {
  return new Refused('SignatureInvalid', `in-toto statement: expected ${expected}, found ${found}`);
}
