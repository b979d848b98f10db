/** What an attestor of a ClusterPolicy stands in, and what comes of it. Shapes only. */
import type { Draft, KeySpec } from '../draft.ts';
import type { Keyring } from '../keyring.ts';
import type { ConfigMapVariables } from '../sigstore/keys.ts';

/** Types of verifyImages rules. */
export const RULE_TYPES = ['Cosign', 'SigstoreBundle', 'Notary'] as const;
/** Type of a verifyImages rule. */
export type RuleType = (typeof RULE_TYPES)[number];

/** What an attestor stands in. */
export interface SignerContext {
  readonly draft: Draft;
  readonly ring: Keyring;
  readonly type: RuleType;
  readonly variables: ConfigMapVariables;
  /** Repository of the rule; an entry's own wins. */
  readonly repository?: string;
  /** In attestations Kyverno splits no PEM text, and knows no nested attestors. */
  readonly within: 'attestors' | 'attestations';
}

/** A TrustedKey under construction: a hint for its name, and what it says. */
export interface NamedKey {
  readonly hint: string;
  readonly spec: KeySpec;
}
