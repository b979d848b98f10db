/**
 * The payload of a Notary signature: the descriptor of what was signed. Demands that it is the subject of the claim,
 * by digest, media type and size, and that user metadata is as the claim wants it.
 */
import { isJsonObject, parseStrictJson } from '../../core/strict-json.ts';
import type { Subject } from '../family.ts';
import { Refused } from '../refusal.ts';
import { demandIntegrity, shown } from './integrity.ts';

/** User metadata of the signature: annotations of the descriptor. */
export type Metadata = Readonly<Record<string, string>>;

/** Demands that the payload names this subject; returns the signed metadata. */
export function demandTarget(payload: Uint8Array, subject: Subject): Metadata {
  const document = parseStrictJson(payload, { maxDepth: 16 });
  const target = isJsonObject(document) ? document['targetArtifact'] : undefined;
  demandIntegrity(isJsonObject(target), 'the payload has no targetArtifact');
  const { digest, mediaType, size } = target;
  demandIntegrity(
    typeof digest === 'string' && typeof mediaType === 'string',
    'targetArtifact has no digest or media type',
  );
  demandIntegrity(Number.isSafeInteger(size), 'targetArtifact has no size');
  demandSame('digest', digest, subject.digest);
  demandSame('media type', mediaType, subject.mediaType);
  demandSame('size', size, subject.size);
  return readMetadata(target['annotations']);
}

/** Demands that each of these is among the signed metadata, with exactly this value. */
export function demandMetadata(metadata: Metadata, demanded: Metadata): void {
  for (const [key, value] of Object.entries(demanded)) {
    const found = Object.hasOwn(metadata, key) ? metadata[key] : undefined;
    if (found === value) continue;
    const text = found === undefined ? 'no such metadata' : shown(found);
    throw new Refused('AnnotationMismatch', `metadata ${shown(key)}: expected ${shown(value)}, found ${text}`);
  }
}

function demandSame(what: string, found: unknown, expected: unknown): void {
  if (found === expected) return;
  throw new Refused(
    'DigestMismatch',
    `the signature is for another image: ${what} ${shown(found)}, expected ${shown(expected)}`,
  );
}

function readMetadata(value: unknown): Metadata {
  if (value === undefined || value === null) return {};
  demandIntegrity(isJsonObject(value), 'the annotations of targetArtifact are not an object');
  const entries = Object.entries(value).map(([key, text]): readonly [string, string] => {
    demandIntegrity(typeof text === 'string', `the annotation ${shown(key)} is not text`);
    return [key, text];
  });
  return Object.fromEntries(entries);
}
