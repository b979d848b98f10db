/**
 * Manifests and indexes out of raw bytes. Owns their grammar and the refusal of what can be read two ways
 * (CVE-2021-41190: one document that is an index to one reader and an image to another).
 * Must never trust `artifactType` of a descriptor.
 */
import { type Digest, isDigest } from '../core/digest.ts';
import { invalid } from '../core/failure.ts';
import { asObject, isObject, type JsonObject, kindOf, parseJsonObject } from './json.ts';
import { OCI_INDEX, OCI_MANIFEST, shapeOf } from './media-type.ts';
import { type Descriptor, LIMITS, type Manifest } from './source.ts';

/** RFC 6838, 4.2, as the OCI image specification demands of media types ("Properties" of descriptors). */
const MEDIA_TYPE =
  /^[A-Za-z0-9][A-Za-z0-9!#$&\-^_.+]{0,126}\/[A-Za-z0-9][A-Za-z0-9!#$&\-^_.+]{0,126}(?:\s*;.{0,200})?$/;

/** Bytes that have been hashed already, and what was said about them. */
export interface ManifestBytes {
  readonly bytes: Uint8Array;
  readonly digest: Digest;
  /** Content-Type without parameters, or the media type of the descriptor that led here. */
  readonly contentType?: string | undefined;
  /** For messages: `registry.example.com/app:v1`. */
  readonly where: string;
}

/** Parses a manifest. Throws invalid and names the place where it is not what the image specification says. */
export function parseManifest({ bytes, digest, contentType, where }: ManifestBytes): Manifest {
  const json = parseJsonObject(bytes, where);
  if (json.schemaVersion !== 2) throw invalid(`${where}: schemaVersion`, '2', shown(json.schemaVersion));
  const mediaType = demandMediaType(json, contentType, where);
  demandOneShape(json, mediaType, where);
  const artifactType = optionalText(json.artifactType, `${where}: artifactType`);
  const config = optionalDescriptor(json.config, `${where}: config`);
  const subject = optionalDescriptor(json.subject, `${where}: subject`);
  return {
    digest,
    mediaType,
    bytes,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(config === undefined ? {} : { config }),
    layers: descriptors(json.layers, `${where}: layers`),
    manifests: descriptors(json.manifests, `${where}: manifests`),
    ...(subject === undefined ? {} : { subject }),
    annotations: annotationsOf(json.annotations, `${where}: annotations`),
  };
}

/**
 * The descriptors of an index of referrers. An entry that no client could fetch (an unknown digest algorithm, no size)
 * is passed over, so that one bad entry beside good ones changes nothing; a list that is none throws invalid.
 */
export function parseReferrerIndex(bytes: Uint8Array, where: string): readonly Descriptor[] {
  const json = parseJsonObject(bytes, where);
  if (json.manifests === undefined || json.layers !== undefined) {
    throw invalid(where, 'an image index', 'a document without manifests, or with layers');
  }
  return listOf(json.manifests, `${where}: manifests`).flatMap((entry) => usableDescriptor(entry, where));
}

/** A list cut at the cap on referrers, each digest once, in the order of the list. */
export function boundedReferrers(all: readonly Descriptor[]): {
  descriptors: readonly Descriptor[];
  truncated: boolean;
} {
  const first = new Map<Digest, Descriptor>();
  for (const descriptor of all) if (!first.has(descriptor.digest)) first.set(descriptor.digest, descriptor);
  const unique = [...first.values()];
  const cap = LIMITS.referrersPerSubject;
  return { descriptors: unique.slice(0, cap), truncated: unique.length > cap };
}

/** A descriptor, checked. Throws invalid with the path of what is wrong. */
export function parseDescriptor(value: unknown, where: string): Descriptor {
  const json = asObject(value, where);
  const { mediaType, digest, size } = json;
  if (typeof mediaType !== 'string' || !MEDIA_TYPE.test(mediaType)) {
    throw invalid(`${where}.mediaType`, 'a media type', shown(mediaType));
  }
  if (typeof digest !== 'string' || !isDigest(digest)) {
    throw invalid(`${where}.digest`, 'sha256: or sha512: and lower-case hex', shown(digest));
  }
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
    throw invalid(`${where}.size`, 'a number of bytes', shown(size));
  }
  return { mediaType, digest, size, annotations: annotationsOf(json.annotations, `${where}.annotations`) };
}

