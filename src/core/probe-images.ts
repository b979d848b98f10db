/**
 * With which images the door of a policy can be tried: one that runs and is trusted, and one in the same scope that
 * nobody has signed. Pure. Must never choose an image of which Kyverno may rightly decide otherwise than the probe asks.
 */
import { compareUses, type ImageUse } from './image-use.ts';
import type { KnownRow } from './known.ts';
import { formatReference, type ImageReference, parseReference } from './reference.ts';
import { EXEMPT_NAMESPACES } from './restart.ts';
import type { Evidence } from './verdict.ts';

/** An image as a Pod of the policy would use it. */
export interface ProbeImage {
  readonly image: string;
  readonly namespace: string;
  /** Labels that the Pod needs to be the policy's business. */
  readonly labels: Readonly<Record<string, string>>;
}

/** One that must be let in, and one that must be refused. */
export interface ProbePair {
  readonly signed: ProbeImage;
  readonly unsigned: ProbeImage;
}

/**
 * The pair; undefined where nothing runs that says enough. `covers`: is the use the policy's business now, and not
 * excepted? The unsigned one is a manifest that is there for certain: the one that carries the signature of the other.
 */
export function probePair(rows: Iterable<KnownRow>, covers: (use: ImageUse) => boolean): ProbePair | undefined {
  let best: { readonly use: ImageUse; readonly pair: ProbePair } | undefined;
  for (const row of rows) {
    if (best !== undefined && compareUses(best.use, row.use) <= 0) continue;
    const pair = pairOf(row, covers);
    if (pair !== undefined) best = { use: row.use, pair };
  }
  return best?.pair;
}

function pairOf({ outcome, refusal, use }: KnownRow, covers: (use: ImageUse) => boolean): ProbePair | undefined {
  if (outcome.kind !== 'judged' || outcome.verdict.state !== 'verified' || refusal !== undefined) return undefined;
  if (EXEMPT_NAMESPACES.includes(use.namespace)) return undefined;
  const { evidence } = outcome.verdict;
  const [first] = evidence;
  // Signatures of two subjects, the image and an index of it, cannot be tried with one reference.
  if (first === undefined || evidence.some(({ subject }) => subject !== first.subject)) return undefined;
  const signed = probed(use, { ...use.reference, digest: first.subject });
  const [unsigned] = evidence.flatMap((one) => carrierOf(use, one)).filter(covers);
  if (unsigned === undefined || !covers(signed)) return undefined;
  return { signed: imageOf(signed), unsigned: imageOf(unsigned) };
}

/** What carries a signature is a manifest too, and nobody signs it. */
function carrierOf(use: ImageUse, { place: { repository, manifest } }: Evidence): readonly ImageUse[] {
  const { registry, path } = parseReference(`${repository}@${manifest}`);
  return [probed(use, { ...use.reference, registry, path, digest: manifest })];
}

function probed(use: ImageUse, reference: ImageReference): ImageUse {
  const image = formatReference(reference);
  return { ...use, image, reference: parseReference(image) };
}

function imageOf({ image, namespace, podLabels }: ImageUse): ProbeImage {
  return { image, namespace, labels: podLabels };
}
