/**
 * A proof by a signed statement, for both families that carry one: who signed the envelope, of which type it is, which
 * images it names. Owns the order of these demands.
 */
import type { Claim, Proof } from '../family.ts';
import { Refused } from '../refusal.ts';
import type { Envelope } from './envelope.ts';
import type { ProvenSigner } from './signer.ts';
import { demandPredicateType, demandSubject, readStatement, type Statement } from './statement.ts';

/** Bytes of a payload that is read before its signature is checked, since its type tells more than a foreign key does. */
const READ_EARLY = 256 * 1024;

/** Bytes that no signature exceeds; a statement with a predicate worth the name may. */
const LARGEST_SIGNATURE = 1024 * 1024;

/** Proves the claim by the statement in the envelope. `demandSigner` throws Refused unless a trusted signer signed it. */
export function proveStatement(envelope: Envelope, claim: Claim, demandSigner: () => ProvenSigner): Proof {
  const early = envelope.payload.length <= READ_EARLY ? demandStatement(envelope, claim) : undefined;
  const signer = demandSigner();
  // A large payload costs time to read: that is spent on those who may ask for it only.
  const statement = early ?? demandStatement(envelope, claim);
  const annotations = demandSubject(statement, claim.subject, claim.annotations);
  const proof: Proof = { ok: true, ...signer, annotations };
  return claim.demands.type === 'attestation' ? { ...proof, predicate: statement.predicate } : proof;
}

/** Refuses, before anything is parsed, what is too large for the signature that is demanded. */
export function demandSignatureSize(bytes: Uint8Array, demands: Claim['demands']): void {
  if (demands.type === 'attestation' || bytes.length <= LARGEST_SIGNATURE) return;
  throw new Refused(
    'NoSignature',
    `larger than any signature (${LARGEST_SIGNATURE} bytes), so it is at most an attestation: expected a signature`,
  );
}

function demandStatement(envelope: Envelope, { demands }: Claim): Statement {
  const statement = readStatement(envelope);
  demandPredicateType(statement, demands);
  return statement;
}
