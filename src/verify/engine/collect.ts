/**
 * Collects the signatures of one subject: every place and every format, bounded, what could not be looked at said.
 * Must never judge: what it returns is bytes that hashed to their digests.
 */
import { Failure } from '../../core/failure.ts';
import type { Digest } from '../../core/digest.ts';
import { formatRepository } from '../../core/reference.ts';
import type { SignaturePlace } from '../../core/verdict.ts';
import { LIMITS, type Descriptor, type ImageSource, type Manifest, type Repository } from '../../registry/source.ts';
import type { FamilyName, RawSignature, SignatureFamily } from '../family.ts';

/** What was found in one repository for one subject. */
export interface Collected {
  readonly signatures: readonly RawSignature[];
  /** Signatures whose bytes are missing or are not what their manifest promises: found, and no proof of anything. */
  readonly broken: readonly Broken[];
  /** Formats that are there but that nobody here asks for. */
  readonly foreign: readonly FamilyName[];
  /** Places that could not be looked at. */
  readonly failures: readonly Failure[];
  /** Said where a cap cut what was looked at. */
  readonly notes: readonly string[];
}

/** A signature that is there and cannot be read. */
export interface Broken {
  readonly repository: string;
  readonly message: string;
}

/** What to collect, and from where. */
export interface CollectRequest {
  readonly repository: Repository;
  readonly subject: Digest;
  /** All families; only the signatures of `wanted` ones are fetched. */
  readonly families: readonly SignatureFamily[];
  readonly wanted: ReadonlySet<FamilyName>;
  /** Look under the `.att` tag as well. */
  readonly attestations: boolean;
  readonly source: ImageSource;
  readonly signal: AbortSignal;
}

interface Carrier {
  readonly manifest: Manifest;
  readonly via: SignaturePlace['via'];
}

interface Candidate {
  readonly family: SignatureFamily;
  readonly carrier: Carrier;
  readonly layer: Descriptor;
}

/** Collects from the signature tag, the attestation tag and the referrers of one repository. */
export async function collectSignatures(request: CollectRequest): Promise<Collected> {
  const ledger: Ledger = { broken: [], failures: [], notes: [] };
  const tag = request.subject.replace(':', '-');
  const carriers = await Promise.all([
    tagged(request, `${tag}.sig`, 'signature-tag', ledger),
    request.attestations ? tagged(request, `${tag}.att`, 'attestation-tag', ledger) : [],
    referring(request, ledger),
  ]);
  const { candidates, foreign } = candidatesIn(carriers.flat(), request);
  const affordable = withinLimits(candidates);
  if (affordable.length < candidates.length) {
    ledger.notes.push(`only the first ${affordable.length} of ${candidates.length} signatures were looked at`);
  }
  const fetched = await Promise.all(affordable.map((candidate) => fetchSignature(candidate, request, ledger)));
  return { signatures: fetched.filter((signature) => signature !== undefined), foreign, ...ledger };
}

/** What the looking came to beside signatures; filled while they are collected. */
interface Ledger {
  readonly broken: Broken[];
  readonly failures: Failure[];
  readonly notes: string[];
}

/** The manifest behind a tag that may not be there. */
async function tagged(
  request: CollectRequest,
  tag: string,
  via: SignaturePlace['via'],
  ledger: Ledger,
): Promise<readonly Carrier[]> {
  const { repository, source, signal } = request;
  const manifest = await lookUp(() => source.manifest(repository, tag, { signal }), request, ledger);
  return manifest === undefined ? [] : [{ manifest, via }];
}

/** The manifests that refer to the subject. Which of them are signatures is read from themselves, not from the list. */
async function referring(request: CollectRequest, ledger: Ledger): Promise<readonly Carrier[]> {
  const { repository, source, signal, subject } = request;
  const referrers = await lookUp(() => source.referrers(repository, subject, { signal }), request, ledger);
  if (referrers === undefined) return [];
  if (referrers.truncated) ledger.notes.push(`only the first ${LIMITS.referrersPerSubject} referrers were looked at`);
  const digests = [...new Set(referrers.descriptors.map((descriptor) => descriptor.digest))];
  const manifests = await Promise.all(
    digests.map((digest) => lookUp(() => source.manifest(repository, digest, { signal }), request, ledger)),
  );
  return manifests.filter((m) => m !== undefined).map((manifest) => ({ manifest, via: referrers.via }));
}

/**
 * What is not there is no failure. What is there and is not what it claims to be is a broken signature: whoever may
 * push could otherwise turn every rejection into `unknown` with a malformed manifest. All else kept us from looking.
 */
async function lookUp<T>(look: () => Promise<T>, request: CollectRequest, ledger: Ledger): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const { kind } = error.detail;
    if (kind === 'invalid')
      ledger.broken.push({ repository: formatRepository(request.repository), message: error.message });
    if (kind !== 'invalid' && kind !== 'not-found') ledger.failures.push(error);
    return undefined;
  }
}

/** In an order that does not depend on the registry's: by manifest, then as the manifest lists its layers. */
function candidatesIn(
  carriers: readonly Carrier[],
  { families, wanted }: CollectRequest,
): { readonly candidates: readonly Candidate[]; readonly foreign: readonly FamilyName[] } {
  const distinct = new Map<Digest, Carrier>();
  for (const carrier of carriers)
    if (!distinct.has(carrier.manifest.digest)) distinct.set(carrier.manifest.digest, carrier);
  const ordered = [...distinct.values()].sort((a, b) => (a.manifest.digest < b.manifest.digest ? -1 : 1));
  const all = ordered.flatMap((carrier) =>
    families.flatMap((family) => family.layers(carrier.manifest).map((layer) => ({ family, carrier, layer }))),
  );
  const foreign = all.filter((c) => !wanted.has(c.family.name)).map((c) => c.family.name);
  return { candidates: all.filter((c) => wanted.has(c.family.name)), foreign: [...new Set(foreign)].sort() };
}

/** So many signatures, and so many bytes of them, as one image may cost. */
function withinLimits(candidates: readonly Candidate[]): readonly Candidate[] {
  let bytes = 0;
  const first = candidates.slice(0, LIMITS.signaturesPerImage);
  const over = first.findIndex(({ layer }) => (bytes += layer.size) > LIMITS.signatureBytesPerImage);
  return over === -1 ? first : first.slice(0, over);
}

async function fetchSignature(
  { family, carrier, layer }: Candidate,
  request: CollectRequest,
  ledger: Ledger,
): Promise<RawSignature | undefined> {
  const repository = formatRepository(request.repository);
  const place = { repository, via: carrier.via, manifest: carrier.manifest.digest, blob: layer.digest };
  const look = (): Promise<Uint8Array | undefined> =>
    request.source.blob(request.repository, layer, { signal: request.signal });
  const payload = await lookUp(look, request, ledger);
  if (payload !== undefined) return { family: family.name, place, layer, manifest: carrier.manifest, payload };
  return undefined;
}
