/**
 * Sigstore trusted roots (trusted_root.json): authorities, logs and timestamp authorities of one instance.
 * Owns the check of their shape, because the library's reader takes anything; must never fetch one.
 */
import { createHash, createPublicKey, X509Certificate } from 'node:crypto';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { decodeBase64 } from '../../core/base64.ts';
import { Failure, invalid } from '../../core/failure.ts';
import { isJsonObject, parseStrictJson } from '../../core/strict-json.ts';
import type { TrustRoot } from '../signer.ts';

const MAX_BYTES = 1024 * 1024;
const MAX_INSTANCES = 64;
/** sigstore_trustroot.proto: version 0.1 as a parameter, later ones in the name. */
const MEDIA_TYPE = /^application\/vnd\.dev\.sigstore\.trustedroot(\+json;version=0\.[12]|\.v0\.[0-9]+\+json)$/;
const LOGS = ['tlogs', 'ctlogs'] as const;
const AUTHORITIES = ['certificateAuthorities', 'timestampAuthorities'] as const;
const MOMENT = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$/;

type Json = Readonly<Record<string, unknown>>;

/**
 * A trusted root with its identity: the hash of its JSON, whatever the order of its keys. Throws a Failure of kind
 * `invalid` that names the place.
 */
export function parseTrustedRoot(text: string): TrustRoot {
  const json = parseStrictJson(text, { maxBytes: MAX_BYTES });
  const root = demandObject(json, 'trusted root');
  const mediaType = root['mediaType'];
  if (typeof mediaType !== 'string' || !MEDIA_TYPE.test(mediaType))
    throw invalid('mediaType', 'application/vnd.dev.sigstore.trustedroot+json;version=0.1 or later', shown(mediaType));
  for (const field of LOGS) demandEach(root, field, demandLog);
  for (const field of AUTHORITIES) demandEach(root, field, demandAuthority);
  if ([...LOGS, ...AUTHORITIES].every((field) => isUnset(root[field])))
    throw invalid('trusted root', `at least one of ${[...LOGS, ...AUTHORITIES].join(', ')}`, 'none');
  return { root: read(root), id: createHash('sha256').update(canonicalJson(root)).digest('hex') };
}

/** JSON with sorted keys and no spaces: the same for the same content. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (!isJsonObject(value)) return JSON.stringify(value) ?? 'null';
  const fields = Object.keys(value).toSorted();
  return `{${fields.map((field) => `${JSON.stringify(field)}:${canonicalJson(value[field])}`).join(',')}}`;
}

/** Unknown enum values and the like are for the library to refuse. */
function read(root: Json): TrustedRoot {
  try {
    return TrustedRoot.fromJSON(root);
  } catch (error) {
    throw new Failure(
      { kind: 'invalid', where: 'trusted root', expected: 'fields as in sigstore_trustroot.proto', found: 'others' },
      `trusted root: ${error instanceof Error ? error.message : 'unreadable'}`,
      { cause: error },
    );
  }
}

function demandEach(root: Json, field: string, demand: (instance: Json, where: string) => void): void {
  const list = root[field];
  if (isUnset(list)) return;
  if (!Array.isArray(list) || list.length > MAX_INSTANCES)
    throw invalid(field, `a list of at most ${MAX_INSTANCES}`, shown(list));
  for (const [index, instance] of list.entries()) {
    const where = `${field}[${index}]`;
    demand(demandObject(instance, where), where);
  }
}

function demandLog(log: Json, where: string): void {
  const key = demandObject(log['publicKey'], `${where}.publicKey`);
  const der = demandBase64(key['rawBytes'], `${where}.publicKey.rawBytes`);
  if (!readable(() => createPublicKey({ key: der, format: 'der', type: 'spki' })) && !readable(() => pkcs1(der)))
    throw invalid(`${where}.publicKey.rawBytes`, 'the DER encoding of a public key', 'other bytes');
  const logId = demandObject(log['logId'], `${where}.logId`);
  demandBase64(logId['keyId'], `${where}.logId.keyId`);
  demandPeriod(key['validFor'], `${where}.publicKey.validFor`);
}

function demandAuthority(authority: Json, where: string): void {
  const chain = demandObject(authority['certChain'], `${where}.certChain`)['certificates'];
  if (!Array.isArray(chain) || chain.length === 0 || chain.length > MAX_INSTANCES)
    throw invalid(`${where}.certChain.certificates`, `1 to ${MAX_INSTANCES} certificates`, shown(chain));
  for (const [index, certificate] of chain.entries()) {
    const place = `${where}.certChain.certificates[${index}]`;
    const der = demandBase64(demandObject(certificate, place)['rawBytes'], `${place}.rawBytes`);
    if (!readable(() => new X509Certificate(der)))
      throw invalid(`${place}.rawBytes`, 'the DER encoding of a certificate', 'other bytes');
  }
  demandPeriod(authority['validFor'], `${where}.validFor`);
}

/** A period with a date that is none would be compared with NaN, and hold for no time or for all. */
function demandPeriod(period: unknown, where: string): void {
  if (isUnset(period)) return;
  const { start, end } = demandObject(period, where);
  for (const [name, value] of Object.entries({ start, end })) {
    if (isUnset(value)) continue;
    if (typeof value !== 'string' || !MOMENT.test(value) || Number.isNaN(Date.parse(value)))
      throw invalid(`${where}.${name}`, 'a time as RFC 3339', shown(value));
  }
}

/** JSON of protocol buffers: a field that is null is not set. */
function isUnset(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

/** Rekor v1 instances with RSA keys have them as PKCS#1 (PublicKeyDetails PKCS1_*). */
function pkcs1(der: Buffer): unknown {
  return createPublicKey({ key: der, format: 'der', type: 'pkcs1' });
}

function readable(attempt: () => unknown): boolean {
  try {
    attempt();
    return true;
  } catch {
    return false;
  }
}

function demandBase64(value: unknown, where: string): Buffer {
  const bytes = typeof value === 'string' && value !== '' ? decodeBase64(value) : undefined;
  if (bytes === undefined) throw invalid(where, 'base64', shown(value));
  return Buffer.from(bytes);
}

function demandObject(value: unknown, where: string): Json {
  if (!isJsonObject(value)) throw invalid(where, 'an object', shown(value));
  return value;
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return isJsonObject(value) ? 'an object' : JSON.stringify(value).slice(0, 80);
}
