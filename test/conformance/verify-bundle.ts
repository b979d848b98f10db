/**
 * Verifies a bundle of an artifact as our engine verifies the bundles of images: the same trust, the same families, the
 * same demands. Owns what images do not have: artifacts that are files, and signatures over bare bytes.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { API_VERSION } from '../../src/api/group.ts';
import { TrustedKeySpec } from '../../src/api/trusted-key.ts';
import type { Digest } from '../../src/core/digest.ts';
import type { Outcome, RawSignature } from '../../src/verify/family.ts';
import type { SignedBytes } from '../../src/verify/keys.ts';
import { attempt, Refused } from '../../src/verify/refusal.ts';
import { demandSigner } from '../../src/verify/sigstore/signer.ts';
import { readStatement } from '../../src/verify/sigstore/statement.ts';
import { type BareBundle, readAnyBundle } from '../../src/verify/sigstore-bundle/bundle.ts';
import { sigstoreBundle } from '../../src/verify/sigstore-bundle/index.ts';
import type { SignerMaterial } from '../../src/verify/signer.ts';
import { type MaterialLookup, trustRootsOf } from '../../src/verify/trust/material.ts';
import { resolveSigner } from '../../src/verify/trust/signer.ts';
import { parseTrustedRoot } from '../../src/verify/trust/trusted-root.ts';
import type { BundleQuestion } from './arguments.ts';
import { publicGoodRoot } from './public-good.ts';

/** The bytes of a file, or their digest alone, and in both cases the digest. */
interface Artifact {
  readonly bytes: SignedBytes;
  readonly sha256: Uint8Array;
}

/** The engine's outcome. Throws for files that cannot be read, and for trust that cannot be used. */
export async function verifyBundle(question: BundleQuestion, now: Date): Promise<Outcome> {
  const [material, artifact, bundle] = await Promise.all([
    materialOf(question),
    artifactOf(question.artifact),
    readFile(question.bundle),
  ]);
  return attempt('the Sigstore bundle', () => {
    const read = readAnyBundle(bundle);
    if (read.envelope === undefined) return proveBare(read, artifact, { material, now });
    const { predicateType } = readStatement(read.envelope);
    const digest: Digest = `sha256:${hex(artifact.sha256)}`;
    const demands = { type: 'attestation', predicateType } as const;
    return sigstoreBundle.prove(rawOf(bundle), { subject: { digest }, demands, material, annotations: {}, now });
  });
}

function proveBare(
  { signature, claimed, company }: BareBundle,
  { bytes, sha256 }: Artifact,
  { material, now }: { readonly material: SignerMaterial; readonly now: Date },
): Outcome {
  if (Buffer.compare(claimed, sha256) !== 0)
    throw new Refused('DigestMismatch', 'the bundle names another digest than that of the artifact');
  const signed = { message: bytes, signature, stamped: signature, ...company };
  return { ok: true, ...demandSigner(signed, material, now), annotations: {} };
}

/** The TrustedKey that the arguments describe, resolved as everywhere. */
async function materialOf({ signer, trustedRoot }: BundleQuestion): Promise<SignerMaterial> {
  const root = trustedRoot === undefined ? publicGoodRoot() : await readFile(trustedRoot, 'utf8');
  const who =
    'key' in signer
      ? { publicKey: { pem: await readFile(signer.key, 'utf8') } }
      : { keyless: { identities: [{ issuer: signer.issuer, subject: signer.identity }] } };
  const spec = TrustedKeySpec.parse({ ...who, transparencyLog: 'Required' });
  const key = { apiVersion: API_VERSION, kind: 'TrustedKey', metadata: { name: 'conformance' }, spec } as const;
  const found = resolveSigner(key, NOTHING, trustRootsOf(NOTHING, { given: parseTrustedRoot(root) }));
  if (found.state === 'usable') return found.material;
  throw new Error(found.message);
}

/** The spec holds its material itself. */
const NOTHING: MaterialLookup = { text: () => ({ ok: false, message: 'there are no objects' }) };

const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** What looks like a digest is one, unless a file has that name. */
async function artifactOf(text: string): Promise<Artifact> {
  const file = await readFile(text).catch((error: unknown) => {
    if (DIGEST.test(text)) return undefined;
    throw error;
  });
  if (file !== undefined) return { bytes: file, sha256: createHash('sha256').update(file).digest() };
  const sha256 = Buffer.from(text.slice('sha256:'.length), 'hex');
  return { bytes: { sha256 }, sha256 };
}

/** The bundle as if it lay in a registry. */
function rawOf(payload: Uint8Array): RawSignature {
  const digest: Digest = `sha256:${hex(createHash('sha256').update(payload).digest())}`;
  const mediaType = 'application/vnd.dev.sigstore.bundle.v0.3+json';
  const layer = { mediaType, digest, size: payload.length, annotations: {} };
  return {
    family: 'sigstore-bundle',
    place: { repository: 'file.invalid/bundle', via: 'referrers-api', manifest: digest, blob: digest },
    layer,
    manifest: { digest, mediaType, bytes: payload, layers: [layer], manifests: [], annotations: {} },
    payload,
  };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
