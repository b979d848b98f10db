/**
 * Every known difference between what the real Kyverno 1.19.1 does under a policy that we generate and what our engine
 * says, fixture by fixture. A difference that does not stand here fails the proof, and so does one that stands here and
 * does not happen. What a kind cannot express, so that nothing is generated, stands below.
 */
import type { Feature } from '../../src/outputs/kyverno/mapping.ts';
import type { RegistryName } from './lab.ts';

/** `refused`: by Kyverno, though the engine verifies. `admitted`: by Kyverno, though the engine rejects. */
export interface Difference {
  readonly kind: 'refused' | 'admitted';
  readonly reason: string;
  /** The feature of the mapping table by which the renderer itself must tell users of it. */
  readonly feature?: Feature;
  /** Where it happens, if not on both registries. */
  readonly registry?: RegistryName;
  /** Fixtures by case. */
  readonly cells: Readonly<Record<string, readonly string[]>>;
}

const K1_BUNDLES = [
  'bundle3-annot',
  'bundle3-k1',
  'bundle3-k1-tlog',
  'bundle3-signingconfig',
  'index-bundle-recursive-k1',
];
const K1_TAGS = ['index-k1', 'legacy2-annot', 'legacy2-k1', 'legacy2-k1-tlog'];
const TWO_BUNDLES = [...K1_BUNDLES, 'neg-otherkey-bundle'];
const TWO_TAGS = [...K1_TAGS, 'neg-otherkey-legacy'];

export const DIFFERENCES = {
  'only-bundles-are-read': {
    kind: 'refused',
    reason: 'the format Bundle was asked for, and the image has a signature tag and no bundle',
    cells: {
      'k1 as ClusterPolicy, Bundle': [...K1_TAGS, 'legacy3-annot', 'legacy3-k1', 'legacy3-oci11'],
      'k1 as ImageValidatingPolicy, Bundle': [...K1_TAGS, 'legacy3-annot', 'legacy3-k1', 'legacy3-oci11'],
      'rsa as ClusterPolicy, Bundle': ['legacy2-rsa2048', 'legacy3-rsa2048'],
      'rsa as ImageValidatingPolicy, Bundle': ['legacy2-rsa2048', 'legacy3-rsa2048'],
      'p384 as ClusterPolicy, Bundle': ['legacy2-p384'],
      'p384 as ImageValidatingPolicy, Bundle': ['legacy2-p384'],
      'p521 as ClusterPolicy, Bundle': ['legacy3-p521'],
      'p521 as ImageValidatingPolicy, Bundle': ['legacy3-p521'],
      'ed25519 as ClusterPolicy, Bundle': ['legacy2-ed25519', 'legacy3-ed25519'],
      'ed25519 as ImageValidatingPolicy, Bundle': ['legacy2-ed25519', 'legacy3-ed25519'],
      'one-of-two as ClusterPolicy, Bundle': TWO_TAGS,
      'one-of-two as ImageValidatingPolicy, Bundle': TWO_TAGS,
      'two-blocks as ClusterPolicy, Bundle': TWO_TAGS,
      'two-blocks as ImageValidatingPolicy, Bundle': TWO_TAGS,
      'annotated-prod as ImageValidatingPolicy, Bundle': ['legacy2-annot'],
      'keyless-tuf as ImageValidatingPolicy, Bundle': ['keyless3-legacy'],
      'logged-tuf as ImageValidatingPolicy, Bundle': ['legacy2-k1-tlog'],
    },
  },
  'only-tags-are-read': {
    kind: 'refused',
    reason: 'the format Legacy was asked for, and the image has a bundle and no signature tag',
    cells: {
      'k1 as ClusterPolicy, Legacy': K1_BUNDLES,
      'rsa as ClusterPolicy, Legacy': ['bundle3-rsa2048'],
      'p384 as ClusterPolicy, Legacy': ['bundle3-p384'],
      'ed25519 as ClusterPolicy, Legacy': ['bundle3-ed25519'],
      'one-of-two as ClusterPolicy, Legacy': TWO_BUNDLES,
      'two-blocks as ClusterPolicy, Legacy': TWO_BUNDLES,
      'annotated-prod as ClusterPolicy, Legacy': ['bundle3-annot'],
      'certificate as ClusterPolicy, Legacy': ['bundle3-cert'],
      'keyless-file as ClusterPolicy, Legacy': ['keyless3', 'keyless3-tsa'],
      'logged-file as ClusterPolicy, Legacy': ['bundle3-k1-tlog'],
    },
  },
  'referrers-api-needed': {
    kind: 'refused',
    reason: 'ClusterPolicy finds bundles by the referrers API alone, never under the fallback tag',
    feature: 'bundleFormat',
    registry: 'fallback tags',
    cells: {
      'k1 as ClusterPolicy, Bundle': K1_BUNDLES,
      'rsa as ClusterPolicy, Bundle': ['bundle3-rsa2048'],
      'p384 as ClusterPolicy, Bundle': ['bundle3-p384'],
      'one-of-two as ClusterPolicy, Bundle': TWO_BUNDLES,
      'two-blocks as ClusterPolicy, Bundle': TWO_BUNDLES,
    },
  },
  'referrers-for-signature-manifests': {
    kind: 'refused',
    reason: 'a signature manifest that refers to its image, an experiment of cosign 2, is read by the engine alone',
    feature: 'signatureManifests',
    cells: {
      'k1 as ClusterPolicy, Legacy': ['legacy3-oci11'],
      'k1 as ImageValidatingPolicy, Any': ['legacy3-oci11'],
    },
  },
  'hosts-in-upper-case': {
    kind: 'refused',
    reason: 'ClusterPolicy tells upper from lower case in the names of registries, so names in upper case are refused',
    feature: 'hostInUpperCase',
    cells: {
      'spellings as ClusterPolicy, Legacy': ['index-docker-io-library-nginx-latest'],
      'spellings as ClusterPolicy, Bundle': ['index-docker-io-library-nginx-latest'],
    },
  },
  'ed25519-of-cosign-3': {
    kind: 'refused',
    reason: 'cosign 3 signs with Ed25519ph, in both formats, which Kyverno does not verify',
    feature: 'ed25519Prehashed',
    cells: {
      'ed25519 as ClusterPolicy, Legacy': ['legacy3-ed25519'],
      'ed25519 as ClusterPolicy, Bundle': ['bundle3-ed25519'],
      'ed25519 as ImageValidatingPolicy, Any': ['bundle3-ed25519', 'legacy3-ed25519'],
      'ed25519 as ImageValidatingPolicy, Bundle': ['bundle3-ed25519'],
    },
  },
  'stamped-and-expired': {
    kind: 'refused',
    reason:
      'ClusterPolicy does not read timestamps of Notary signatures, so a certificate that has expired does not count',
    feature: 'notationTimestampLate',
    cells: {
      'notary-stamped-late as ClusterPolicy, Legacy': ['notation-jws-tsa-expiredcert'],
      'notary-stamped-late as ClusterPolicy, Bundle': ['notation-jws-tsa-expiredcert'],
    },
  },
  'attestation-as-signature': {
    kind: 'admitted',
    reason: 'where it reads both formats, Kyverno takes an attestation by a trusted key for a signature',
    feature: 'anyFormat',
    cells: {
      'k1 as ImageValidatingPolicy, Any': ['attest3-slsa1'],
      'one-of-two as ImageValidatingPolicy, Any': ['attest3-slsa1'],
      'two-blocks as ImageValidatingPolicy, Any': ['attest3-slsa1'],
      'attested as ImageValidatingPolicy, Any': ['attest3-slsa1'],
      'attested-other as ImageValidatingPolicy, Any': ['attest3-slsa1'],
      'keyless-tuf as ImageValidatingPolicy, Any': ['keyless3-attest'],
      'conditions as ImageValidatingPolicy, Any': ['attested-alone'],
      'expression as ImageValidatingPolicy, Any': ['attested-alone'],
    },
  },
} as const satisfies Record<string, Difference>;

