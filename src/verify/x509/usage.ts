/**
 * What a certificate may be used for (RFC 5280, 4.2.1.3 and 4.2.1.12). Owns the purposes that we demand;
 * whether the certificate is trusted at all is chain.ts's.
 */
import { Refused } from '../refusal.ts';
import type { Certificate } from './certificate.ts';
import { shownHolder, shownName } from './name.ts';

/** OIDs of purposes. */
export const PURPOSE = {
  any: '2.5.29.37.0',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  codeSigning: '1.3.6.1.5.5.7.3.3',
  emailProtection: '1.3.6.1.5.5.7.3.4',
  timeStamping: '1.3.6.1.5.5.7.3.8',
  ocspSigning: '1.3.6.1.5.5.7.3.9',
} as const;

/**
 * Throws Refused unless the leaf says that it signs code: extendedKeyUsage with codeSigning by name (absent or `any` is
 * not enough, stricter than Go), keyUsage, where present, with digitalSignature. Issuers that are restricted to
 * purposes must have this one among them, as Go demands of a chain.
 */
export function demandCodeSigning(leaf: Certificate, issuers: readonly Certificate[] = []): void {
  const name = shownHolder(leaf);
  if (leaf.extendedKeyUsage?.oids.includes(PURPOSE.codeSigning) !== true) {
    throw new Refused(
      'CertificateUntrusted',
      `certificate ${name} is not for signing code: extendedKeyUsage lacks codeSigning`,
    );
  }
  if (leaf.keyUsage !== undefined && !leaf.keyUsage.bits.has('digitalSignature')) {
    throw new Refused('CertificateUntrusted', `certificate ${name} may not sign: keyUsage lacks digitalSignature`);
  }
  const foreign = issuers.find((issuer) => !permits(issuer, PURPOSE.codeSigning));
  if (foreign === undefined) return;
  throw new Refused(
    'CertificateUntrusted',
    `authority ${shownName(foreign.subject)} is restricted to purposes other than codeSigning`,
  );
}

/** Does an issuer allow certificates of this purpose below it? One without extendedKeyUsage allows all. */
export function permits(issuer: Certificate, purpose: string): boolean {
  const oids = issuer.extendedKeyUsage?.oids;
  return oids === undefined || oids.includes(purpose) || oids.includes(PURPOSE.any);
}
