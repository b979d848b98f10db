/**
 * The identity of trust material: changes whenever anything that a proof depends on changes, and with nothing else.
 * Owns which parts count: every part of SignerMaterial. The lifecycle is judged after proving and is no part.
 */
import { createHash } from 'node:crypto';
import type { IdentityMatcher, NotaryIdentity, SignerMaterial } from '../signer.ts';
import type { Certificate } from '../x509/certificate.ts';
import { canonicalJson } from './trusted-root.ts';

/** Lower-case hex of SHA-256. The order of keys, certificates and identities does not count. */
export function materialId(material: SignerMaterial): string {
  return createHash('sha256')
    .update(canonicalJson(partsOf(material)))
    .digest('hex');
}

function partsOf(material: SignerMaterial): Readonly<Record<string, unknown>> {
  switch (material.type) {
    case 'publicKey': {
      const { type, keys, transparencyLog, trustRoot } = material;
      return { type, keys: keys.map((key) => key.hint).toSorted(), transparencyLog, trustRoot: trustRoot?.id };
    }
    case 'certificate': {
      const { type, roots, intermediates, identities, transparencyLog, trustRoot } = material;
      const pools = { roots: prints(roots), intermediates: prints(intermediates) };
      return { type, ...pools, identities: identityParts(identities), transparencyLog, trustRoot: trustRoot?.id };
    }
    case 'keyless': {
      const { type, identities, transparencyLog, trustRoot } = material;
      return { type, identities: identityParts(identities), transparencyLog, trustRoot: trustRoot.id };
    }
    case 'notation': {
      const { type, ca, signingAuthority, tsa, trustedIdentities, level, verifyTimestamp } = material;
      const stores = { ca: prints(ca), signingAuthority: prints(signingAuthority), tsa: prints(tsa) };
      const identities = trustedIdentities === '*' ? '*' : trustedIdentities.map(attributesOf).toSorted();
      return { type, ...stores, trustedIdentities: identities, level, verifyTimestamp };
    }
  }
}

function attributesOf({ attributes }: NotaryIdentity): string {
  return canonicalJson(Object.fromEntries(attributes));
}

function prints(certificates: readonly Certificate[]): readonly string[] {
  return certificates.map((certificate) => certificate.fingerprint256).toSorted();
}

/** `shown` tells a literal ("…") from a pattern (/…/), so it stands for the matcher. */
function identityParts(identities: readonly IdentityMatcher[]): readonly string[] {
  return identities
    .map(({ issuer, subject, extensions }) =>
      canonicalJson({ issuer: issuer?.shown, subject: subject?.shown, extensions }),
    )
    .toSorted();
}
