/**
 * OCI image layouts as an ImageSource: air-gapped images with their signatures, in a folder or an archive. Owns the
 * walk over a layout's indexes; hashes what it hands out, as the registry client does.
 */
import { algorithmOf, type Digest, hexOf, isDigest } from '../core/digest.ts';
import { Failure, invalid, notFound } from '../core/failure.ts';
import { demandRunning } from './abort.ts';
import { createFlights } from './flights.ts';
import { demandDigest, demandSize, digestOf } from './hash.ts';
import { demandAddressable, referrersTag, whereOf } from './host.ts';
import { parseJsonObject } from './json.ts';
import { type LayoutFiles, layoutVersion, openLayoutFiles } from './layout-files.ts';
import { resolveTag } from './layout-index.ts';
import { boundedReferrers, parseManifest } from './manifest.ts';
import { OCI_INDEX } from './media-type.ts';
import { type Descriptor, type ImageSource, LIMITS, type Manifest, type Referrers, type Repository } from './source.ts';

/** One state of a layout: its files, and what its indexes list. */
interface OpenedLayout {
  readonly version: string;
  readonly files: LayoutFiles;
  /** Descriptors of index.json. */
  readonly top: readonly Descriptor[];
  /** Everything that indexes list, those of index.json first, each digest once. */
  readonly listed: readonly Listed[];
}

/** A listed descriptor, and the manifest that it leads to where that is there and readable. */
interface Listed {
  readonly descriptor: Descriptor;
  readonly subject?: Digest | undefined;
  /** Its bytes are not what the digest says: it may refer to anything. */
  readonly damaged: boolean;
}

/** Indexes within indexes that are followed, and manifests that are read at most. */
const MAX_DEPTH = 4;
const MAX_LISTED = 20_000;

/**
 * The layout at a path. Nothing is read before something is asked for; a layout that changes is read anew.
 * The repository of a lookup only picks among names in the layout: one layout serves whatever repository is asked for.
 */
export function openLayout(path: string): ImageSource {
  const open = opener(path);
  return {
    manifest: (repository, reference, options) => manifestIn(open, { repository, reference, path }, options.signal),
    blob: (repository, descriptor, options) => blobIn(open, { repository, descriptor, path }, options.signal),
    referrers: (repository, subject, options) => referrersIn(open, { repository, subject, path }, options.signal),
  };
}

type Open = (signal: AbortSignal) => Promise<OpenedLayout>;

/** Reads a state of the layout once, however many ask; keeps the newest only. */
function opener(path: string): Open {
  const flights = createFlights<OpenedLayout>();
  let state: OpenedLayout | undefined;
  return async (signal) => {
    const version = await layoutVersion(path);
    if (state?.version === version) return state;
    state = await flights.join(version, { signal, where: `oci:${path}` }, (flight) =>
      readLayout(path, version, flight.signal),
    );
    return state;
  };
}

interface At {
  readonly path: string;
  readonly repository: Repository;
}

async function manifestIn(open: Open, at: At & { reference: string }, signal: AbortSignal): Promise<Manifest> {
  const { repository, reference } = at;
  const where = whereIn(at, reference);
  demandRunning(signal, where);
  demandAddressable(repository, reference);
  const layout = await open(signal);
  if (isDigest(reference)) return readManifest(layout.files, { digest: reference, where, signal });
  const found = descriptorOf(layout, repository, reference, where);
  if (found === undefined) throw notFound(`${where}: the layout does not have it`);
  return readListed(layout.files, found, where, signal);
}

async function blobIn(open: Open, at: At & { descriptor: Descriptor }, signal: AbortSignal): Promise<Uint8Array> {
  const { digest, size } = at.descriptor;
  const where = whereIn(at, digest);
  demandRunning(signal, where);
  demandAddressable(at.repository, digest);
  demandSize(at.descriptor, where);
  const { files } = await open(signal);
  const bytes = await files.read(blobName(digest), LIMITS.blobBytes, signal);
  if (bytes === undefined) throw notFound(`${where}: the layout does not have it`);
  if (bytes.length !== size) throw invalid(where, `${size} bytes`, `${bytes.length}`);
  demandDigest(bytes, digest, where);
  return bytes;
}

/** The fallback tag, and every manifest listed anywhere in the layout whose subject this is. */
async function referrersIn(open: Open, at: At & { subject: Digest }, signal: AbortSignal): Promise<Referrers> {
  const where = `${whereIn(at, at.subject)}: referrers`;
  demandRunning(signal, where);
  demandAddressable(at.repository, at.subject);
  const layout = await open(signal);
  const tag = descriptorOf(layout, at.repository, referrersTag(at.subject), where);
  const index = tag === undefined ? undefined : await readListed(layout.files, tag, where, signal);
  const scanned = layout.listed.filter((entry) => entry.damaged || entry.subject === at.subject);
  const all = [...(index?.manifests ?? []), ...scanned.map(({ descriptor }) => descriptor)];
  return { ...boundedReferrers(all), via: index === undefined ? 'referrers-api' : 'referrers-tag' };
}

function whereIn({ path, repository }: At, reference: string): string {
  return `${whereOf(repository, reference)} in oci:${path}`;
}