/** The media type of the body wins; what the transport says must not promise another manifest. */
function demandMediaType(json: JsonObject, contentType: string | undefined, where: string): string {
  const own = optionalText(json.mediaType, `${where}: mediaType`);
  if (own === undefined) return inferredMediaType(json, contentType, where);
  if (!MEDIA_TYPE.test(own)) throw invalid(`${where}: mediaType`, 'a media type', shown(own));
  const promised = contentType === undefined || shapeOf(contentType) === 'other' ? own : contentType;
  if (promised !== own) throw invalid(`${where}: mediaType`, `${promised}, as the registry calls it`, own);
  return own;
}

function inferredMediaType(json: JsonObject, contentType: string | undefined, where: string): string {
  if (contentType !== undefined && shapeOf(contentType) !== 'other') return contentType;
  if (json.manifests !== undefined) return OCI_INDEX;
  if (json.config !== undefined && json.layers !== undefined) return OCI_MANIFEST;
  throw invalid(where, 'an image manifest or an image index', 'a document that is neither');
}

function demandOneShape(json: JsonObject, mediaType: string, where: string): void {
  const index = json.manifests !== undefined;
  const image = json.layers !== undefined || json.config !== undefined;
  if (json.fsLayers !== undefined) throw invalid(where, 'manifest schema 2', 'layers of schema 1 (fsLayers)');
  if (index && image) throw invalid(where, 'an image manifest or an image index', 'a document that is both');
  const shape = shapeOf(mediaType);
  if (shape === 'index' && !index) throw invalid(where, `manifests, as ${mediaType} has`, 'none');
  if (shape === 'image' && (json.layers === undefined || json.config === undefined)) {
    throw invalid(where, `config and layers, as ${mediaType} has`, 'not both');
  }
}

/** `null` stands for an empty list: Go programs write it for one that was never filled. */
function listOf(value: unknown, where: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw invalid(where, 'a list', kindOf(value));
  return value;
}

function descriptors(value: unknown, where: string): readonly Descriptor[] {
  return listOf(value, where).map((entry, i) => parseDescriptor(entry, `${where}[${i}]`));
}

function usableDescriptor(value: unknown, where: string): readonly Descriptor[] {
  if (!isObject(value) || typeof value.digest !== 'string' || !isDigest(value.digest)) return [];
  if (typeof value.size !== 'number' || !Number.isSafeInteger(value.size) || value.size < 0) return [];
  return [parseDescriptor({ ...value, annotations: undefined, mediaType: value.mediaType ?? OCI_MANIFEST }, where)];
}

function optionalDescriptor(value: unknown, where: string): Descriptor | undefined {
  return value === undefined || value === null ? undefined : parseDescriptor(value, where);
}

function optionalText(value: unknown, where: string): string | undefined {
  if (value === undefined || value === '') return undefined;
  if (typeof value !== 'string') throw invalid(where, 'text', kindOf(value));
  return value;
}

/** Built with defined properties, so that a key `__proto__` is a key like any other. */
function annotationsOf(value: unknown, where: string): Readonly<Record<string, string>> {
  if (value === undefined || value === null) return {};
  const entries = Object.entries(asObject(value, where)).map(([key, text]): [string, string] => {
    if (typeof text !== 'string') throw invalid(`${where}[${shown(key)}]`, 'text', kindOf(text));
    return [key, text];
  });
  return Object.fromEntries(entries);
}

/** A scalar for a message, bounded; of anything else only its kind. */
function shown(value: unknown): string {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 100)) : kindOf(value);
}
