/**
 * The smallest things that Kyverno verifies with, before they are written in the words of a kind: one key with one
 * hash, one identity, one root. Shapes only.
 */
import type { CertificateIdentity, KeylessIdentity } from '../../api/identity.ts';
import type { AdmissionTrustRoot } from '../../core/admission-key.ts';

/** How a policy reads signatures: signature tags, bundles, or whatever there is. */
export type Reading = 'legacy' | 'bundle' | 'any';

/** Hashes that cosign signs with. */
export type Hash = 'sha256' | 'sha384' | 'sha512';

/** Does a signature need a log entry, and in whose log? */
export interface LogDemand {
  readonly required: boolean;
  readonly trustRoot: AdmissionTrustRoot;
}

/** What an attestor entry demands beside its key. */
export interface EntryDemand {
  readonly annotations: Readonly<Record<string, string>>;
  readonly repository?: string;
}

/** One verifier. */
export type Verifier = { readonly trustedKey: string; readonly demand: EntryDemand } & (
  | {
      readonly type: 'key';
      readonly source: { readonly pem: string } | { readonly kms: string };
      readonly hash: Hash;
      readonly log: LogDemand;
    }
  | {
      readonly type: 'certificate';
      /** Roots and intermediates, PEM. */
      readonly anchors: readonly string[];
      readonly identity: CertificateIdentity;
      readonly log: LogDemand;
    }
  | { readonly type: 'keyless'; readonly identity: KeylessIdentity; readonly log: LogDemand }
  | { readonly type: 'notation'; readonly root: string; readonly tsa?: string }
);

/** One signer of an attestor entry, and everything by which a signature of theirs is found. */
export interface Voucher {
  /** Two vouchers with one id are one signer. */
  readonly id: string;
  /** Signers that cannot be told apart by their ids stand in one realm, and at least one of them is vague. */
  readonly realm: string;
  /** Can several signers be meant (a pattern, a whole authority)? */
  readonly vague: boolean;
  /** Any of them. Never empty. */
  readonly verifiers: readonly Verifier[];
}