function descriptorOf(
  { top, listed }: OpenedLayout,
  repository: Repository,
  tag: string,
  where: string,
): Descriptor | undefined {
  const deep = (): Descriptor[] => listed.map(({ descriptor }) => descriptor);
  return resolveTag(top, repository, tag, where) ?? resolveTag(deep(), repository, tag, where);
}

async function readLayout(path: string, version: string, signal: AbortSignal): Promise<OpenedLayout> {
  const where = `oci:${path}`;
  const files = await openLayoutFiles(path, signal);
  await demandLayoutFile(files, where, signal);
  const bytes = await files.read('index.json', LIMITS.manifestBytes, signal);
  if (bytes === undefined) throw invalid(where, 'a file index.json', 'none');
  const index = parseManifest({ bytes, digest: digestOf(bytes), contentType: OCI_INDEX, where: `${where}/index.json` });
  return { version, files, top: index.manifests, listed: await walk(files, index.manifests, where, signal) };
}

async function demandLayoutFile(files: LayoutFiles, where: string, signal: AbortSignal): Promise<void> {
  const marker = await files.read('oci-layout', 4096, signal);
  if (marker !== undefined) {
    const { imageLayoutVersion } = parseJsonObject(marker, `${where}/oci-layout`);
    if (typeof imageLayoutVersion === 'string' && imageLayoutVersion.startsWith('1.')) return;
    throw invalid(`${where}/oci-layout`, 'imageLayoutVersion 1.x', 'another');
  }
  const docker = await files.read('manifest.json', LIMITS.manifestBytes, signal);
  if (docker === undefined) throw invalid(where, 'an OCI layout (a file oci-layout)', 'none');
  const advice = 'copy the image with "skopeo copy … oci:PATH:TAG", "crane pull --format=oci" or docker 25 and later';
  throw invalid(where, `an OCI layout (${advice})`, 'an archive in the old format of docker save');
}

/** Breadth first, so that what index.json lists comes before what its indexes list. */
async function walk(
  files: LayoutFiles,
  top: readonly Descriptor[],
  where: string,
  signal: AbortSignal,
): Promise<readonly Listed[]> {
  const seen = new Map<Digest, Listed>();
  let level = top;
  for (let depth = 0; depth <= MAX_DEPTH && level.length > 0; depth++) {
    const next: Descriptor[] = [];
    for (const descriptor of level) {
      demandRunning(signal, where);
      if (seen.has(descriptor.digest) || seen.size >= MAX_LISTED) continue;
      const { entry, children } = await look(files, descriptor, signal);
      seen.set(descriptor.digest, entry);
      next.push(...children);
    }
    level = next;
  }
  return [...seen.values()];
}

/** What is not in the layout (other platforms often are not) and what is no manifest refers to nothing. */
async function look(
  files: LayoutFiles,
  descriptor: Descriptor,
  signal: AbortSignal,
): Promise<{ entry: Listed; children: readonly Descriptor[] }> {
  const bytes = await files.read(blobName(descriptor.digest), LIMITS.manifestBytes, signal).catch(passOver);
  if (bytes === undefined) return { entry: { descriptor, damaged: false }, children: [] };
  if (digestOf(bytes, algorithmOf(descriptor.digest)) !== descriptor.digest)
    return { entry: { descriptor, damaged: true }, children: [] };
  try {
    const manifest = parseManifest({
      bytes,
      digest: descriptor.digest,
      contentType: descriptor.mediaType,
      where: 'layout',
    });
    return { entry: { descriptor, subject: manifest.subject?.digest, damaged: false }, children: manifest.manifests };
  } catch (error) {
    if (error instanceof Failure) return { entry: { descriptor, damaged: false }, children: [] };
    throw error;
  }
}

/** Larger than a manifest may be: not one. */
function passOver(error: unknown): undefined {
  if (error instanceof Failure && error.detail.kind === 'invalid') return undefined;
  throw error;
}

interface Wanted {
  readonly digest: Digest;
  readonly contentType?: string;
  readonly where: string;
  readonly signal: AbortSignal;
}

async function readManifest(files: LayoutFiles, { digest, contentType, where, signal }: Wanted): Promise<Manifest> {
  const bytes = await files.read(blobName(digest), LIMITS.manifestBytes, signal);
  if (bytes === undefined) throw notFound(`${where}: the layout does not have it`);
  demandDigest(bytes, digest, where);
  return parseManifest({ bytes, digest, contentType, where });
}

/** A manifest that the layout lists under a name: where it is missing the layout is damaged, and nothing is "not found". */
async function readListed(
  files: LayoutFiles,
  descriptor: Descriptor,
  where: string,
  signal: AbortSignal,
): Promise<Manifest> {
  const { digest, mediaType } = descriptor;
  try {
    return await readManifest(files, { digest, contentType: mediaType, where, signal });
  } catch (error) {
    if (!(error instanceof Failure) || error.detail.kind !== 'not-found') throw error;
    throw invalid(where, `the manifest ${digest}, which the layout lists`, 'none');
  }
}

function blobName(digest: Digest): string {
  return `blobs/${algorithmOf(digest)}/${hexOf(digest)}`;
}
