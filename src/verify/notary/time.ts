/**
 * When it was signed, and whether the certificates were valid then (Notary trust policy, "Validate Expiry" and
 * "Validate Authentic Timestamp"). Must never take the signer's own word for the time.
 */
import type { TimeSource } from '../../core/verdict.ts';
import { Refused } from '../refusal.ts';
import type { SignerMaterial } from '../signer.ts';
import { verifyTimestamp } from '../timestamp/index.ts';
import type { Certificate } from '../x509/certificate.ts';
import { earliestEnd, untimelinessOf } from '../x509/chain.ts';
import { shownName } from '../x509/name.ts';
import type { Attributes } from './attributes.ts';
import type { Envelope } from './envelope.ts';
import { demandTimestampingChain } from './profile.ts';

/** What is known of the time. `holdsUntil`: where it rests on the time of the check. */
export interface SigningTime {
  readonly signedAt?: Date;
  readonly timeSource: TimeSource;
  readonly holdsUntil?: Date;
}

/** What the step looks at. */
export interface TimeQuestion {
  readonly envelope: Envelope;
  readonly attributes: Attributes;
  readonly chain: readonly Certificate[];
  readonly material: Extract<SignerMaterial, { type: 'notation' }>;
  readonly now: Date;
}

/** Demands that the signature has not reached the expiry that its signer gave it; that moment itself is past it. */
export function demandNotExpired({ expiry }: Attributes, now: Date): Date | undefined {
  if (expiry === undefined || now < expiry) return expiry;
  throw new Refused('SignatureExpired', `the signer let the signature expire at ${expiry.toISOString()}`);
}

/** Demands that every certificate of the chain was valid when the signature was made, or is now where nothing proves when. */
export function demandAuthenticTime(question: TimeQuestion): SigningTime {
  const { attributes, chain, now } = question;
  if (attributes.scheme === 'notary.x509.signingAuthority') {
    const signedAt = attributes.signingTime;
    demandValid(chain, signedAt, signedAt);
    return { signedAt, timeSource: 'signing-authority' };
  }
  if (isTimestampDue(question)) return demandTimestamp(question);
  demandValidNow(chain, now);
  return { timeSource: 'none', holdsUntil: earliestEnd(chain) };
}

/** "Sufficient and necessary conditions to trigger timestamp countersignature verification". */
function isTimestampDue({ material, chain, now }: TimeQuestion): boolean {
  if (material.tsa.length === 0) return false;
  return material.verifyTimestamp === 'always' || now > earliestEnd(chain);
}

function demandTimestamp({ envelope, chain, material }: TimeQuestion): SigningTime {
  const token = envelope.timestamp;
  if (token === undefined || token.length === 0) {
    throw new Refused(
      'TimestampMissing',
      'the signature has no timestamp of an authority, which the tsa trust store demands',
    );
  }
  const proven = verifyTimestamp({ token, message: envelope.signature, roots: material.tsa });
  if (!proven.ok) throw new Refused(proven.reason, proven.message);
  if (proven.boundBy !== 'signing-certificate-v2') {
    throw new Refused('TimestampMissing', 'timestamp: it lacks the attribute signing-certificate-v2');
  }
  demandTimestampingChain(proven.chain);
  const { time, accuracyMs } = proven;
  demandValid(chain, new Date(time.getTime() - accuracyMs), new Date(time.getTime() + accuracyMs));
  return { signedAt: time, timeSource: 'timestamp-authority' };
}

/** All of the time from `from` to `until` must lie within the validity of every certificate. */
function demandValid(chain: readonly Certificate[], from: Date, until: Date): void {
  for (const certificate of chain) {
    const untimely = untimelinessOf(certificate, from) ?? untimelinessOf(certificate, until);
    if (untimely === undefined) continue;
    throw new Refused('CertificateExpired', `${untimely}, and the signature was made outside of that`);
  }
}

function demandValidNow(chain: readonly Certificate[], now: Date): void {
  const untimely = chain.find((certificate) => untimelinessOf(certificate, now) !== undefined);
  if (untimely === undefined) return;
  const begins = now < untimely.notBefore ? untimely.notBefore : undefined;
  const what = untimelinessOf(untimely, now) ?? shownName(untimely.subject);
  throw new Refused('CertificateExpired', `${what}, and no timestamp proves when the signature was made`, begins);
}
