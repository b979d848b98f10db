/**
 * A signature family for tests of the engine: a signature is JSON that says who signed what. No cryptography, so that
 * what the engine does with proofs and refusals stands alone.
 */
import type { Claim, FamilyName, Outcome, SignatureFamily } from '../../src/verify/family.ts';
import { refusal } from '../../src/verify/refusal.ts';
import type { PublicKey, Signer } from '../../src/verify/signer.ts';

export interface PlainSignature {
  readonly by: string;
  readonly names: string;
  readonly type?: string;
  readonly signedAt?: string;
  readonly annotations?: Record<string, string>;
  readonly holdsUntil?: string;
  readonly predicate?: unknown;
}

export const PLAIN_LAYER = 'test/plain';

export function plainFamily(
  name: FamilyName = 'cosign-simple',
  mediaType = PLAIN_LAYER,
): SignatureFamily & { proved: number } {
  const family = {
    name,
    proved: 0,
    serves: (claim: Claim) => claim.material.type === 'publicKey',
    layers: (manifest: { layers: readonly { mediaType: string }[] }) =>
      manifest.layers.filter((l) => l.mediaType === mediaType),
    prove(signature: { payload: Uint8Array }, claim: Claim): Outcome {
      family.proved++;
      return proveplain(JSON.parse(Buffer.from(signature.payload).toString()), claim);
    },
  };
  return family as unknown as SignatureFamily & { proved: number };
}

function proveplain(signed: PlainSignature, claim: Claim): Outcome {
  const keys = claim.material.type === 'publicKey' ? claim.material.keys.map((k) => k.fingerprint) : [];
  const wants = claim.demands.type === 'attestation' ? claim.demands.predicateType : undefined;
  if (signed.type !== wants)
    return refusal(wants === undefined ? 'NoSignature' : 'AttestationMissing', `is of type ${signed.type}`);
  if (!keys.includes(signed.by)) return refusal('UntrustedSigner', `signed by ${signed.by}`);
  if (signed.names !== claim.subject.digest) return refusal('DigestMismatch', `names ${signed.names}`);
  for (const [key, value] of Object.entries(claim.annotations)) {
    if (signed.annotations?.[key] !== value) return refusal('AnnotationMismatch', `${key} is not ${value}`);
  }
  return {
    ok: true,
    signerId: signed.by,
    fingerprint: signed.by,
    timeSource: signed.signedAt === undefined ? 'none' : 'transparency-log',
    annotations: signed.annotations ?? {},
    notes: [],
    ...(wants === undefined ? {} : { predicate: signed.predicate }),
    ...(signed.signedAt === undefined ? {} : { signedAt: new Date(signed.signedAt) }),
    ...(signed.holdsUntil === undefined ? {} : { holdsUntil: new Date(signed.holdsUntil) }),
  };
}

/** A usable signer that holds these "keys". */
export function plainSigner(
  name: string,
  fingerprints: readonly string[],
  lifecycle: Extract<Signer, { state: 'usable' }>['lifecycle'] = { state: 'Active' },
): Signer {
  const keys = fingerprints.map((fingerprint) => ({ fingerprint }) as unknown as PublicKey);
  return {
    state: 'usable',
    name,
    id: `${name}:${fingerprints.join()}`,
    material: { type: 'publicKey', keys, transparencyLog: 'Ignored' },
    lifecycle,
  };
}
