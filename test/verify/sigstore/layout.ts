/** Signatures of the fixtures as a registry would hand them out: straight from the blobs of their OCI layouts. */
import { createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import type { Digest } from '../../../src/core/digest.ts';
import type { SignaturePlace } from '../../../src/core/verdict.ts';
import type { Descriptor, Manifest } from '../../../src/registry/source.ts';
import type { Claim, Outcome, RawSignature, SignatureFamily, Subject } from '../../../src/verify/family.ts';
import { cosignDsse } from '../../../src/verify/cosign-dsse/index.ts';
import { cosignSimple } from '../../../src/verify/cosign-simple/index.ts';
import { toPublicKey } from '../../../src/verify/keys.ts';
import { sigstoreBundle } from '../../../src/verify/sigstore-bundle/index.ts';
import type { IdentityMatcher, PublicKey, SignerMaterial, TextMatcher, TrustRoot } from '../../../src/verify/signer.ts';
import type { Certificate } from '../../../src/verify/x509/certificate.ts';
import { parsePemCertificates } from '../../../src/verify/x509/pem.ts';

const FIXTURES = new URL('../../fixtures/', import.meta.url).pathname;

export const FAMILIES: readonly SignatureFamily[] = [cosignSimple, cosignDsse, sigstoreBundle];
/** The time of the check in these tests; the fixtures were signed on 2026-11-21. */
export const NOW = new Date('2026-12-01T00:00:00Z');

export interface Fixture {
  readonly subject: Subject;
  readonly signatures: readonly RawSignature[];
}

interface RawDescriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Every signature of every family that belongs to the fixture's image, and the image itself (tag v1, or its child). */
export function openFixture(name: string, child?: number): Fixture {
  const tags = new Map(
    entries(json(join(FIXTURES, name, 'index.json'))).map((d) => [
      d.annotations?.['org.opencontainers.image.ref.name'] ?? '',
      d,
    ]),
  );
  const image = tags.get('v1');
  if (image === undefined) throw new Error(`fixture ${name} has no tag v1`);
  const descriptor = child === undefined ? image : entries(JSON.parse(blob(name, image.digest).toString()))[child];
  if (descriptor === undefined) throw new Error(`fixture ${name} has no child ${child}`);
  const fallback = descriptor.digest.replace(':', '-');
  const found: [RawDescriptor | undefined, SignaturePlace['via']][] = [
    [tags.get(`${fallback}.sig`), 'signature-tag'],
    [tags.get(`${fallback}.att`), 'attestation-tag'],
    ...referrers(name, tags.get(fallback)).map((d) => [d, 'referrers-tag'] as [RawDescriptor, SignaturePlace['via']]),
  ];
  const signatures = found.flatMap(([d, via]) => (d === undefined ? [] : signaturesIn(name, manifestOf(name, d), via)));
  return { subject: { digest: descriptor.digest, mediaType: descriptor.mediaType, size: descriptor.size }, signatures };
}

/** What comes of each signature of the fixture for the claim, by the families that serve it. */
export function proveAll(fixture: Fixture, claim: Claim): readonly Outcome[] {
  return fixture.signatures.flatMap((signature) =>
    FAMILIES.filter((f) => f.name === signature.family && f.serves(claim)).map((f) => f.prove(signature, claim)),
  );
}

/** A claim on the fixture's image. */
export function claimOn(subject: Subject, material: SignerMaterial, more: Partial<Claim> = {}): Claim {
  return { subject, demands: { type: 'signature' }, material, annotations: {}, now: NOW, ...more };
}

/** A signature of a family around these bytes. */
export function rawOf(
  family: RawSignature['family'],
  mediaType: string,
  payload: Uint8Array,
  annotations: Readonly<Record<string, string>> = {},
): RawSignature {
  const digest: Digest = `sha256:${'0'.repeat(64)}`;
  const layer: Descriptor = { mediaType, digest, size: payload.length, annotations };
  const manifest: Manifest = {
    digest,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    bytes: new Uint8Array(),
    layers: [layer],
    manifests: [],
    annotations: {},
  };
  return {
    family,
    place: { repository: 'registry.example.com/app', via: 'referrers-tag', manifest: digest, blob: digest },
    layer,
    manifest,
    payload,
  };
}

export function keyFile(name: string): PublicKey {
  return toPublicKey(createPublicKey(readFileSync(join(FIXTURES, 'keys', name))));
}

export function pkiFile(name: string): readonly Certificate[] {
  return parsePemCertificates(readFileSync(join(FIXTURES, 'keys/pki', name), 'utf8'));
}

export function trustRoot(): TrustRoot {
  return { root: TrustedRoot.fromJSON(json(join(FIXTURES, 'keys/trusted_root.json'))), id: 'fixtures' };
}

/** Material of these key files. */
export function keys(...names: readonly string[]): Extract<SignerMaterial, { type: 'publicKey' }> {
  return { type: 'publicKey', keys: names.map(keyFile), transparencyLog: 'Ignored' };
}

export function exactly(text: string): TextMatcher {
  return { shown: JSON.stringify(text), matches: (found) => found === text };
}

export function identity(
  subject?: string,
  issuer?: string,
  extensions: Readonly<Record<string, string>> = {},
): IdentityMatcher {
  return {
    ...(subject === undefined ? {} : { subject: exactly(subject) }),
    ...(issuer === undefined ? {} : { issuer: exactly(issuer) }),
    extensions,
  };
}

function signaturesIn(name: string, manifest: Manifest, via: SignaturePlace['via']): readonly RawSignature[] {
  return FAMILIES.flatMap((family) =>
    family.layers(manifest).map((layer) => ({
      family: family.name,
      place: { repository: `registry.example.com/${name}`, via, manifest: manifest.digest, blob: layer.digest },
      layer,
      manifest,
      payload: blob(name, layer.digest),
    })),
  );
}

function referrers(name: string, index: RawDescriptor | undefined): readonly RawDescriptor[] {
  return index === undefined ? [] : entries(JSON.parse(blob(name, index.digest).toString()));
}

function manifestOf(name: string, { digest, mediaType }: RawDescriptor): Manifest {
  const bytes = blob(name, digest);
  const { layers } = JSON.parse(bytes.toString()) as { layers: RawDescriptor[] };
  return {
    digest,
    mediaType,
    bytes,
    layers: layers.map((l) => ({ ...l, annotations: l.annotations ?? {} })),
    manifests: [],
    annotations: {},
  };
}

function entries(index: unknown): readonly RawDescriptor[] {
  return (index as { manifests: RawDescriptor[] }).manifests;
}

function blob(name: string, digest: Digest): Buffer {
  return readFileSync(join(FIXTURES, name, 'blobs', digest.replace(':', '/')));
}

function json(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'));
}
