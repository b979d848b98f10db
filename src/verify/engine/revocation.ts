/**
 * Revocation in a verdict: proofs are made without it, its answers are fetched, and then it decides what a proof is worth.
 * Owns that order and what an answer means; must never ask for a certificate whose proof does not hold.
 */
import { NOT_CHECKED, type Outcome, type Proof } from '../family.ts';
import { refusal } from '../refusal.ts';
import type { CertificateStatus, Link, RevocationSource } from '../revocation/status.ts';
import { parseCertificate } from '../x509/certificate.ts';
import { shownName } from '../x509/name.ts';

/** What is known of certificates. `undefined`: nobody has been asked yet, and the question is noted. */
export interface RevocationAnswers {
  of(link: Link): CertificateStatus | undefined;
}

/** Judges, fetches the answers that were missing, and judges again; of what was remembered nothing is asked twice. */
export async function withAnswers<T>(
  judge: (answers: RevocationAnswers) => T,
  source: RevocationSource,
  signal: AbortSignal,
): Promise<T> {
  const questions = new Map<string, Link>();
  const first = judge({
    of: (link) => {
      questions.set(keyOf(link), link);
      return undefined;
    },
  });
  if (questions.size === 0) return first;
  const found = await Promise.all(
    [...questions].map(async ([key, link]) => [key, await source.statusOf(link, signal)] as const),
  );
  const answers = new Map(found);
  return judge({ of: (link) => answers.get(keyOf(link)) });
}

/** A proof as its certificates' revocation leaves it. */
export function withRevocation(outcome: Outcome, answers: RevocationAnswers | undefined): Outcome {
  if (!outcome.ok || outcome.revocation === undefined || answers === undefined) return outcome;
  const statuses = outcome.revocation.links.map((link) => ({ link, status: answers.of(link) }));
  const known = statuses.flatMap(({ link, status }) => (status === undefined ? [] : [{ link, status }]));
  if (known.length < statuses.length) return outcome;
  const problem = revokedOne(known, outcome) ?? unknownOne(known);
  const rest = outcome.notes.filter((note) => note !== NOT_CHECKED);
  if (problem === undefined) {
    return known.every(({ status }) => status.state === 'none') ? outcome : { ...outcome, notes: rest };
  }
  if (outcome.revocation.step === 'enforce') return refusal(problem.reason, problem.message);
  return { ...outcome, notes: [...rest, `revocation: logged, not enforced: ${problem.message}`.slice(0, 450)] };
}

interface Known {
  readonly link: Link;
  readonly status: CertificateStatus;
}

interface Problem {
  readonly reason: 'CertificateRevoked' | 'RevocationUnavailable';
  readonly message: string;
}

/** A certificate that became suspect after the proven time of signing leaves the signature as it was. */
function revokedOne(known: readonly Known[], { signedAt }: Proof): Problem | undefined {
  for (const { link, status } of known) {
    if (status.state !== 'revoked') continue;
    const { since, invalidSince } = status;
    if (signedAt !== undefined && invalidSince !== undefined && signedAt < invalidSince) continue;
    const message = `certificate ${nameOf(link)} was revoked by its issuer at ${since.toISOString()}`;
    return { reason: 'CertificateRevoked', message };
  }
  return undefined;
}

function unknownOne(known: readonly Known[]): Problem | undefined {
  for (const { link, status } of known) {
    if (status.state !== 'unknown') continue;
    const message = `whether certificate ${nameOf(link)} was revoked cannot be found out: ${status.message}`;
    return { reason: 'RevocationUnavailable', message };
  }
  return undefined;
}

/** The certificate was parsed when the proof was made. */
function nameOf({ certificate }: Link): string {
  return shownName(parseCertificate(certificate).subject);
}

function keyOf({ certificate, issuer }: Link): string {
  return `${Buffer.from(certificate).toString('base64')} ${Buffer.from(issuer).toString('base64')}`;
}
