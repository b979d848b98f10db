/**
 * What a policy demands of an image, in the terms of the engine. Owns the translation from the policy's spec;
 * must never look at an image.
 */
import type { ImageTrustPolicy } from '../../api/image-trust-policy.ts';
import { type PredicateTest, predicateTestOf } from '../../core/predicate/predicate-test.ts';
import { formatRepository, parseRepository } from '../../core/reference.ts';

/** One attestor entry: which TrustedKey must vouch, with which signed annotations, and where its signatures lie. */
export interface AttestorEntry {
  readonly trustedKey: string;
  readonly annotations: Readonly<Record<string, string>>;
  /** Canonical repository text (`registry.example.com/signatures`); absent: beside the image. */
  readonly repository?: string;
}

/** Entries of which `count` must vouch, each by another signer. */
export interface AttestorSet {
  readonly name: string;
  readonly count: number;
  readonly entries: readonly AttestorEntry[];
}

/** One attestation that must be there, vouched for by all of its sets. */
export interface AttestationDemand {
  readonly type: string;
  readonly sets: readonly AttestorSet[];
  /** What its predicate must say; every attestation of the type that is authentic has to, as in Kyverno and cosign. */
  readonly predicate?: PredicateTest;
}

/** Everything that must hold. Nothing demanded is nothing proven: the engine never calls that verified. */
export interface Demands {
  readonly sets: readonly AttestorSet[];
  readonly attestations: readonly AttestationDemand[];
}

type PolicySet = ImageTrustPolicy['spec']['attestors'][number];

/**
 * The demands of a policy. Attestations without attestors of their own take the policy's.
 * Throws Failure `invalid` where an entry's repository is none.
 */
export function demandsOf(policy: ImageTrustPolicy): Demands {
  const sets = policy.spec.attestors.map(setOf);
  const attestations = (policy.spec.attestations ?? []).map((attestation) => {
    const predicate = predicateTestOf(attestation);
    return {
      type: attestation.type,
      sets: attestation.attestors === undefined ? sets : attestation.attestors.map(setOf),
      ...(predicate === undefined ? {} : { predicate }),
    };
  });
  return { sets, attestations };
}

function setOf(set: PolicySet): AttestorSet {
  const entries = set.entries.map((entry) => ({
    trustedKey: entry.trustedKey,
    annotations: entry.annotations ?? {},
    ...(entry.repository === undefined ? {} : { repository: formatRepository(parseRepository(entry.repository)) }),
  }));
  return { name: set.name, count: set.count ?? entries.length, entries };
}
