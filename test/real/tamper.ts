/**
 * What somebody with the right to push can do to signatures: move, alter, delete, surround with others. Steps of rows,
 * for every tool. Makes nothing that is validly signed, save where a step's name says so.
 */
import { sign as signBytes } from 'node:crypto';
import { type CosignWorkshop, type KeyName, keyOf } from './cosign-workshop.ts';
import {
  type Descriptor,
  fallbackTag,
  findManifest,
  getBlob,
  getManifest,
  MANIFEST,
  type Manifest,
  putBlob,
  putManifest,
  referrersOf,
  remove,
  type Repository,
} from './content.ts';
import type { Scene, Step } from './row.ts';

const SIMPLE_SIGNING = 'application/vnd.dev.cosign.simplesigning.v1+json';
const SIGNATURE = 'dev.cosignproject.cosign/signature';

const tagOf = (digest: string, kind: 'sig' | 'att'): string => `${fallbackTag(digest)}.${kind}`;

/** Puts the signature or attestation tag of `image` on `other` too. */
export function copyTag(kind: 'sig' | 'att'): Step<unknown> {
  return async (_, { repository, image, other }) => {
    await putManifest(repository, await getManifest(repository, tagOf(image.digest, kind)), tagOf(other.digest, kind));
  };
}

/** Gives every referrer of `image` to `other`: the same layers under a manifest whose subject is `other`. */
export const copyReferrers: Step<unknown> = async (_, { repository, image, other }) => {
  for (const { digest } of await referrersOf(repository, image.digest)) {
    const manifest = await getManifest(repository, digest);
    await putManifest(repository, { ...manifest, subject: subjectFrom(other) });
  }
};

/** Puts the fallback index of `image` on `other` as it is: its manifests still name `image` as their subject. */
export const copyFallbackIndex: Step<unknown> = async (_, { repository, image, other }) => {
  await putManifest(repository, await getManifest(repository, fallbackTag(image.digest)), fallbackTag(other.digest));
};

/** Takes away every signature of `image`, in whatever place. */
export const removeSignatures: Step<unknown> = async (_, { repository, image }) => {
  for (const { digest } of await referrersOf(repository, image.digest)) await remove(repository, digest);
  for (const tag of [fallbackTag(image.digest), tagOf(image.digest, 'sig'), tagOf(image.digest, 'att')]) {
    const manifest = await findManifest(repository, tag);
    if (manifest !== undefined) await remove(repository, tag);
  }
};

/** Lies in the fallback index about what its manifests are (cosign 3.1.1 itself wrote such descriptors: trap 1). */
export const lieInFallbackIndex: Step<unknown> = async (_, { repository, image }) => {
  const index = await getManifest(repository, fallbackTag(image.digest));
  const manifests = (index.manifests ?? []).map(({ mediaType, digest, size }) => ({
    mediaType,
    digest,
    size,
    artifactType: 'application/vnd.oci.empty.v1+json',
  }));
  await putManifest(repository, { ...index, manifests }, fallbackTag(image.digest));
};

/** Changes the layer of every referrer; the old manifests go, so that only the changed ones are there. */
export function changeReferrers(change: (layer: Buffer) => string | Buffer): Step<unknown> {
  return async (_, { repository, image }) => {
    const found = await referrersOf(repository, image.digest);
    const manifests = await Promise.all(found.map(async ({ digest }) => getManifest(repository, digest)));
    for (const { digest } of found) await remove(repository, digest);
    await remove(repository, fallbackTag(image.digest));
    for (const manifest of manifests) await putManifest(repository, await withLayer(repository, manifest, change));
  };
}

/** The same for JSON. */
export function changeReferrersJson(change: (value: JsonObject) => JsonObject): Step<unknown> {
  return changeReferrers((layer) => JSON.stringify(change(JSON.parse(layer.toString()) as JsonObject)));
}

export type JsonObject = Readonly<Record<string, unknown>>;

/** Changes the payload behind the signature tag; descriptor and digest are made to fit. */
export function changeTagged(kind: 'sig' | 'att', change: (layer: Buffer) => string | Buffer): Step<unknown> {
  return async (_, { repository, image }) => {
    const tag = tagOf(image.digest, kind);
    await putManifest(repository, await withLayer(repository, await getManifest(repository, tag), change), tag);
  };
}

async function withLayer(
  repository: Repository,
  manifest: Manifest,
  change: (layer: Buffer) => string | Buffer,
): Promise<Manifest> {
  const [layer, ...more] = manifest.layers ?? [];
  if (layer === undefined) throw new Error('a manifest without layers is no signature');
  const changed = await putBlob(repository, change(await getBlob(repository, layer.digest)), layer.mediaType);
  return { ...manifest, layers: [{ ...layer, ...changed }, ...more] };
}

/** Flips the last byte of the legacy signature. */
export const flipSignature: Step<unknown> = async (_, { repository, image }) => {
  const tag = tagOf(image.digest, 'sig');
  const manifest = await getManifest(repository, tag);
  const layers = (manifest.layers ?? []).map((layer) => {
    const bytes = Buffer.from(layer.annotations?.[SIGNATURE] ?? '', 'base64');
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
    return { ...layer, annotations: { ...layer.annotations, [SIGNATURE]: bytes.toString('base64') } };
  });
  await putManifest(repository, { ...manifest, layers }, tag);
};

/** Puts so many forged signatures, each a layer of its own, before those of the legacy tag. */
export function surround(count: number): Step<unknown> {
  return async (_, { repository, image }) => {
    const tag = tagOf(image.digest, 'sig');
    const manifest = await getManifest(repository, tag);
    const forged = await Promise.all(
      Array.from({ length: count }, async (__, index) => {
        const layer = await putBlob(repository, JSON.stringify({ forged: index, image: image.digest }), SIMPLE_SIGNING);
        return { ...layer, annotations: { [SIGNATURE]: Buffer.alloc(70, index).toString('base64') } };
      }),
    );
    await putManifest(repository, { ...manifest, layers: [...forged, ...(manifest.layers ?? [])] }, tag);
  };
}

/** Writes a legacy signature tag with a payload of ours, validly signed by a key: what a signer could do, cosign does not. */
export function signPayload(key: KeyName, payloadFor: (scene: Scene) => string): Step<CosignWorkshop> {
  return async (workshop, scene) => {
    const payload = Buffer.from(payloadFor(scene));
    const signature = signBytes('sha256', payload, keyOf(workshop, key).privateKey).toString('base64');
    const { repository, image } = scene;
    const layer = await putBlob(repository, payload, SIMPLE_SIGNING);
    const config = await putBlob(repository, '{}', 'application/vnd.oci.image.config.v1+json');
    const layers = [{ ...layer, annotations: { [SIGNATURE]: signature } }];
    await putManifest(
      repository,
      { schemaVersion: 2, mediaType: MANIFEST, config, layers },
      tagOf(image.digest, 'sig'),
    );
  };
}

function subjectFrom({ mediaType, digest, size }: Descriptor): Descriptor {
  return { mediaType, digest, size };
}
