/**
 * Distinct images, each signed with one key, pushed to a registry as cosign lays them out: half under the `.sig` tag,
 * half as a bundle under the referrers' fallback tag (what cosign 3 writes by default). Signed with node:crypto, for
 * signing a thousand with cosign takes minutes; the real cosign is then measured on them, and so proves them right.
 */
import { hash } from 'node:crypto';
import {
  BUNDLE,
  bundleAnnotations,
  bundleOf,
  newSigningKey,
  SIGN_V1,
  type SigningKey,
  simpleSigning,
} from '../support/signing.ts';

/** One image: `repository` has no host. */
export interface SignedImage {
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
}

/** Images and the key that signed them. */
export interface SignedImages {
  readonly images: readonly SignedImage[];
  /** PEM. */
  readonly publicKey: string;
}

interface Content {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly bytes: Buffer;
}

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const INDEX = 'application/vnd.oci.image.index.v1+json';
const EMPTY = contentOf('application/vnd.oci.empty.v1+json', '{}');
const LAYER = contentOf('application/vnd.oci.image.layer.v1.tar', 'the same layer in every image');
const REPOSITORIES = 50;
const PUSHERS = 16;

/** How the images are signed: half of them either way, or all under the `.sig` tag. */
export type Layout = 'both' | 'legacy';

/** Makes `count` images and pushes them to the registry at `host`, in plain HTTP. */
export async function pushSignedImages(host: string, count: number, layout: Layout = 'both'): Promise<SignedImages> {
  const key = newSigningKey();
  const images: SignedImage[] = [];
  const numbers = Array.from({ length: count }, (_, number) => number).values();
  const pusher = async (): Promise<void> => {
    for (const number of numbers) images[number] = await pushImage(host, number, key, layout);
  };
  await Promise.all(Array.from({ length: PUSHERS }, pusher));
  return { images, publicKey: key.publicKey };
}

async function pushImage(host: string, number: number, key: SigningKey, layout: Layout): Promise<SignedImage> {
  const repository = `bench/app${number % REPOSITORIES}`;
  const to = `http://${host}/v2/${repository}`;
  const config = contentOf(
    'application/vnd.oci.image.config.v1+json',
    json({ architecture: 'amd64', os: 'linux', number }),
  );
  const image = manifestOf({ config: descriptor(config), layers: [descriptor(LAYER)] });
  const tag = `v${number}`;
  for (const content of [config, LAYER]) await pushBlob(to, content);
  await pushManifest(to, image, tag);
  // Two per repository and round, so that every repository holds both kinds.
  if (layout === 'legacy' || Math.floor(number / REPOSITORIES) % 2 === 0)
    await pushLegacy(to, image, `${host}/${repository}`, key);
  else await pushBundle(to, image, key);
  return { repository, tag, digest: image.digest };
}

/** A signature tag: payload in a layer, signature in its annotation. */
async function pushLegacy(to: string, image: Content, name: string, key: SigningKey): Promise<void> {
  const { payload: signed, signature } = simpleSigning({ name, digest: image.digest }, key);
  const payload = contentOf('application/vnd.dev.cosign.simplesigning.v1+json', signed);
  const annotations = { 'dev.cosignproject.cosign/signature': signature };
  const config = contentOf(
    'application/vnd.oci.image.config.v1+json',
    json({ rootfs: { type: 'layers', diff_ids: [payload.digest] } }),
  );
  for (const content of [config, payload]) await pushBlob(to, content);
  const manifest = manifestOf({ config: descriptor(config), layers: [{ ...descriptor(payload), annotations }] });
  await pushManifest(to, manifest, `${image.digest.replace(':', '-')}.sig`);
}

/** A bundle v0.3 around a DSSE envelope, referred to by the fallback tag (distribution spec 1.1). */
async function pushBundle(to: string, image: Content, key: SigningKey): Promise<void> {
  const bundle = contentOf(BUNDLE, json(bundleOf({ digest: image.digest, predicateType: SIGN_V1 }, key)));
  for (const content of [EMPTY, bundle]) await pushBlob(to, content);
  const annotations = bundleAnnotations(SIGN_V1);
  const parts = { artifactType: BUNDLE, config: descriptor(EMPTY), layers: [descriptor(bundle)], annotations };
  const manifest = manifestOf({ ...parts, subject: descriptor(image) });
  await pushManifest(to, manifest, manifest.digest);
  const referrer = { ...descriptor(manifest), artifactType: BUNDLE };
  const index = contentOf(INDEX, json({ schemaVersion: 2, mediaType: INDEX, manifests: [referrer] }));
  await pushManifest(to, index, image.digest.replace(':', '-'));
}

function manifestOf(parts: object): Content {
  return contentOf(MANIFEST, json({ schemaVersion: 2, mediaType: MANIFEST, ...parts }));
}

function contentOf(mediaType: string, text: string): Content {
  const bytes = Buffer.from(text);
  return { mediaType, digest: `sha256:${hash('sha256', bytes, 'hex')}`, size: bytes.length, bytes };
}

function descriptor({ mediaType, digest, size }: Content): Pick<Content, 'mediaType' | 'digest' | 'size'> {
  return { mediaType, digest, size };
}

function json(value: object): string {
  return JSON.stringify(value);
}

async function pushBlob(to: string, { bytes, digest }: Content): Promise<void> {
  const opened = await fetch(`${to}/blobs/uploads/`, { method: 'POST' });
  const location = opened.headers.get('location');
  if (opened.status !== 202 || location === null) throw new Error(`${to}: upload answered with ${opened.status}`);
  await opened.arrayBuffer();
  const address = new URL(location, to);
  address.searchParams.set('digest', digest);
  await put(address, bytes, 'application/octet-stream');
}

async function pushManifest(to: string, { bytes, mediaType }: Content, reference: string): Promise<void> {
  await put(new URL(`${to}/manifests/${reference}`), bytes, mediaType);
}

async function put(address: URL, body: Buffer, type: string): Promise<void> {
  const answer = await fetch(address, { method: 'PUT', body, headers: { 'content-type': type } });
  if (answer.status !== 201) throw new Error(`${address.pathname}: ${answer.status} ${await answer.text()}`);
  await answer.arrayBuffer();
}
