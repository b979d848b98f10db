/**
 * What there is to say of the material of a TrustedKey: fingerprints, algorithms, and when certificates expire.
 * Public facts only; must never judge whether the material may vouch.
 */
import { toPublicKey } from '../keys.ts';
import type { SignerMaterial } from '../signer.ts';
import type { Certificate } from '../x509/certificate.ts';

/** One key or certificate, as status and the command line show it. */
export interface KeyFact {
  /** `SHA256:` and unpadded base64 of the hash of the public key (SPKI). */
  readonly fingerprint: string;
  /** `ECDSA-P256`, `RSA-4096`, `Ed25519`; `unsupported` for a key that no signature is checked with. */
  readonly algorithm: string;
  /** When the certificate expires; absent for a bare key. */
  readonly notAfter?: Date;
}

/**
 * The keys and certificates of a signer, each public key once: of certificates that share one (a root that was
 * renewed), the one that holds longest speaks. A keyless signer has none of its own: its certificates live minutes.
 */
export function keyFactsOf(material: SignerMaterial): readonly KeyFact[] {
  const facts = new Map<string, KeyFact>();
  for (const fact of allFacts(material)) {
    const known = facts.get(fact.fingerprint);
    if (known === undefined || endOf(fact) > endOf(known)) facts.set(fact.fingerprint, fact);
  }
  return [...facts.values()];
}

function allFacts(material: SignerMaterial): readonly KeyFact[] {
  switch (material.type) {
    case 'publicKey':
      return material.keys.map(({ fingerprint, algorithm }) => ({ fingerprint, algorithm }));
    case 'certificate':
      return [...material.roots, ...material.intermediates].map(certificateFact);
    case 'keyless':
      return [];
    case 'notation':
      return [...material.ca, ...material.signingAuthority, ...material.tsa].map(certificateFact);
  }
}

function certificateFact({ publicKey, notAfter }: Certificate): KeyFact {
  const { fingerprint, algorithm } = toPublicKey(publicKey);
  return { fingerprint, algorithm, notAfter };
}

function endOf({ notAfter }: KeyFact): number {
  return notAfter?.getTime() ?? Number.NEGATIVE_INFINITY;
}
