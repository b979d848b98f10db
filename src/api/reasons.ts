/**
 * The reasons of a verdict: one table for status, reports, events, metrics and the command line.
 * A reason says which of the three states it belongs to, what it means and what the reader can do.
 * Must never hold logic: reading a row is all that anybody does with it.
 */

/** The three states a verdict can have. `unknown` means "could not be checked" and is never a rejection. */
export type VerdictState = 'verified' | 'rejected' | 'unknown';

interface ReasonRow {
  readonly state: VerdictState;
  readonly meaning: string;
  readonly advice: string;
}

/** Every reason with its state, its meaning and what to do. The order is the order of the documentation. */
export const REASONS = {
  Verified: {
    state: 'verified',
    meaning: 'Every attestor set is satisfied by a cryptographic proof that names the digest of the image.',
    advice: 'Nothing to do.',
  },
  NoSignature: {
    state: 'rejected',
    meaning: 'No signature of any format was found for the image.',
    advice: 'Sign the image by digest, or name the repository that holds its signatures in the attestor entry.',
  },
  UntrustedSigner: {
    state: 'rejected',
    meaning: 'The image is signed, but by a key that no TrustedKey of the policy holds.',
    advice: 'Add the signer as a TrustedKey if it is yours; otherwise treat the image as foreign.',
  },
  SignatureInvalid: {
    state: 'rejected',
    meaning: 'A signature is malformed, altered, or not valid for the content that it covers.',
    advice: 'Sign the image again; if nobody changed the signature on purpose, look at who can push there.',
  },
  DigestMismatch: {
    state: 'rejected',
    meaning: 'A valid signature names another image: it was moved or copied from there.',
    advice: 'Sign this digest; do not copy signature tags between images.',
  },
  AnnotationMismatch: {
    state: 'rejected',
    meaning: 'A valid signature lacks an annotation that the policy demands, or has another value for it.',
    advice: 'Sign with -a key=value, or correct the annotations of the attestor entry.',
  },
  IdentityMismatch: {
    state: 'rejected',
    meaning: 'The certificate of the signer is trusted, but its identity is not one that the policy accepts.',
    advice: 'Compare the identity in the message with the identities of the TrustedKey.',
  },
  CertificateExpired: {
    state: 'rejected',
    meaning: 'A certificate of the signer was not valid at the proven time of signing, or now where no time is proven.',
    advice: 'Sign with a timestamp, or sign again with a certificate that is valid.',
  },
  CertificateUntrusted: {
    state: 'rejected',
    meaning: 'The certificate of the signer does not lead to a trusted root, or may not be used for signing code.',
    advice: 'Add the missing root or intermediate to the TrustedKey if that authority is yours.',
  },
  CertificateRevoked: {
    state: 'rejected',
    meaning: 'A certificate of the signer was revoked by its authority.',
    advice: 'Sign again with a certificate that is valid.',
  },
  SignatureExpired: {
    state: 'rejected',
    meaning: 'The signer gave the signature an expiry (Notary Project), and that time has come.',
    advice: 'Sign the image again, or set the expiry step of the trust level to log if old signatures may count.',
  },
  TransparencyLogMissing: {
    state: 'rejected',
    meaning: 'The signature has no valid transparency-log entry, and the TrustedKey requires one.',
    advice: 'Set transparencyLog: Ignored if you sign with --tlog-upload=false; else sign with upload to the log.',
  },
  TimestampMissing: {
    state: 'rejected',
    meaning: 'The time of signing is not proven by a log or a timestamp authority, and the policy needs it.',
    advice: 'Sign with a timestamp authority, or with upload to the log.',
  },
  KeyRevoked: {
    state: 'rejected',
    meaning: 'The only signatures are by a TrustedKey whose lifecycle state is Revoked.',
    advice: 'Sign the image again with a key that is Active.',
  },
  KeyOutsideValidity: {
    state: 'rejected',
    meaning: 'The signature was made outside validFrom and validUntil of its TrustedKey.',
    advice: 'Sign again within the window, or correct the lifecycle of the TrustedKey.',
  },
  AttestationMissing: {
    state: 'rejected',
    meaning: 'No attestation of the demanded predicate type by a trusted signer was found.',
    advice: 'Attest the image with the predicate type that the message names.',
  },
  AttestationConditionFailed: {
    state: 'rejected',
    meaning: 'An attestation is authentic, but its predicate does not satisfy the conditions of the policy.',
    advice: 'Compare the found and the expected value in the message.',
  },
  TagDrift: {
    state: 'rejected',
    meaning: 'The tag of the image leads to another digest than the one that runs.',
    advice: 'Restart the workload to pull the new image, or pin the digest in the spec.',
  },
  DigestRequired: {
    state: 'rejected',
    meaning: 'The policy demands a digest in the image reference of the spec, and there is none.',
    advice: 'Write the image as name@sha256:… in the manifest.',
  },
  RegistryUnavailable: {
    state: 'unknown',
    meaning: 'The registry could not be reached or answered with an error.',
    advice: 'Check the registry and the network; the check is repeated.',
  },
  RegistryUnauthorized: {
    state: 'unknown',
    meaning: 'The registry refused the credentials, or asked for some that are not there.',
    advice: 'Give credentials for this registry and path: registry.credentials, --registry-config.',
  },
  RegistryRateLimited: {
    state: 'unknown',
    meaning: 'The registry asked to slow down and the time-out passed before it let us in again.',
    advice: 'Give credentials, use a mirror, or lengthen the schedule.',
  },
  ImageNotFound: {
    state: 'unknown',
    meaning: 'The registry does not have this image any more, or never had it.',
    advice: 'Push the image again, or correct the reference.',
  },
  TrustRootUnavailable: {
    state: 'unknown',
    meaning: 'The Sigstore trust root (certificate authorities and logs) could not be had.',
    advice: 'Give trustRoot.configMapRef or --trusted-root, or check the way to the TUF mirror.',
  },
  KmsUnavailable: {
    state: 'unknown',
    meaning: 'The public key could not be had from the key management service.',
    advice: 'Check the URI, the permissions and the way to the service.',
  },
  RevocationUnavailable: {
    state: 'unknown',
    meaning: 'Whether a certificate was revoked could not be found out.',
    advice: 'Check the way to the OCSP responder or CRL that the certificate names.',
  },
  TrustedKeyMissing: {
    state: 'unknown',
    meaning: 'An attestor entry names a TrustedKey that does not exist, and the set cannot be met without it.',
    advice: 'Create the TrustedKey, or correct the name in the policy.',
  },
  TrustedKeyNotReady: {
    state: 'unknown',
    meaning:
      'An attestor entry names a TrustedKey whose material cannot be used, and the set cannot be met without it.',
    advice: 'Look at the Stalled condition of the TrustedKey.',
  },
  ConditionInvalid: {
    state: 'unknown',
    meaning: 'A condition or expression of the policy on a predicate can never be evaluated.',
    advice: 'Correct the field of the policy that the message names.',
  },
  ConditionError: {
    state: 'unknown',
    meaning:
      'An attestation is authentic, but a condition cannot be evaluated on its predicate: a field is missing, or of another type.',
    advice: "Correct the condition; write {{ field || '' }} or has(predicate.field) where a field may be missing.",
  },
  Timeout: {
    state: 'unknown',
    meaning: 'The check took longer than verification.timeout.',
    advice: 'Lengthen verification.timeout, or look at what is slow; the check is repeated.',
  },
  InternalError: {
    state: 'unknown',
    meaning: 'The check failed on a fault of this program.',
    advice: 'Report it with the log line of the same image; the image is not called trusted.',
  },
} as const satisfies Record<string, ReasonRow>;

/** A reason by name. */
export type Reason = keyof typeof REASONS;

/** The reasons that belong to one state. */
export type ReasonOf<S extends VerdictState> = {
  [R in Reason]: (typeof REASONS)[R]['state'] extends S ? R : never;
}[Reason];
/** Reasons of `rejected`. */
export type RejectedReason = ReasonOf<'rejected'>;
/** Reasons of `unknown`. */
export type UnknownReason = ReasonOf<'unknown'>;
