/**
 * The profile of certificate chains (Notary signature specification, "Certificate Requirements"): complete, ordered,
 * strong, and each certificate fit for its place. Independent of trust stores and of time; extensions other than the
 * three named there are not evaluated, as the specification demands.
 */
import { Refused } from '../refusal.ts';
import type { Certificate, KeyUsageBit } from '../x509/certificate.ts';
import { isSignedBy, sameBytes } from '../x509/chain.ts';
import { shownName } from '../x509/name.ts';
import { PURPOSE } from '../x509/usage.ts';

/** Purposes that a certificate for signing code must not have. OCSP signing is on the list of notation-core-go. */
const NOT_CODE_SIGNING: readonly string[] = [
  PURPOSE.any,
  PURPOSE.serverAuth,
  PURPOSE.clientAuth,
  PURPOSE.emailProtection,
  PURPOSE.timeStamping,
  PURPOSE.ocspSigning,
];

const NOT_ON_LEAF: readonly KeyUsageBit[] = [
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
];

/** Demands a chain for signing code, leaf first; returns the leaf and the root. Refuses with `CertificateUntrusted`. */
export function demandCodeSigningChain(chain: readonly Certificate[]): {
  readonly leaf: Certificate;
  readonly root: Certificate;
} {
  const ends = demandChain(chain);
  for (const certificate of chain) {
    if (certificate.keyUsage?.critical !== true) refuse(certificate, 'lacks a critical keyUsage');
  }
  const purpose = ends.leaf.extendedKeyUsage?.oids.find((oid) => NOT_CODE_SIGNING.includes(oid));
  if (purpose !== undefined) refuse(ends.leaf, `is not for signing code (extendedKeyUsage ${purpose})`);
  return ends;
}

/**
 * Demands a chain for time-stamping, leaf first: the purpose itself is checked with the token. What is wrong with the
 * authority's certificates leaves the time unproven and says nothing of the signer's: `TimestampMissing`.
 */
export function demandTimestampingChain(chain: readonly Certificate[]): void {
  try {
    demandChain(chain);
  } catch (error) {
    throw error instanceof Refused ? new Refused('TimestampMissing', `timestamp: ${error.message}`) : error;
  }
}

function demandChain(chain: readonly Certificate[]): { readonly leaf: Certificate; readonly root: Certificate } {
  const leaf = chain[0];
  const root = chain.at(-1);
  if (leaf === undefined || root === undefined) throw new Refused('CertificateUntrusted', 'there is no certificate');
  const weak = chain.find((certificate) => !certificate.strongKey);
  if (weak !== undefined) refuse(weak, 'has a key that is too weak or of an unknown kind');
  demandLeaf(leaf);
  chain.forEach((certificate, height) => {
    if (height > 0) demandAuthority(certificate, height - 1);
    demandIssued(certificate, chain[height + 1]);
  });
  return { leaf, root };
}

/** Ordered and complete: each is issued by the next, and only the last by itself. */
function demandIssued(certificate: Certificate, issuer: Certificate | undefined): void {
  if (certificate.signatureScheme === undefined) {
    refuse(certificate, `is signed with an algorithm that is weak or unknown (${certificate.signatureAlgorithm})`);
  }
  const selfSigned = isIssuedBy(certificate, certificate);
  if (issuer === undefined) {
    if (!selfSigned) refuse(certificate, 'ends the chain but is not self-signed: the chain is incomplete');
    return;
  }
  if (selfSigned) refuse(certificate, 'is self-signed but does not end the chain');
  if (!isIssuedBy(certificate, issuer))
    refuse(certificate, `is not issued by ${shownName(issuer.subject)}, which follows it`);
}

function isIssuedBy(certificate: Certificate, issuer: Certificate): boolean {
  return sameBytes(certificate.issuerDer, issuer.subjectDer) && isSignedBy(certificate, issuer);
}

function demandAuthority(certificate: Certificate, below: number): void {
  const constraints = certificate.basicConstraints;
  if (constraints?.ca !== true || !constraints.critical)
    refuse(certificate, 'is not one of an authority (critical basicConstraints CA)');
  if ((constraints.pathLength ?? below) < below) {
    refuse(certificate, `allows ${constraints.pathLength} authorities below it, found ${below}`);
  }
  if (certificate.keyUsage?.bits.has('keyCertSign') !== true)
    refuse(certificate, 'may not sign certificates (keyUsage)');
}

function demandLeaf(leaf: Certificate): void {
  if (leaf.basicConstraints?.ca === true) refuse(leaf, 'is one of an authority, and cannot sign anything else');
  if (leaf.keyUsage?.bits.has('digitalSignature') !== true)
    refuse(leaf, 'may not sign (keyUsage lacks digitalSignature)');
  const usage = NOT_ON_LEAF.find((bit) => leaf.keyUsage?.bits.has(bit) === true);
  if (usage !== undefined) refuse(leaf, `may be used for more than signing (keyUsage ${usage})`);
}

function refuse(certificate: Certificate, message: string): never {
  throw new Refused('CertificateUntrusted', `certificate ${shownName(certificate.subject)} ${message}`);
}
