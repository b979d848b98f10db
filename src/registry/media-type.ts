/** The media types of manifests that we ask for. Owns their names and what shape each promises. */

/** Indexes: they have `manifests` and neither `config` nor `layers`. */
const INDEX_TYPES: ReadonlySet<string> = new Set([
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
]);

/** Image manifests: they have `config` and `layers` and no `manifests`. */
const IMAGE_TYPES: ReadonlySet<string> = new Set([
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
]);

/** The OCI index, which referrers are listed in. */
export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';
/** The OCI image manifest. */
export const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';

/** What an Accept header says for manifests. */
export const ACCEPT_MANIFESTS = [...IMAGE_TYPES, ...INDEX_TYPES].join(', ');

/** Which shape a media type promises: that of an index, of an image manifest, or nothing that we know. */
export function shapeOf(mediaType: string): 'index' | 'image' | 'other' {
  if (INDEX_TYPES.has(mediaType)) return 'index';
  return IMAGE_TYPES.has(mediaType) ? 'image' : 'other';
}

/** A Content-Type without parameters, lower-case; undefined where there is none. */
export function essenceOf(contentType: string | undefined): string | undefined {
  const essence = contentType?.split(';', 1)[0]?.trim().toLowerCase();
  return essence === '' ? undefined : essence;
}
