/**
 * Reading a bundle: which of its fields have to be there (protobuf-specs sigstore_bundle.proto), and what they come to.
 * Owns reading only; nothing here is trusted.
 */
import { type Bundle, bundleFromJSON } from '@sigstore/bundle';
import { X509CertificateChain } from '@sigstore/protobuf-specs';
import { isJsonObject, parseStrictJson } from '../../core/strict-json.ts';
import { Refused } from '../refusal.ts';
import type { Envelope } from '../sigstore/envelope.ts';
import { quoted } from '../sigstore/quoted.ts';
import type { Signed } from '../sigstore/signed.ts';

/** A bundle with a DSSE envelope, read. */
export interface ReadBundle extends Signature {
  readonly envelope: Envelope;
}

/** A bundle with a signature over bare bytes, which lie elsewhere. */
export interface BareBundle extends Signature {
  readonly envelope?: never;
  /** What the bundle says of those bytes: a hint for the reader, and to be held against them. */
  readonly claimed: Uint8Array;
}

interface Signature {
  readonly signature: Uint8Array;
  readonly company: Pick<Signed, 'hint' | 'certificates' | 'logEntries' | 'timestamps' | 'unreadable'>;
}

const V03: readonly unknown[] = [
  'application/vnd.dev.sigstore.bundle+json;version=0.3',
  'application/vnd.dev.sigstore.bundle.v0.3+json',
];
const MEDIA_TYPES: readonly unknown[] = [
  'application/vnd.dev.sigstore.bundle+json;version=0.1',
  'application/vnd.dev.sigstore.bundle+json;version=0.2',
  ...V03,
];

/** Reads the bundle of an image: one with an envelope. Throws Refused. */
export function readBundle(bytes: Uint8Array): ReadBundle {
  const bundle = readAnyBundle(bytes);
  if (bundle.envelope !== undefined) return bundle;
  // A signature over bare bytes: those of the manifest, or of a file that a key signed for another purpose. It names
  // no image, carries no annotations, and cosign writes none for images.
  throw malformed(
    'a DSSE envelope with a statement about the image',
    'a signature over bare bytes (messageSignature): sign with `cosign sign`',
  );
}

/**
 * Reads a bundle of either kind. The library demands the fields of each version: an inclusion promise with every log entry
 * of v0.1, an inclusion proof from v0.2 on, and exactly one signature. Throws Refused.
 */
export function readAnyBundle(bytes: Uint8Array): ReadBundle | BareBundle {
  const json = parseStrictJson(bytes);
  if (!isJsonObject(json)) throw malformed('an object', 'something else');
  if (!MEDIA_TYPES.includes(json.mediaType))
    throw malformed('mediaType of a bundle v0.1, v0.2 or v0.3', shown(json.mediaType));
  const { issuers, alone } = withoutIssuers(json);
  const bundle = parsed(alone);
  const company = companyOf(bundle);
  const rest = { company: { ...company, certificates: [...company.certificates, ...issuers] } };
  if (bundle.content.$case === 'messageSignature') {
    const { signature, messageDigest } = bundle.content.messageSignature;
    return { signature, claimed: messageDigest.digest, ...rest };
  }
  const { payload, payloadType, signatures } = bundle.content.dsseEnvelope;
  const sig = signatures.map((signature) => signature.sig);
  const [signature] = sig;
  if (signature === undefined) throw malformed('a signature', 'none');
  return { envelope: { payload, payloadType, signatures: sig }, signature, ...rest };
}

/**
 * From 3.1.2 on `cosign sign --certificate-chain` writes the issuers into v0.3, where the specification has the signer's
 * certificate alone and the library refuses more (sigstore/cosign#4614; its verify wants --allow-certificate-chain).
 * They are set apart, so that all other demands of the version hold; as in the older versions, none of them is trusted.
 */
function withoutIssuers(json: JsonObject): { readonly alone: JsonObject; readonly issuers: readonly Uint8Array[] } {
  const material = json.verificationMaterial;
  if (!V03.includes(json.mediaType) || !isJsonObject(material)) return { alone: json, issuers: [] };
  const { x509CertificateChain: chain, ...rest } = material;
  if (!isJsonObject(chain) || !Array.isArray(chain.certificates) || 'certificate' in rest || 'publicKey' in rest)
    return { alone: json, issuers: [] };
  const [certificate]: readonly unknown[] = chain.certificates;
  const issuers = X509CertificateChain.fromJSON(chain).certificates.slice(1);
  return {
    alone: { ...json, verificationMaterial: { ...rest, certificate } },
    issuers: issuers.map(({ rawBytes }) => rawBytes),
  };
}

type JsonObject = Readonly<Record<string, unknown>>;

function parsed(json: unknown): Bundle {
  try {
    return bundleFromJSON(json);
  } catch (error) {
    throw malformed('the fields of its version', fieldsOf(error));
  }
}

/** The library's ValidationError lists the fields at fault. */
function fieldsOf(error: unknown): string {
  const fields = error instanceof Error && 'fields' in error && Array.isArray(error.fields) ? error.fields : [];
  return fields.length === 0 ? 'other ones' : `a fault at ${fields.slice(0, 4).join(', ')}`;
}

function companyOf({ verificationMaterial }: Bundle): ReadBundle['company'] {
  const timestamps = verificationMaterial.timestampVerificationData?.rfc3161Timestamps ?? [];
  const company = {
    logEntries: verificationMaterial.tlogEntries,
    timestamps: timestamps.map((t) => t.signedTimestamp),
    unreadable: [],
  };
  const { content } = verificationMaterial;
  switch (content.$case) {
    case 'publicKey':
      return { ...company, hint: content.publicKey.hint, certificates: [] };
    case 'certificate':
      return { ...company, certificates: [content.certificate.rawBytes] };
    case 'x509CertificateChain':
      return { ...company, certificates: content.x509CertificateChain.certificates.map((c) => c.rawBytes) };
  }
}

function shown(value: unknown): string {
  return typeof value === 'string' ? quoted(value) : 'none';
}

function malformed(expected: string, found: string): Refused {
  return new Refused('SignatureInvalid', `Sigstore bundle: expected ${expected}, found ${found}`);
}
