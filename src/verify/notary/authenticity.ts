/**
 * Whose signature it is (Notary trust policy, "Validate Authenticity"): the chain holds a certificate of the trust store
 * of its scheme, and the signer is one of the trusted identities.
 */
import { Refused } from '../refusal.ts';
import type { NotaryIdentity } from '../signer.ts';
import type { Certificate, NameAttribute } from '../x509/certificate.ts';
import { formatName, shownName } from '../x509/name.ts';

/** Demands a certificate of the store in the chain, whose integrity is proven by the profile. */
export function demandTrusted(chain: readonly Certificate[], store: readonly Certificate[], storeName: string): void {
  const trusted = new Set(store.map((certificate) => certificate.fingerprint256));
  if (chain.some((certificate) => trusted.has(certificate.fingerprint256))) return;
  const root = chain.at(-1);
  const found =
    root === undefined ? 'no certificate' : `root ${shownName(root.subject)} (SHA-256 ${root.fingerprint256})`;
  const expected =
    trusted.size === 0
      ? `no trust store of type ${storeName} is given`
      : `it is in no trust store of type ${storeName}`;
  throw new Refused('CertificateUntrusted', `the signer's certificate leads to ${found}: ${expected}`);
}

/** Demands that the subject of the signer has all attributes of one of the identities. */
export function demandIdentity(leaf: Certificate, identities: '*' | readonly NotaryIdentity[]): void {
  if (identities === '*' || identities.some((identity) => matches(leaf.subject, identity))) return;
  const expected = identities.map((identity) => identity.shown).join('; ') || 'none';
  const found = JSON.stringify(formatName(leaf.subject).slice(0, 200));
  throw new Refused(
    'IdentityMismatch',
    `signed by ${found}, expected one of the trusted identities: ${expected.slice(0, 600)}`,
  );
}

/**
 * Every attribute of the identity stands in the subject, once and with this value. An attribute that comes twice matches
 * nothing: which of the two it is about would be a guess, and notation refuses such a subject as well.
 */
function matches(subject: readonly NameAttribute[], identity: NotaryIdentity): boolean {
  if (identity.attributes.size === 0) return false;
  return [...identity.attributes].every(([type, value]) => {
    // `S` is notation's other spelling of stateOrProvinceName.
    const found = subject.filter((attribute) => attribute.type === (type === 'S' ? 'ST' : type));
    return found.length === 1 && found[0]?.value === value;
  });
}
