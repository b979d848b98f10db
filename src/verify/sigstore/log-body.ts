/**
 * Where a Rekor entry's body keeps the key, by kind and version (rekor pkg/types, rekor-tiles api/proto). Reading only.
 */
import { decodeBase64 } from '../../core/base64.ts';
import { Refused } from '../refusal.ts';

/** A key as an entry records it: PEM text of a key or certificate (Rekor v1), or DER (Rekor v2). */
export interface RecordedKey {
  readonly encoding: 'pem' | 'spki' | 'x509';
  readonly bytes: Uint8Array;
}

/** The key that the entry records. Throws Refused where the body has none, or more than one signature. */
export function recordedKey(body: unknown): RecordedKey {
  switch (`${textAt(body, 'kind')} ${textAt(body, 'apiVersion')}`) {
    case 'hashedrekord 0.0.1':
      return pem(at(body, 'spec', 'signature', 'publicKey', 'content'));
    case 'dsse 0.0.1':
      return pem(at(only(at(body, 'spec', 'signatures')), 'verifier'));
    case 'intoto 0.0.1':
      return pem(at(body, 'spec', 'publicKey'));
    case 'intoto 0.0.2':
      return pem(at(only(at(body, 'spec', 'content', 'envelope', 'signatures')), 'publicKey'));
    case 'hashedrekord 0.0.2':
      return der(at(body, 'spec', 'hashedRekordV002', 'signature', 'verifier'));
    case 'dsse 0.0.2':
      return der(at(only(at(body, 'spec', 'dsseV002', 'signatures')), 'verifier'));
    default:
      throw new Refused('SignatureInvalid', 'the entry is of a kind that records no container signature');
  }
}

/** The SHA-256 of the whole DSSE envelope, for the one kind that records nothing else; undefined for the others. */
export function recordedEnvelopeHash(body: unknown): Uint8Array | undefined {
  if (textAt(body, 'kind') !== 'intoto' || textAt(body, 'apiVersion') !== '0.0.1') return undefined;
  if (at(body, 'spec', 'content', 'hash', 'algorithm') !== 'sha256')
    throw new Refused('SignatureInvalid', 'the entry records no SHA-256');
  return Buffer.from(textAt(body, 'spec', 'content', 'hash', 'value'), 'hex');
}

function pem(content: unknown): RecordedKey {
  return { encoding: 'pem', bytes: decoded(content) };
}

function der(verifier: unknown): RecordedKey {
  const certificate = at(verifier, 'x509Certificate', 'rawBytes');
  if (certificate !== undefined) return { encoding: 'x509', bytes: decoded(certificate) };
  return { encoding: 'spki', bytes: decoded(at(verifier, 'publicKey', 'rawBytes')) };
}

function decoded(content: unknown): Uint8Array {
  const bytes = typeof content === 'string' ? decodeBase64(content) : undefined;
  if (bytes === undefined) throw new Refused('SignatureInvalid', 'the entry records no key');
  return bytes;
}

function only(list: unknown): unknown {
  if (Array.isArray(list) && list.length === 1) return list[0];
  throw new Refused('SignatureInvalid', 'the entry does not record exactly one signature');
}

function textAt(value: unknown, ...path: readonly string[]): string {
  const found = at(value, ...path);
  return typeof found === 'string' ? found : '';
}

/** The value at a path of own properties, undefined where the path ends early. */
function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (here, name) =>
      typeof here === 'object' && here !== null && Object.hasOwn(here, name) ? Reflect.get(here, name) : undefined,
    value,
  );
}
