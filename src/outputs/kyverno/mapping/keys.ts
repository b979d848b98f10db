/** The mapping table: formats, keys, counts and attestations. Words only. */
import { both, exact, gap, none, tighter, type Row } from './row.ts';

/** Features of this part, in the order of the documentation. */
export const KEYS = {
  anyFormat: {
    feature: 'signatureFormat: Any',
    ClusterPolicy: tighter(
      'ClusterPolicy reads one format: only signature tags (cosign 2) are read, and an image that has nothing but bundles (cosign 3) is refused. Name the format in signatureFormat, or use format ImageValidatingPolicy.',
    ),
    ImageValidatingPolicy: gap(
      'An attestation by a trusted key passes for a signature, because Kyverno does not look at the type of a bundle where it reads both formats. Set signatureFormat: Bundle where your signers use cosign 3, or use format ClusterPolicy with signatureFormat: Legacy.',
    ),
  },
  legacyFormat: {
    feature: 'signatureFormat: Legacy',
    ClusterPolicy: exact('type: Cosign, which reads nothing but signature tags.'),
    ImageValidatingPolicy: gap(
      'An attestation by a trusted key passes for a signature, because ImageValidatingPolicy reads bundles wherever it finds them. Use format ClusterPolicy.',
    ),
  },
  bundleHidesTag: {
    feature: 'a signature tag beside a bundle',
    ClusterPolicy: exact('type: Cosign reads the tag alone.'),
    ImageValidatingPolicy: tighter('A signature tag is not read where the image has any bundle, even a stranger’s.'),
  },
  bundleFormat: {
    feature: 'signatureFormat: Bundle',
    ClusterPolicy: tighter(
      'type: SigstoreBundle with the statement type of signatures demanded. It finds bundles through the referrers API alone: registries without that API are refused.',
    ),
    ImageValidatingPolicy: exact('verifyAttestationSignatures with the statement type of signatures demanded.'),
  },
  signatureManifests: {
    feature:
      'signature manifests that refer to their image (an experiment of cosign 2), with signatureFormat Any or Legacy',
    ...both(
      tighter(
        'Signatures that refer to their image without being bundles are not read: an image that has no other is refused. Sign it again.',
      ),
    ),
  },
  ed25519Prehashed: {
    feature: 'Ed25519 keys of cosign 3',
    ...both(
      tighter(
        'cosign 3 signs with Ed25519ph, in both formats, which Kyverno does not verify: such images are refused.',
      ),
    ),
  },
  kms: {
    feature: 'publicKey.kms',
    ClusterPolicy: exact('keys.kms, verified with SHA-256. Kyverno needs access to the key management service.'),
    ImageValidatingPolicy: exact('key.kms, verified with SHA-256. Kyverno needs access to the key management service.'),
  },
  annotationsAny: {
    feature: 'annotations, with signatureFormat Any or Legacy',
    ClusterPolicy: exact('annotations of the entry, read from the signed payload.'),
    ImageValidatingPolicy: none(
      'ImageValidatingPolicy compares annotations that nobody signed: set signatureFormat: Bundle, or use format ClusterPolicy with signatureFormat: Legacy.',
    ),
  },
  annotationsBundle: {
    feature: 'annotations, with signatureFormat Bundle',
    ClusterPolicy: none(
      'ClusterPolicy ignores annotations of bundles: use format ImageValidatingPolicy, or signatureFormat: Legacy.',
    ),
    ImageValidatingPolicy: tighter(
      'extractPayload reads them from the signed statement. Of several signatures by one key the last alone is looked at.',
    ),
  },
  annotationsOfHolders: {
    feature: 'annotations with certificates or keyless',
    ClusterPolicy: none(
      'ClusterPolicy looks for the annotations and for the identity in any two signatures: remove the annotations, or use format ImageValidatingPolicy with signatureFormat: Bundle.',
    ),
    ImageValidatingPolicy: exact('As with keys, with signatureFormat Bundle.'),
  },
  entryRepository: {
    feature: 'repository of an attestor entry',
    ClusterPolicy: exact('repository of the entry, with signatureFormat Any or Legacy.'),
    ImageValidatingPolicy: exact('source.repository.'),
  },
  entryRepositoryBundle: {
    feature: 'repository of an attestor entry, with signatureFormat Bundle',
    ClusterPolicy: none(
      'ClusterPolicy ignores the repository of bundles: use format ImageValidatingPolicy, or signatureFormat: Legacy.',
    ),
    ImageValidatingPolicy: exact('source.repository.'),
  },
  sameSigner: {
    feature: 'a count above 1 over entries that one signer could meet twice',
    ClusterPolicy: none(
      'Kyverno counts entries, not signers: keys that stand in several entries with different annotations, regular expressions and Notary roots cannot be told apart. Name every signer of a counted set exactly and once.',
    ),
    ImageValidatingPolicy: none(
      'Kyverno counts attestors, not signers: keys that stand in several entries with different annotations, regular expressions and Notary roots cannot be told apart. Name every signer of a counted set exactly and once.',
    ),
  },
  mixedSet: {
    feature: 'a set that counts signatures of cosign and of notation together',
    ClusterPolicy: none(
      'A rule of ClusterPolicy reads one kind of signature: make two sets, each of which must hold, or use format ImageValidatingPolicy.',
    ),
    ImageValidatingPolicy: exact('Attestors of both kinds, counted in CEL.'),
  },
  signingTime: {
    feature: 'lifecycle.validFrom, validUntil',
    ...both(
      gap(
        'The key vouches at admission from validFrom to validUntil. Kyverno does not compare the time of signing: a signature that is proven to be older than validFrom passes.',
      ),
    ),
  },
  revokedLater: {
    feature: 'lifecycle.revocation: AfterRevokedAt, signatures from before validUntil',
    ...both(
      tighter('A key that is Revoked or past validUntil vouches for nothing at admission, older signatures included.'),
    ),
  },
  attestations: {
    feature: 'attestations, with signatureFormat Any',
    ClusterPolicy: tighter(
      'Only attestation tags (.att, cosign 2) are read. Every attestation of the type must satisfy the conditions.',
    ),
    ImageValidatingPolicy: tighter(
      'Only bundles (cosign 3) are read; of several by one key the last alone is looked at.',
    ),
  },
  attestationsLegacy: {
    feature: 'attestations, with signatureFormat Legacy',
    ClusterPolicy: tighter('Every attestation of the type must satisfy the conditions.'),
    ImageValidatingPolicy: none(
      'ImageValidatingPolicy reads attestations from bundles alone: use format ClusterPolicy, or signatureFormat: Bundle.',
    ),
  },
  attestationsBundle: {
    feature: 'attestations, with signatureFormat Bundle',
    ClusterPolicy: tighter('Every attestation of the type must satisfy the conditions.'),
    ImageValidatingPolicy: tighter('Of several attestations by one key the last alone is looked at.'),
  },
  attestationAnnotations: {
    feature: 'annotations of entries that vouch for attestations',
    ClusterPolicy: none(
      'ClusterPolicy does not read signed annotations of attestations: give the attestation attestors of its own without annotations.',
    ),
    ImageValidatingPolicy: exact('extractPayload reads them from the signed statement.'),
  },
  conditions: {
    feature: 'conditions of attestations',
    ClusterPolicy: exact('conditions, as they are written.'),
    ImageValidatingPolicy: exact(
      'CEL over extractPayload(…).predicate, for plain paths, texts, booleans, numbers and durations.',
    ),
  },
  conditionsOther: {
    feature: 'conditions with JMESPath functions, wildcards, ranges, quantities',
    ClusterPolicy: exact('conditions, as they are written.'),
    ImageValidatingPolicy: none(
      'This condition has no exact counterpart in CEL: write it as expression, or use format ClusterPolicy.',
    ),
  },
  expression: {
    feature: 'expression of attestations',
    ClusterPolicy: none(
      'ClusterPolicy has no CEL over attestations: write conditions, or use format ImageValidatingPolicy.',
    ),
    ImageValidatingPolicy: exact('The expression, with predicate bound to that of the attestation.'),
  },
  expressionOpen: {
    feature: 'an expression that is no whole CEL expression',
    ...both(none('A bracket or a quote of the expression is not closed: write one whole CEL expression.')),
  },
} as const satisfies Record<string, Row>;
