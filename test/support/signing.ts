/**
 * Signatures and attestations as cosign makes them, with node:crypto: where signing with the real one would take too
 * long, or has to go wrong in a way of its own. Content only; where it lies in a registry is its caller's business.
 */
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

/** A key pair that signs with ECDSA and SHA-256. */
export interface SigningKey {
  readonly privateKey: KeyObject;
  /** PEM. */
  readonly publicKey: string;
  /** What a bundle says of the key: SHA-256 of its SubjectPublicKeyInfo, base64. */
  readonly hint: string;
}

/** Media type of a bundle. */
export const BUNDLE = 'application/vnd.dev.sigstore.bundle.v0.3+json';
/** Type of the statement that cosign 3 signs for an image. */
export const SIGN_V1 = 'https://sigstore.dev/cosign/sign/v1';

/** A new key on P-256. */
export function newSigningKey(): SigningKey {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const hint = createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64');
  return { privateKey, publicKey: publicKey.export({ type: 'spki', format: 'pem' }), hint };
}

/** What simple signing names. */
export interface Named {
  /** `host/repository` */
  readonly name: string;
  readonly digest: string;
  /** Signed annotations; default none. */
  readonly annotations?: Readonly<Record<string, string>>;
}

/** cosign's simple signing (SIGNATURE_SPEC.md): the payload, and its signature in base64. */
export function simpleSigning({ name, digest, annotations }: Named, { privateKey }: SigningKey) {
  const critical = {
    identity: { 'docker-reference': name },
    image: { 'docker-manifest-digest': digest },
    type: 'cosign container image signature',
  };
  const payload = JSON.stringify({ critical, optional: annotations ?? null });
  return { payload, signature: sign('sha256', Buffer.from(payload), privateKey).toString('base64') };
}

/** What a statement says of an image. */
export interface Said {
  readonly digest: string;
  readonly predicateType: string;
  readonly predicate?: unknown;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A DSSE envelope around an in-toto statement, as JSON. */
export function envelopeOf(said: Said, { privateKey }: SigningKey): object {
  const { digest, predicateType, predicate = {}, annotations = {} } = said;
  const statement = JSON.stringify({
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ digest: { sha256: digest.slice('sha256:'.length) }, annotations }],
    predicateType,
    predicate,
  });
  const payloadType = 'application/vnd.in-toto+json';
  const encoded = `DSSEv1 ${payloadType.length} ${payloadType} ${Buffer.byteLength(statement)} ${statement}`;
  const sig = sign('sha256', Buffer.from(encoded), privateKey).toString('base64');
  return { payload: Buffer.from(statement).toString('base64'), payloadType, signatures: [{ sig }] };
}

/** The same as a bundle v0.3. */
export function bundleOf(said: Said, key: SigningKey): object {
  const verificationMaterial = { publicKey: { hint: key.hint } };
  return { mediaType: BUNDLE, verificationMaterial, dsseEnvelope: envelopeOf(said, key) };
}

/** Annotations of the manifest that carries a bundle. */
export function bundleAnnotations(predicateType: string): Readonly<Record<string, string>> {
  return { 'dev.sigstore.bundle.content': 'dsse-envelope', 'dev.sigstore.bundle.predicateType': predicateType };
}
