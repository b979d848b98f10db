/**
 * Time-stamps (RFC 3161, RFC 5816): does a token of a trusted authority prove that these bytes existed at a time?
 * Owns the order of the demands; must never return a time that is not covered by the authority's signature.
 */
import { createHash } from 'node:crypto';
import type { Refusal } from '../family.ts';
import { Refused, refusal } from '../refusal.ts';
import type { Certificate } from '../x509/certificate.ts';
import { buildChain, sameBytes } from '../x509/chain.ts';
import { EXTENSION } from '../x509/extensions.ts';
import { shownName } from '../x509/name.ts';
import { permits, PURPOSE } from '../x509/usage.ts';
import { parseSignedData, type SignedData, type SignerIdentifier, verifySignedData } from './cms.ts';
import { contentInfoOf, readSigningCertificate, readTimestampInfo, type SigningCertificate } from './token.ts';

/** A token, the bytes that it is said to stamp, and whom to trust. */
export interface TimestampQuestion {
  /** DER of a TimeStampToken (CMS ContentInfo) or of a whole TimeStampResp. */
  readonly token: Uint8Array;
  /** The bytes that were stamped, not their hash. */
  readonly message: Uint8Array;
  readonly roots: readonly Certificate[];
  /** Beside those in the token: for tokens that were requested without certificates. */
  readonly intermediates?: readonly Certificate[];
}

/** A proven time. */
export interface ProvenTime {
  readonly ok: true;
  readonly time: Date;
  /** The time is within this many milliseconds of `time`, either way. */
  readonly accuracyMs: number;
  /** From the authority's certificate to its root: valid at `time`. */
  readonly chain: readonly Certificate[];
  /** What binds the token to that certificate: the Notary Project wants version 2. */
  readonly boundBy: SigningCertificate['attribute'];
}

const TST_INFO = '1.2.840.113549.1.9.16.1.4';
/** A token with its certificates is a few kilobytes. */
const MAX_BYTES = 256 * 1024;

/** Verifies a token. Never throws: whatever the bytes are, it ends in a time or in a refusal (`TimestampMissing`). */
export function verifyTimestamp(question: TimestampQuestion): ProvenTime | Refusal {
  try {
    return prove(question);
  } catch (error) {
    if (error instanceof Refused) return refusal(error.reason, `timestamp: ${error.message}`);
    return refusal(
      'TimestampMissing',
      `timestamp is malformed: ${error instanceof Error ? error.message : 'unreadable'}`,
    );
  }
}

function prove({ token, message, roots, intermediates = [] }: TimestampQuestion): ProvenTime {
  demand(token.length <= MAX_BYTES, `larger than ${MAX_BYTES} bytes`);
  const signed = parseSignedData(contentInfoOf(token));
  demand(signed.contentType === TST_INFO, 'it is a signature, but not a time-stamp');
  const info = readTimestampInfo(signed.content);
  const imprint = createHash(info.imprint.hash).update(message).digest();
  demand(sameBytes(imprint, info.imprint.digest), 'it stamps other bytes than this signature');
  const pool = [...signed.certificates, ...intermediates, ...roots];
  const signer = pool.find((certificate) => isIdentified(certificate, signed.signer.identifier));
  if (signer === undefined)
    throw missing('the certificate of its authority is neither in it nor among the trusted ones');
  const binding = demandBinding(signed, signer);
  demandTimestampingOnly(signer);
  demand(signer.strongKey, `the key of ${shownName(signer.subject)} is too weak or of an unknown kind`);
  demand(verifySignedData(signed, signer), `the signature of ${shownName(signer.subject)} does not cover it`);
  const answer = buildChain({ leaf: signer, intermediates: pool, roots, at: info.time });
  if (!answer.ok) throw missing(`the authority is not trusted: ${answer.message}`);
  const foreign = answer.chain.slice(1).find((issuer) => !permits(issuer, PURPOSE.timeStamping));
  if (foreign !== undefined)
    throw missing(`${shownName(foreign.subject)} is restricted to purposes other than timeStamping`);
  return { ok: true, time: info.time, accuracyMs: info.accuracyMs, chain: answer.chain, boundBy: binding.attribute };
}

function isIdentified(certificate: Certificate, identifier: SignerIdentifier): boolean {
  switch (identifier.type) {
    case 'issuer':
      return (
        certificate.serialNumber === identifier.serialNumber && sameBytes(certificate.issuerDer, identifier.issuerDer)
      );
    case 'key': {
      // The extension holds an OCTET STRING of its own: two octets of header before the identifier.
      const extension = certificate.extensions.get(EXTENSION.subjectKeyIdentifier)?.value;
      return extension !== undefined && sameBytes(extension.subarray(2), identifier.identifier);
    }
  }
}

/** RFC 5816, 2.2.1: the signed attribute names the certificate, which `sid` alone, unsigned, does not. */
function demandBinding(signed: SignedData, signer: Certificate): SigningCertificate {
  const binding = readSigningCertificate(signed);
  if (binding === undefined) throw missing('it lacks the attribute signing-certificate-v2');
  const digest = createHash(binding.hash).update(signer.raw).digest();
  demand(sameBytes(digest, binding.digest), `its attribute ${binding.attribute} names another certificate`);
  return binding;
}

/** RFC 3161, 2.3: the purpose timeStamping, alone, in a critical extension. */
function demandTimestampingOnly(signer: Certificate): void {
  const usage = signer.extendedKeyUsage;
  const only = usage?.critical === true && usage.oids.length === 1 && usage.oids[0] === PURPOSE.timeStamping;
  demand(only, `certificate ${shownName(signer.subject)} is not for time-stamping alone (critical extendedKeyUsage)`);
  const signs = signer.keyUsage === undefined || ['digitalSignature', 'nonRepudiation'].some((bit) => has(signer, bit));
  demand(signs, `certificate ${shownName(signer.subject)} may not sign (keyUsage)`);
}

function has(certificate: Certificate, wanted: string): boolean {
  return [...(certificate.keyUsage?.bits ?? [])].some((bit) => bit === wanted);
}

function demand(holds: boolean, message: string): void {
  if (!holds) throw missing(message);
}

function missing(message: string): Refused {
  return new Refused('TimestampMissing', message);
}
