/** The mapping table: certificates, trust roots and the Notary Project. Words only. */
import { both, exact, gap, none, tighter, type Row } from './row.ts';

/** Features of this part, in the order of the documentation. */
export const HOLDERS = {
  log: {
    feature: 'transparencyLog: Required, public Sigstore',
    ClusterPolicy: exact('rekor and ctlog with the keys that Kyverno gets from the public instance.'),
    ImageValidatingPolicy: exact('ctlog with the keys that Kyverno gets from the public instance.'),
  },
  trustRootFile: {
    feature: 'trustRoot.configMapRef',
    ClusterPolicy: exact('The roots, Rekor keys and CT log keys of the file, with signatureFormat Any or Legacy.'),
    ImageValidatingPolicy: none(
      'ImageValidatingPolicy asks a TUF repository, also where it is given a trusted root: set trustRoot.tuf, or use format ClusterPolicy with signatureFormat: Legacy.',
    ),
  },
  trustRootFileBundle: {
    feature: 'trustRoot.configMapRef, with signatureFormat Bundle',
    ClusterPolicy: none(
      'ClusterPolicy takes the trust root of bundles from flags of Kyverno: use format ImageValidatingPolicy with trustRoot.tuf.',
    ),
    ImageValidatingPolicy: none('ImageValidatingPolicy asks a TUF repository: set trustRoot.tuf.'),
  },
  trustRootLogs: {
    feature: 'a trusted root with several logs or none',
    ClusterPolicy: none(
      'ClusterPolicy takes one Rekor key and one CT log key, and the trusted root has too many, or none: use format ImageValidatingPolicy with trustRoot.tuf.',
    ),
    ImageValidatingPolicy: exact('As the TUF repository has them.'),
  },
  trustRootEnds: {
    feature: 'authorities and logs whose time has an end',
    ClusterPolicy: gap('Kyverno does not look at the end that the trusted root sets to an authority or a log.'),
    ImageValidatingPolicy: exact('Kyverno reads the trusted root itself.'),
  },
  trustRootTuf: {
    feature: 'trustRoot.tuf',
    ClusterPolicy: none(
      'ClusterPolicy takes its TUF repository from flags of Kyverno: give the trusted root itself as trustRoot.configMapRef with signatureFormat: Legacy, or use format ImageValidatingPolicy.',
    ),
    ImageValidatingPolicy: exact('tuf, with the initial root. Kyverno must reach the mirror.'),
  },
  keylessWithoutLog: {
    feature: 'keyless with transparencyLog: Ignored',
    ClusterPolicy: none(
      'ClusterPolicy cannot demand a timestamp in place of a log entry: set transparencyLog: Required, or use format ImageValidatingPolicy.',
    ),
    ImageValidatingPolicy: gap(
      'A signature without log entry and without timestamp passes while its certificate is valid, which is some minutes.',
    ),
  },
  extensions: {
    feature: 'certificate extensions',
    ClusterPolicy: exact(
      'additionalExtensions, with signatureFormat Any or Legacy: githubWorkflowTrigger, -Sha, -Name, -Repository, -Ref.',
    ),
    ImageValidatingPolicy: none(
      'ImageValidatingPolicy ignores certificate extensions: use format ClusterPolicy with signatureFormat: Legacy.',
    ),
  },
  extensionsOther: {
    feature: 'other certificate extensions, or with signatureFormat Bundle',
    ClusterPolicy: none(
      'ClusterPolicy knows githubWorkflowTrigger, -Sha, -Name, -Repository and -Ref alone, only with signatureFormat: Legacy, and reads * and ? in their values as wildcards.',
    ),
    ImageValidatingPolicy: none('ImageValidatingPolicy ignores certificate extensions.'),
  },
  certificate: {
    feature: 'certificate',
    ClusterPolicy: gap(
      'A certificate of the authority that has no alternative name at all passes: Kyverno then skips the identity. See to it that the authority issues none.',
    ),
    ImageValidatingPolicy: none(
      'ImageValidatingPolicy does not compare the identity with certificates of a private authority: use format ClusterPolicy with signatureFormat: Legacy.',
    ),
  },
  certificateBundle: {
    feature: 'certificate, with signatureFormat Bundle',
    ClusterPolicy: none(
      'Kyverno verifies no bundles with certificates of a private authority: set signatureFormat: Legacy.',
    ),
    ImageValidatingPolicy: none(
      'Kyverno verifies no bundles with certificates of a private authority: use format ClusterPolicy with signatureFormat: Legacy.',
    ),
  },
  notationIdentities: {
    feature: 'notation.trustedIdentities other than "*"',
    ...both(
      none(
        'Kyverno does not compare identities of Notary signatures: give each identity a root of its own and write "*".',
      ),
    ),
  },
  notationLevel: {
    feature: 'notation.level other than strict, levelOverrides',
    ...both(none('Kyverno verifies Notary signatures at level strict alone: set level: strict.')),
  },
  notationAuthority: {
    feature: 'notation.trustStores.signingAuthority',
    ...both(none('Kyverno has no trust stores of type signingAuthority: use trustStores.ca.')),
  },
  notationTimestamp: {
    feature: 'notation.trustStores.tsa with verifyTimestamp: always',
    ClusterPolicy: none(
      'ClusterPolicy does not read timestamps of Notary signatures: use format ImageValidatingPolicy, or verifyTimestamp: afterCertExpiry.',
    ),
    ImageValidatingPolicy: exact('tsaCerts, which refuses signatures without a timestamp.'),
  },
  notationTimestampLate: {
    feature: 'notation.trustStores.tsa with verifyTimestamp: afterCertExpiry',
    ClusterPolicy: tighter(
      'Signatures whose certificate has expired are refused: ClusterPolicy does not read timestamps.',
    ),
    ImageValidatingPolicy: exact('Two attestors, with and without tsaCerts, either of which suffices.'),
  },
  notationMetadata: {
    feature: 'annotations (user metadata) of Notary signatures',
    ...both(none('Kyverno does not compare the metadata of Notary signatures: remove the annotations.')),
  },
  notationRepository: {
    feature: 'repository of an attestor entry of notation',
    ...both(none('Kyverno looks for Notary signatures beside the image alone: remove the repository.')),
  },
} as const satisfies Record<string, Row>;
