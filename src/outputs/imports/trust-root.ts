/**
 * A Sigstore trusted root (trusted_root.json, sigstore_trustroot.proto) out of certificates and keys in PEM, as other
 * policies give them one by one. Owns that form; must never add anything that was not given.
 */
import { createHash, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { invalid } from '../../core/failure.ts';
import { splitPemBlocks } from '../../core/pem-blocks.ts';

/** A log, by its public key (one PEM block). */
export interface LogPart {
  readonly pem: string;
  readonly baseUrl?: string;
}

/** What a trusted root is made of. Chains are PEM texts from the lowest authority to the root. */
export interface TrustRootParts {
  readonly authorities?: readonly string[];
  readonly transparencyLogs?: readonly LogPart[];
  readonly certificateLogs?: readonly LogPart[];
  readonly timestampAuthorities?: readonly string[];
}

const MEDIA_TYPE = 'application/vnd.dev.sigstore.trustedroot+json;version=0.1';
/** Nothing in the source says since when; a period without a start is malformed. */
const ALWAYS = { start: '1970-01-01T00:00:00Z' } as const;

/** The JSON text. Throws a Failure of kind `invalid` for PEM that holds something else. */
export function trustedRootOf(parts: TrustRootParts): string {
  const document = {
    mediaType: MEDIA_TYPE,
    tlogs: (parts.transparencyLogs ?? []).map(logOf),
    certificateAuthorities: (parts.authorities ?? []).map(authorityOf),
    ctlogs: (parts.certificateLogs ?? []).map(logOf),
    timestampAuthorities: (parts.timestampAuthorities ?? []).map(authorityOf),
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

function logOf({ pem, baseUrl }: LogPart): object {
  const key = publicKeyOf(pem);
  const der = key.export({ format: 'der', type: 'spki' });
  return {
    baseUrl: baseUrl ?? '',
    hashAlgorithm: 'SHA2_256',
    publicKey: { rawBytes: der.toString('base64'), keyDetails: detailsOf(key), validFor: ALWAYS },
    logId: { keyId: createHash('sha256').update(der).digest('base64') },
  };
}

function publicKeyOf(pem: string): KeyObject {
  try {
    return createPublicKey(pem);
  } catch {
    throw invalid('the public key of a log', 'one PEM block of a public key', 'something else');
  }
}

/** PublicKeyDetails (sigstore_common.proto). */
function detailsOf({ asymmetricKeyType: type, asymmetricKeyDetails: details = {} }: KeyObject): string {
  const known: Readonly<Record<string, string>> = {
    'ec prime256v1': 'PKIX_ECDSA_P256_SHA_256',
    'ec secp384r1': 'PKIX_ECDSA_P384_SHA_384',
    'ec secp521r1': 'PKIX_ECDSA_P521_SHA_512',
    'ed25519 ': 'PKIX_ED25519',
    'rsa 2048': 'PKIX_RSA_PKCS1V15_2048_SHA256',
    'rsa 3072': 'PKIX_RSA_PKCS1V15_3072_SHA256',
    'rsa 4096': 'PKIX_RSA_PKCS1V15_4096_SHA256',
  };
  const named = known[`${type} ${details.namedCurve ?? details.modulusLength ?? ''}`];
  if (named === undefined)
    throw invalid('the public key of a log', 'ECDSA P-256, P-384, P-521, Ed25519 or RSA', 'another algorithm');
  return named;
}

function authorityOf(pem: string): object {
  const certificates = certificatesOf(pem);
  const root = certificates.at(-1);
  if (root === undefined) throw invalid('a chain of certificates', 'at least one PEM block', 'none');
  const names = new Map(root.subject.split('\n').map((line): [string, string] => splitAt(line)));
  return {
    subject: { organization: names.get('O') ?? '', commonName: names.get('CN') ?? '' },
    uri: '',
    certChain: { certificates: certificates.map(({ raw }) => ({ rawBytes: raw.toString('base64') })) },
    validFor: ALWAYS,
  };
}

function splitAt(line: string): [string, string] {
  const at = line.indexOf('=');
  return [line.slice(0, at), line.slice(at + 1)];
}

/** The certificates of a PEM text, in order. Throws a Failure of kind `invalid`. */
export function certificatesOf(pem: string): readonly X509Certificate[] {
  return splitPemBlocks(pem).map(({ label, body }, index) => {
    if (!label.endsWith('CERTIFICATE')) throw invalid(`PEM block ${index + 1}`, 'CERTIFICATE', label);
    try {
      return new X509Certificate(Buffer.from(body, 'base64'));
    } catch {
      throw invalid(`PEM block ${index + 1}`, 'a certificate', 'something else');
    }
  });
}
