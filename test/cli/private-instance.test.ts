/**
 * A Sigstore of one's own from end to end: its trusted root by TUF, a registry on loopback, and `image-trust verify`. Rekor
 * v2 proves no time and a timestamp authority no log: what either is enough for.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { imageTrust } from '../support/cli.ts';
import { type LivingTuf, startLivingTuf } from '../support/living-tuf.ts';
import { addBlob, addImage, addManifest, startRegistry, type TestRegistry } from '../support/registry.ts';
import {
  BODY,
  base64,
  bundle,
  type Company,
  ecKeys,
  openSigstore,
  pae,
  type Sigstore,
  signed,
  statement,
} from '../verify/sigstore/instance.ts';

const SAN = 'https://ci.example.com/org/repo@refs/heads/main';
const ISSUER = 'https://issuer.example.com';
const CLOCK = new Date(Date.now() + 60_000);
const BUNDLE = 'application/vnd.dev.sigstore.bundle.v0.3+json';

let folder = '';
let registry: TestRegistry;
let tuf: LivingTuf;
let sigstore: Sigstore;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'private-instance-'));
  registry = await startRegistry();
  sigstore = await openSigstore({ clock: CLOCK });
  tuf = await startLivingTuf(JSON.stringify(sigstore.trustedRoot));
  await writeFile(join(folder, 'root.json'), tuf.rootJson);
});
afterAll(async () => {
  await Promise.all([registry.close(), tuf.close(), rm(folder, { recursive: true })]);
});

/** An image with a keyless bundle beside it that brings this along. */
async function signedImage(name: string, parts: { readonly log: boolean; readonly stamp: boolean }): Promise<string> {
  const repository = registry.repository(name);
  const image = addImage(repository, name, ['v1']);
  const keys = ecKeys();
  const extensions = [{ oid: '1.3.6.1.4.1.57264.1.8', value: ISSUER }];
  const certificate = await sigstore.certificate(keys.publicKey, SAN, extensions);
  const payload = statement(image.digest);
  const signature = signed(pae(payload), keys);
  const verifier = { x509Certificate: { rawBytes: base64(certificate) }, keyDetails: 'PKIX_ECDSA_P256_SHA_256' };
  const company: Company = {
    certificate,
    log: parts.log ? [await sigstore.loggedV2(BODY.dsseV2(payload, signature, verifier))] : [],
    stamps: parts.stamp ? [await sigstore.stamp(signature)] : [],
  };
  const layer = addBlob(repository, bundle(payload, signature, company).payload, BUNDLE);
  const config = addBlob(repository, '{}', 'application/vnd.oci.empty.v1+json');
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  addManifest(repository, {
    schemaVersion: 2,
    mediaType,
    artifactType: BUNDLE,
    config,
    layers: [layer],
    subject: image,
  });
  return `${registry.host}/${name}:v1`;
}

test.each([
  ['Rekor v2 and a timestamp', { log: true, stamp: true }, [], 'Verified'],
  ['Rekor v2 alone, which proves no time', { log: true, stamp: false }, [], 'TimestampMissing'],
  ['a timestamp alone, where a log is required', { log: false, stamp: true }, [], 'TransparencyLogMissing'],
  ['a timestamp alone, where the log is ignored', { log: false, stamp: true }, ['--insecure-ignore-tlog'], 'Verified'],
])('%s', async (what, parts, flags, reason) => {
  const image = await signedImage(`app/${what.replaceAll(/[^a-z0-9]+/gi, '-').toLowerCase()}`, parts);
  const run = await imageTrust(
    [
      'verify',
      image,
      `--plain-http=${registry.host}`,
      `--certificate-identity=${SAN}`,
      `--certificate-oidc-issuer=${ISSUER}`,
      `--tuf-mirror=${tuf.mirror}`,
      `--tuf-root=${join(folder, 'root.json')}`,
      `--tuf-cache=${join(folder, 'cache')}`,
      '-o',
      'json',
      ...flags,
    ],
    { now: CLOCK },
  );
  expect([run.stderr, JSON.parse(run.stdout)]).toMatchObject(['', { results: [{ reason }] }]);
});
