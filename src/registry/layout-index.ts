/**
 * What an OCI layout says of itself: which descriptor a tag means. Owns the reading of the annotations that tools
 * write in place of tags. Pure; must never read a file.
 */
import { invalid } from '../core/failure.ts';
import { parseReference } from '../core/reference.ts';
import type { Descriptor, Repository } from './source.ts';

/** OCI image specification, "Pre-Defined Annotation Keys": the tag; some tools write a full reference. */
const REF_NAME = 'org.opencontainers.image.ref.name';
/** containerd, docker save and BuildKit write the full reference here, and the tag alone in ref.name. */
const IMAGE_NAME = 'io.containerd.image.name';
/** `cosign save` marks what it saves instead of naming it. */
const COSIGN_KIND = 'kind';

const COSIGN_KINDS: Readonly<Record<string, string>> = {
  sig: 'dev.cosignproject.cosign/sigs',
  att: 'dev.cosignproject.cosign/atts',
};

/**
 * The descriptor that a tag means, best reading first: the full reference as asked for; the tag alone; a full reference
 * of another repository with this tag (the layout was copied from there). Undefined: no such tag.
 * Throws invalid where one reading leads to different manifests.
 */
export function resolveTag(
  descriptors: readonly Descriptor[],
  repository: Repository,
  tag: string,
  where: string,
): Descriptor | undefined {
  const wanted = `${repository.registry}/${repository.path}:${tag}`;
  const readings: ((descriptor: Descriptor) => boolean)[] = [
    (descriptor) => namesOf(descriptor).some((name) => fullName(name) === wanted),
    (descriptor) => descriptor.annotations[REF_NAME] === tag,
    (descriptor) => namesOf(descriptor).some((name) => fullName(name)?.endsWith(`:${tag}`) === true),
    (descriptor) => isSavedByCosign(descriptor, tag),
  ];
  for (const reading of readings) {
    const matches = new Map(descriptors.filter(reading).map((descriptor) => [descriptor.digest, descriptor]));
    if (matches.size > 1) throw invalid(where, 'one manifest of this name in the layout', `${matches.size}`);
    const [match] = matches.values();
    if (match !== undefined) return match;
  }
  return undefined;
}

function namesOf(descriptor: Descriptor): readonly string[] {
  return [descriptor.annotations[REF_NAME], descriptor.annotations[IMAGE_NAME]].filter((name) => name !== undefined);
}

/** A full reference in canonical form; undefined for a bare tag and for what is no reference. */
function fullName(name: string): string | undefined {
  if (!name.includes('/') && !name.includes(':')) return undefined;
  try {
    const { registry, path, tag } = parseReference(name);
    return tag === undefined ? undefined : `${registry}/${path}:${tag}`;
  } catch {
    return undefined;
  }
}

/** `sha256-<hex>.sig` in a layout by `cosign save`, which holds one image and marks its signatures as such. */
function isSavedByCosign(descriptor: Descriptor, tag: string): boolean {
  const suffix = /^sha(?:256|512)-[0-9a-f]{64,128}\.(sig|att)$/.exec(tag)?.[1];
  return suffix !== undefined && descriptor.annotations[COSIGN_KIND] === COSIGN_KINDS[suffix];
}
