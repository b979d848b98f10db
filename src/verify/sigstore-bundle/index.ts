/**
 * The family of Sigstore bundles (protobuf-specs, v0.1 to v0.3) that lie in a layer: what cosign 3 writes by default, and
 * others with it. A bundle is a signature or an attestation by the predicate type of its statement, nothing else.
 */
import type { Claim, Outcome, RawSignature, SignatureFamily } from '../family.ts';
import { attempt } from '../refusal.ts';
import { preAuthenticationEncoding } from '../sigstore/envelope.ts';
import type { Signed } from '../sigstore/signed.ts';
import { demandSigner } from '../sigstore/signer.ts';
import { demandSignatureSize, proveStatement } from '../sigstore/statement-proof.ts';
import { readBundle } from './bundle.ts';

/** Any version: one that we do not read is refused with that reason, rather than overlooked. */
const LAYER = /^application\/vnd\.dev\.sigstore\.bundle(?:\.v\d+(?:\.\d+)*)?\+json(?:; ?version=[\d.]+)?$/;

/** Sigstore bundles. */
export const sigstoreBundle: SignatureFamily = {
  name: 'sigstore-bundle',
  serves: ({ material }) => material.type !== 'notation',
  layers: (manifest) => manifest.layers.filter((layer) => layer.mediaType.length < 128 && LAYER.test(layer.mediaType)),
  prove: (signature, claim) => attempt('the Sigstore bundle', () => prove(signature, claim)),
};

function prove(raw: RawSignature, claim: Claim): Outcome {
  demandSignatureSize(raw.payload, claim.demands);
  const { envelope, signature, company } = readBundle(raw.payload);
  return proveStatement(envelope, claim, () => {
    const signed: Signed = {
      message: preAuthenticationEncoding(envelope),
      signature,
      stamped: signature,
      envelopePayload: envelope.payload,
      ...company,
    };
    return demandSigner(signed, claim.material, claim.now);
  });
}
