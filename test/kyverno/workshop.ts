/**
 * Images made for one row: signed and attested with keys of the row's own, in both formats that cosign writes, laid
 * into a registry in memory. What is signed in one format alone is said so by the row.
 */
import { addBlob, addImage, addManifest, type TestRegistry } from '../support/registry.ts';
import {
  BUNDLE,
  bundleAnnotations,
  bundleOf,
  envelopeOf,
  newSigningKey,
  SIGN_V1,
  type SigningKey,
  simpleSigning,
} from '../support/signing.ts';

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const SIGNATURE = 'dev.cosignproject.cosign/signature';

/** An image in the registry. */
export interface MadeImage {
  /** Without the host. */
  readonly repository: string;
  readonly digest: string;
}

/** How something is signed beside the key. */
export interface Signing {
  /** Default: both. */
  readonly format?: 'tag' | 'bundle';
  readonly annotations?: Readonly<Record<string, string>>;
  /** Repository to lay it into, if not that of the image. */
  readonly into?: string;
}

/** An attestation. */
export interface Attesting extends Signing {
  readonly type: string;
  readonly predicate: unknown;
}

export interface Workshop {
  readonly host: string;
  /** The key of that name, made when it is first asked for. */
  key(name: string): SigningKey;
  /** A new image under `tag` (default v1): one that nobody has signed. */
  image(repository: string, seed?: string, tag?: string): MadeImage;
  /** Signs by the key of that name. */
  sign(image: MadeImage, key: string, how?: Signing): void;
  attest(image: MadeImage, key: string, what: Attesting): void;
}

/** Works in this registry. */
export function openWorkshop(registry: TestRegistry): Workshop {
  const keys = new Map<string, SigningKey>();
  const key = (name: string): SigningKey => {
    const found = keys.get(name) ?? newSigningKey();
    keys.set(name, found);
    return found;
  };
  return {
    host: registry.host,
    key,
    image(repository, seed = repository, tag = 'v1') {
      return { repository, digest: addImage(registry.repository(repository), seed, [tag]).digest };
    },
    sign(image, by, { format, annotations = {}, into = image.repository } = {}) {
      const place = { registry, image, into };
      const { digest } = image;
      if (format !== 'bundle') {
        const name = `${registry.host}/${image.repository}`;
        const signed = { name, digest, ...(Object.keys(annotations).length > 0 ? { annotations } : {}) };
        const { payload, signature } = simpleSigning(signed, key(by));
        layUnderTag(place, 'sig', {
          bytes: payload,
          mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json',
          annotations: { [SIGNATURE]: signature },
        });
      }
      if (format !== 'tag') refer(place, SIGN_V1, bundleOf({ digest, predicateType: SIGN_V1, annotations }, key(by)));
    },
    attest(image, by, { format, annotations = {}, type, predicate, into = image.repository }) {
      const place = { registry, image, into };
      const said = { digest: image.digest, predicateType: type, predicate, annotations };
      if (format !== 'bundle')
        layUnderTag(place, 'att', {
          bytes: JSON.stringify(envelopeOf(said, key(by))),
          mediaType: 'application/vnd.dsse.envelope.v1+json',
          annotations: { [SIGNATURE]: '', predicateType: type },
        });
      if (format !== 'tag') refer(place, type, bundleOf(said, key(by)));
    },
  };
}

interface Place {
  readonly registry: TestRegistry;
  readonly image: MadeImage;
  readonly into: string;
}

/** A layer more in the manifest under `sha256-HEX.sig` or `.att`. */
function layUnderTag(
  { registry, image, into }: Place,
  suffix: 'sig' | 'att',
  layer: { readonly bytes: string; readonly mediaType: string; readonly annotations: Readonly<Record<string, string>> },
): void {
  const repository = registry.repository(into);
  const tag = `${image.digest.replace(':', '-')}.${suffix}`;
  const there = repository.manifests.get(repository.tags.get(tag) ?? '');
  const before =
    there === undefined ? [] : (JSON.parse(there.bytes.toString()) as { readonly layers: readonly object[] }).layers;
  const added = { ...addBlob(repository, layer.bytes, layer.mediaType), annotations: layer.annotations };
  const layers = [...before, added];
  const diffIds = layers.map((one) => ('digest' in one ? one.digest : ''));
  const config = addBlob(
    repository,
    JSON.stringify({ rootfs: { type: 'layers', diff_ids: diffIds } }),
    'application/vnd.oci.image.config.v1+json',
  );
  addManifest(repository, { schemaVersion: 2, mediaType: MANIFEST, config, layers }, [tag]);
}

/** A manifest that refers to the image and carries a bundle. */
function refer({ registry, image, into }: Place, predicateType: string, bundle: object): void {
  const repository = registry.repository(into);
  const subject = registry.repository(image.repository).manifests.get(image.digest);
  if (subject === undefined) throw new Error(`${image.repository} has no ${image.digest}`);
  const config = addBlob(repository, '{}', 'application/vnd.oci.empty.v1+json');
  const layers = [addBlob(repository, JSON.stringify(bundle), BUNDLE)];
  addManifest(repository, {
    schemaVersion: 2,
    mediaType: MANIFEST,
    artifactType: BUNDLE,
    config,
    layers,
    annotations: bundleAnnotations(predicateType),
    subject: { mediaType: subject.mediaType, digest: image.digest, size: subject.bytes.length },
  });
}