/** Cases for which nothing is generated, with the features that the kind cannot express. */
export const NOT_EXPRESSIBLE: Readonly<Record<string, Feature>> = {
  'annotated-prod as ClusterPolicy, Bundle': 'annotationsBundle',
  'annotated-prod as ImageValidatingPolicy, Any': 'annotationsAny',
  'annotated-dev as ClusterPolicy, Bundle': 'annotationsBundle',
  'annotated-dev as ImageValidatingPolicy, Any': 'annotationsAny',
  'certificate as ClusterPolicy, Bundle': 'certificateBundle',
  'certificate as ImageValidatingPolicy, Any': 'certificate',
  'certificate as ImageValidatingPolicy, Bundle': 'certificateBundle',
  'notary-stamped as ClusterPolicy, Legacy': 'notationTimestamp',
  'notary-stamped as ClusterPolicy, Bundle': 'notationTimestamp',
  'keyless-file as ClusterPolicy, Bundle': 'trustRootFileBundle',
  'keyless-file as ImageValidatingPolicy, Any': 'trustRootFile',
  'keyless-file as ImageValidatingPolicy, Bundle': 'trustRootFileBundle',
  'logged-file as ClusterPolicy, Bundle': 'trustRootFileBundle',
  'logged-file as ImageValidatingPolicy, Any': 'trustRootFile',
  'logged-file as ImageValidatingPolicy, Bundle': 'trustRootFileBundle',
  'keyless-tuf as ClusterPolicy, Legacy': 'trustRootTuf',
  'keyless-tuf as ClusterPolicy, Bundle': 'trustRootTuf',
  'logged-tuf as ClusterPolicy, Legacy': 'trustRootTuf',
  'logged-tuf as ClusterPolicy, Bundle': 'trustRootTuf',
};

/** What is known to differ in a case: the difference of a fixture, where there is one. */
export function knownDifference(name: string, fixture: string, registry: RegistryName): Difference | undefined {
  return (Object.values(DIFFERENCES) as readonly Difference[]).find(
    (difference) => (difference.registry ?? registry) === registry && (difference.cells[name] ?? []).includes(fixture),
  );
}

/** The differences of a case. */
export function differencesOf(name: string): readonly Difference[] {
  return (Object.values(DIFFERENCES) as readonly Difference[]).filter(({ cells }) => cells[name] !== undefined);
}
