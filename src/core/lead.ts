/**
 * Where the reference of a spec led when somebody looked: as little of the answer as a verdict on a use needs.
 * Owns the shape; the engine follows references, the store keeps what came of it. Must never hold a manifest's bytes.
 */
import type { Digest } from './digest.ts';
import type { Failure } from './failure.ts';

/** A manifest, as far as a lead is asked about it: its own digest, and those of its children. */
export interface LedTo {
  readonly digest: Digest;
  readonly manifests: readonly { readonly digest: Digest }[];
}

/** Where a reference leads, or why that could not be found out. */
export type KnownLead =
  | { readonly kind: 'manifest'; readonly manifest: LedTo }
  | { readonly kind: 'failure'; readonly failure: Failure };

/** Leads by canonical reference. */
export type KnownLeads = ReadonlyMap<string, KnownLead>;

/** The same with nothing that matters to another digest than this one: an index of fifty platforms becomes two digests. */
export function compactLeads(leads: KnownLeads, digest: Digest): KnownLeads {
  const compact = [...leads].map(([reference, lead]): readonly [string, KnownLead] => {
    if (lead.kind === 'failure') return [reference, lead];
    const manifests = lead.manifest.manifests.some((child) => child.digest === digest) ? [{ digest }] : [];
    return [reference, { kind: 'manifest', manifest: { digest: lead.manifest.digest, manifests } }];
  });
  return new Map(compact);
}
