/**
 * Who must vouch: attestor sets of a policy, and the attestations that it demands.
 * Owns shapes; counting and matching lie in verify.
 */
import * as z from 'zod';
import { ConditionTree } from './attestation-condition.ts';
import { type Rule, ruled } from './rule.ts';
import { listOf, mapListOf, objectName, repositoryName, text, textMap } from './scalars.ts';

const AttestorEntry = z.strictObject({
  trustedKey: objectName().describe('Name of the TrustedKey that must vouch.'),
  annotations: textMap(32, 256, 1024)
    .describe('Signed annotations (cosign sign -a key=value) that must be there with exactly these values.')
    .default({}),
  repository: repositoryName()
    .describe(
      'Repository that holds the signatures, where it is not the image’s own. Example: registry.example.com/signatures.',
    )
    .exactOptional(),
});
/** One signer of a set. */
export type AttestorEntry = z.output<typeof AttestorEntry>;

interface Counted {
  readonly count?: number;
  readonly entries: readonly unknown[];
}

const countIsReachable: Rule<Counted> = {
  cel: '!has(self.count) || self.count <= size(self.entries)',
  message: 'write a count of at most the number of entries, or add entries',
  path: ['count'],
  holds: ({ count, entries }) => count === undefined || count <= entries.length,
};

/** Entries of which `count` must vouch. */
export const AttestorSet = ruled(
  z.strictObject({
    name: text(63).describe('Name of the set, for messages and reports; unique in its list. Example: security-team.'),
    count: z
      .int()
      .min(1)
      .max(32)
      .describe('How many entries must vouch, each by a signer of its own. Default: all.')
      .exactOptional(),
    entries: listOf(AttestorEntry, 32).min(1).describe('Who may vouch.'),
  }),
  countIsReachable,
);
/** Entries of which `count` must vouch. */
export type AttestorSet = z.output<typeof AttestorSet>;

/** Attestor sets, all of which must hold. At most 16; the bound in nested places keeps the cost of CEL rules estimable. */
export function attestorSets(max: 8 | 16): z.ZodArray<typeof AttestorSet> {
  return mapListOf(AttestorSet, 'name', max).min(1);
}

/** An attestation that must be there. */
export const Attestation = z.strictObject({
  type: text(512).describe(
    'Predicate type of the attestation, exactly: a URI. Example: https://slsa.dev/provenance/v1.',
  ),
  attestors: attestorSets(8)
    .describe('Who must vouch for the attestation. Default: the attestors of the policy.')
    .exactOptional(),
  conditions: ConditionTree.describe(
    'What the predicate must say, as in Kyverno: any and all over key, operator and value.',
  ).exactOptional(),
  expression: text(4096)
    .describe(
      "What the predicate must say, as CEL over `predicate`. Example: predicate.runDetails.builder.id == 'https://ci.example.com'.",
    )
    .exactOptional(),
});
/** An attestation that must be there. */
export type Attestation = z.output<typeof Attestation>;
