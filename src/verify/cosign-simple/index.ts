/**
 * The family of cosign's simple signing: a JSON payload in a layer, its signature in an annotation of that layer, found
 * under the `.sig` tag or as an OCI 1.1 referrer. Serves signatures, never attestations.
 */
import { decodeBase64 } from '../../core/base64.ts';
import type { Claim, Outcome, RawSignature, SignatureFamily } from '../family.ts';
import { attempt, Refused } from '../refusal.ts';
import { readCompany } from '../sigstore/legacy-company.ts';
import type { Signed } from '../sigstore/signed.ts';
import { demandSigner } from '../sigstore/signer.ts';
import { demandPayload, demandPayloadSize } from './payload.ts';

const LAYER = 'application/vnd.dev.cosign.simplesigning.v1+json';
const SIGNATURE = 'dev.cosignproject.cosign/signature';

/** cosign's simple signing. */
export const cosignSimple: SignatureFamily = {
  name: 'cosign-simple',
  serves: ({ demands, material }) => demands.type === 'signature' && material.type !== 'notation',
  layers: (manifest) => manifest.layers.filter((layer) => layer.mediaType === LAYER),
  prove: (signature, claim) => attempt('the cosign signature', () => prove(signature, claim)),
};

function prove({ layer, payload }: RawSignature, claim: Claim): Outcome {
  if (claim.demands.type !== 'signature')
    throw new Refused('AttestationMissing', 'this is a signature, and an attestation is demanded');
  demandPayloadSize(payload);
  const signature = signatureIn(layer.annotations);
  const signed: Signed = { message: payload, signature, stamped: signature, ...readCompany(layer.annotations) };
  const signer = demandSigner(signed, claim.material, claim.now);
  const annotations = demandPayload(payload, claim);
  return { ok: true, ...signer, annotations };
}

function signatureIn(annotations: Readonly<Record<string, string>>): Uint8Array {
  const text = Object.hasOwn(annotations, SIGNATURE) ? annotations[SIGNATURE] : undefined;
  const bytes = text === undefined || text === '' ? undefined : decodeBase64(text);
  if (bytes === undefined)
    throw new Refused(
      'SignatureInvalid',
      `annotation ${SIGNATURE}: expected a signature in base64, found ${text ? 'other text' : 'none'}`,
    );
  return bytes;
}
