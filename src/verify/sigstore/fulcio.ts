/**
 * Certificates of a Fulcio: chained to an authority of the trusted root that was trusted at the time of signing, fit for
 * signing code, and known to a certificate-transparency log. A certificate that no CT log saw may have been issued
 * behind everybody's back, so the signed certificate timestamp is always demanded.
 */
import { Refused } from '../refusal.ts';
import type { TrustRoot } from '../signer.ts';
import type { Certificate } from '../x509/certificate.ts';
import { demandPath, type Path, type Pool } from './chain.ts';
import { SigstoreCertificate, verifySCTs } from './library.ts';
import { type PreparedTrust, prepareTrust } from './trust.ts';

/** A path to an authority of the trusted root, valid at each of these times, with an SCT. */
export function demandFulcioChain(leaf: Certificate, trustRoot: TrustRoot, times: readonly Date[]): Path {
  const trust = prepareTrust(trustRoot);
  const path = demandPath(leaf, times, (at) => poolAt(trust, at));
  demandSct(leaf, path.issuer, trust);
  return path;
}

function poolAt(trust: PreparedTrust, at: Date): Pool {
  const trusted = trust.fulcio.filter(({ start, end }) => start <= at && at <= end);
  return {
    roots: trusted.map((authority) => authority.root),
    intermediates: trusted.flatMap((authority) => authority.intermediates),
  };
}

/** RFC 6962, 3.2 and 3.3: an embedded SCT by a CT log of the trusted root. */
function demandSct(leaf: Certificate, issuer: Certificate, trust: PreparedTrust): void {
  const verified = embeddedScts(leaf, issuer, trust);
  if (verified > 0) return;
  const problem =
    verified === 0
      ? 'carries no signed certificate timestamp'
      : 'carries a signed certificate timestamp of no log of the trusted root, or one that does not verify';
  throw new Refused(
    'CertificateUntrusted',
    `the certificate ${problem}: expected one by a certificate-transparency log (ctlogs) of the trusted root`,
  );
}

/** How many there are; -1 where one does not verify. */
function embeddedScts(leaf: Certificate, issuer: Certificate, trust: PreparedTrust): number {
  try {
    const [certificate, signer] = [leaf, issuer].map(({ raw }) => SigstoreCertificate.parse(Buffer.from(raw)));
    if (certificate === undefined || signer === undefined) return -1;
    return verifySCTs(certificate, signer, trust.library.ctlogs).length;
  } catch {
    return -1;
  }
}
