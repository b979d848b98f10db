/** Holes that let nothing in: they refuse what is good, or break. Words alone; table.ts has them all. */
import type { HoleRow } from './row.ts';

/** By code, the worst first. */
export const BREAKING = {
  SeveralPemBlocks: {
    title: 'Of several PEM blocks only the first is read',
    severity: 'medium',
    kinds: 'C, I',
    lets: 'Nothing more, but signatures by the other keys are refused; after a rotation that is all of them.',
    fix: 'One attestor per key.',
  },
  UnreadableKey: {
    title: 'A key that is none',
    severity: 'medium',
    kinds: 'C, I',
    lets: 'Nothing, and nothing good either: nobody can vouch by it. Kyverno calls the policy ready.',
    fix: 'Write the whole PEM block of a public key, and nothing before it.',
  },
  RunningPodsTrapped: {
    title: 'Running Pods are trapped',
    severity: 'medium',
    kinds: 'C, I',
    lets: 'Nothing, but a running Pod whose image is not trusted any more cannot lose its finalizers or change labels: it is never deleted.',
    fix: {
      C: 'Write preconditions.any on request.operation and the images of oldObject.',
      I: 'Write matchConditions: request.operation == "CREATE" || the images changed.',
    },
  },
  AuditDenies: {
    title: 'Audit refuses when the registry is down',
    severity: 'medium',
    kinds: 'C',
    lets: 'Nothing, but Pods are refused by a policy that was only to report: Audit with failurePolicy Fail.',
    fix: 'webhookConfiguration.failurePolicy: Ignore for as long as the policy only reports.',
  },
  AttestationWithoutType: {
    title: 'An attestation without a type',
    severity: 'medium',
    kinds: 'C',
    lets: 'Nothing: every image is refused, and Kyverno calls the policy ready.',
    fix: 'Give the type, such as https://slsa.dev/provenance/v1.',
  },
  UndeclaredAttestor: {
    title: 'An attestor or attestation that is not declared',
    severity: 'medium',
    kinds: 'I',
    lets: 'Nothing: every Pod is refused with "no such key", and Kyverno calls the policy ready.',
    fix: 'Use the names of spec.attestors and spec.attestations.',
  },
  SeveralMechanisms: {
    title: 'An attestor that is several things',
    severity: 'medium',
    kinds: 'C, I',
    lets: 'What one of them accepts; which one is not defined.',
    fix: 'One of key, keyless, certificate per attestor.',
  },
  UnknownHash: {
    title: 'A hash algorithm that is none',
    severity: 'medium',
    kinds: 'C, I',
    lets: 'Nothing: no signature verifies, and Kyverno calls the policy ready.',
    fix: 'sha256, or sha384 and sha512 for keys on P-384 and P-521.',
  },
  BadRegExp: {
    title: 'A pattern that is none',
    severity: 'medium',
    kinds: 'C, I',
    lets: 'Nothing: no identity matches it, and Kyverno calls the policy ready.',
    fix: 'Write a regular expression of Go (RE2): no look-around, no back references.',
  },
  LogWithoutUrl: {
    title: 'A log without a URL',
    severity: 'medium',
    kinds: 'C, I',
    lets: 'Nothing: the log cannot be asked, so no signature verifies.',
    fix: 'Give the URL of the log, or say that it is ignored.',
  },
  Malformed: {
    title: 'A field of the wrong type',
    severity: 'medium',
    kinds: 'C, I',
    lets: 'Nothing that could be told: Kyverno refuses it, or reads something else.',
    fix: 'Write what the message expects.',
  },
  EphemeralContainersDenied: {
    title: 'Signed ephemeral containers are refused',
    severity: 'low',
    kinds: 'C',
    lets: 'Nothing, but kubectl debug is refused with signed images too: required: true.',
    fix: 'required: false; verification itself refuses what is not signed.',
  },
  TrustedRootIgnored: {
    title: 'TUF is contacted in spite of a trust root',
    severity: 'low',
    kinds: 'I',
    lets: 'Nothing, but without internet nothing verifies: trustedRoot and rekorPubKey do not keep Kyverno from TUF.',
    fix: 'Give tuf with mirror and root.data.',
  },
} as const satisfies Record<string, HoleRow>;
