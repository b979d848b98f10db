/**
 * The family of cosign's older attestations: a DSSE envelope in a layer, found under the `.att` tag or as an OCI 1.1
 * referrer; certificate, log entry and timestamp in annotations of the layer. Serves attestations, never signatures.
 */
import type { Claim, Outcome, RawSignature, SignatureFamily } from '../family.ts';
import { attempt, Refused } from '../refusal.ts';
import { type Envelope, preAuthenticationEncoding, readEnvelope } from '../sigstore/envelope.ts';
import { readCompany } from '../sigstore/legacy-company.ts';
import type { Signed } from '../sigstore/signed.ts';
import { demandSigner, type ProvenSigner } from '../sigstore/signer.ts';
import { proveStatement } from '../sigstore/statement-proof.ts';

const LAYER = 'application/vnd.dsse.envelope.v1+json';

/** cosign's attestations before bundles. */
export const cosignDsse: SignatureFamily = {
  name: 'cosign-dsse',
  serves: ({ demands, material }) => demands.type === 'attestation' && material.type !== 'notation',
  layers: (manifest) => manifest.layers.filter((layer) => layer.mediaType === LAYER),
  prove: (signature, claim) => attempt('the attestation', () => prove(signature, claim)),
};

function prove(raw: RawSignature, claim: Claim): Outcome {
  if (claim.demands.type !== 'attestation')
    throw new Refused('NoSignature', 'this is an attestation, and a signature of the image is demanded');
  const envelope = readEnvelope(raw.payload);
  return proveStatement(envelope, claim, () => demandAnySigner(raw, envelope, claim));
}

/** An envelope may carry several signatures: one by a trusted signer is enough. Else the first refusal tells why. */
function demandAnySigner(raw: RawSignature, envelope: Envelope, claim: Claim): ProvenSigner {
  const company = readCompany(raw.layer.annotations);
  const message = preAuthenticationEncoding(envelope);
  const refusals: Refused[] = [];
  for (const signature of envelope.signatures) {
    // cosign stamps the whole envelope here (pkg/cosign/verify.go, VerifyRFC3161Timestamp), the signature elsewhere.
    const signed: Signed = {
      message,
      signature,
      envelopePayload: envelope.payload,
      envelope: raw.payload,
      stamped: raw.payload,
      ...company,
    };
    try {
      return demandSigner(signed, claim.material, claim.now);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      refusals.push(error);
    }
  }
  throw (
    refusals.find((refused) => refused.reason !== 'UntrustedSigner') ??
    refusals[0] ??
    new Refused('SignatureInvalid', 'the envelope carries no signature')
  );
}
