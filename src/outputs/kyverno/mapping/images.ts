/** The mapping table: which images and Pods, and what happens to them. Words only. */
import { both, exact, gap, none, tighter, type Row } from './row.ts';

const CEL_IMAGES = exact('CEL in matchImageReferences that reads every spelling of a name into the canonical one.');

/** Features of this part, in the order of the documentation. */
export const IMAGES = {
  images: {
    feature: 'globs over whole repositories and what lies below them',
    ClusterPolicy: exact(
      'imageReferences for every spelling: with and without library/, each name of Docker Hub, port 443.',
    ),
    ImageValidatingPolicy: CEL_IMAGES,
  },
  globWithTag: {
    feature: 'globs that name a tag',
    ClusterPolicy: none(
      'ClusterPolicy does not see the tag of an image that has a digest too: write a glob without a tag, or use format ImageValidatingPolicy.',
    ),
    ImageValidatingPolicy: CEL_IMAGES,
  },
  globShape: {
    feature: 'globs with a star or ? inside the last part of the name, or over Docker Hub’s library/',
    ClusterPolicy: none(
      'The wildcards of ClusterPolicy cannot say exactly this: end the glob with a star or with the whole name, or use format ImageValidatingPolicy.',
    ),
    ImageValidatingPolicy: CEL_IMAGES,
  },
  hostInUpperCase: {
    feature: 'registry hosts written in upper case',
    ClusterPolicy: tighter(
      'A second rule refuses Pods whose images write the host of a registry in upper case, for wildcards tell cases apart.',
    ),
    ImageValidatingPolicy: CEL_IMAGES,
  },
  exceptions: {
    feature: 'exceptions while they last',
    ClusterPolicy: exact('skipImageReferences, and rules of their own for namespaces.'),
    ImageValidatingPolicy: exact('CEL over image and namespace.'),
  },
  exceptionNamespaces: {
    feature: 'exceptions with more than three different lists of namespaces at a time',
    ClusterPolicy: none('It would take more rules than a ClusterPolicy should have: use format ImageValidatingPolicy.'),
    ImageValidatingPolicy: exact('CEL over image and namespace.'),
  },
  selectors: {
    feature: 'match.podSelector, namespaceSelector that are no valid labels',
    ...both(none('Kubernetes takes no such label: write keys and values as labels have them.')),
  },
  exemptNamespaces: {
    feature: 'the namespaces kube-system and kyverno',
    ...both(
      gap('Kyverno’s webhooks leave out kube-system and its own namespace unless its configuration says otherwise.'),
    ),
  },
  volumes: {
    feature: 'image volumes, init and ephemeral containers',
    ClusterPolicy: exact('imageExtractors for all four places.'),
    ImageValidatingPolicy: exact('images for volumes, and CEL over all four lists.'),
  },
  updates: {
    feature: 'updates of running Pods that leave their images alone',
    ClusterPolicy: exact('preconditions. Also of Pods whose images are not trusted any more; so is deletion.'),
    ImageValidatingPolicy: exact(
      'matchConditions. Also of Pods whose images are not trusted any more; so is deletion.',
    ),
  },
  cache: {
    feature: 'tags that moved and signatures that went since a Pod was admitted',
    ClusterPolicy: exact('useCache: false.'),
    ImageValidatingPolicy: exact(
      'An attestor that nobody can meet stands in every call, so that Kyverno remembers no result.',
    ),
  },
  mutateDigest: {
    feature: 'enforcement.kyverno.mutateDigest, digest.requireInSpec',
    ClusterPolicy: exact('mutateDigest in Enforce, unless digests are required in the spec: then verifyDigest alone.'),
    ImageValidatingPolicy: exact(
      'mutateDigest in Enforce, unless digests are required in the spec: then verifyDigest alone. Image volumes are not pinned.',
    ),
  },
  repeatedImages: {
    feature: 'mutateDigest, and Pods that write one image by tag in several containers, and another beside it',
    ClusterPolicy: exact('Each container is pinned by itself.'),
    ImageValidatingPolicy: tighter(
      'Kyverno 1.19 hangs at some of those Pods while it pins them (kyverno/kyverno#17275): they are refused when the webhook times out, and may pass when they are tried again. Write digests, set mutateDigest: false, or use format ClusterPolicy.',
    ),
  },
  credentials: {
    feature: 'registry.credentials',
    ClusterPolicy: tighter(
      'imageRegistryCredentials.secrets by namespace and name. Where Kyverno may not read the Secrets, private images are refused.',
    ),
    ImageValidatingPolicy: tighter(
      'Not handed on: Kyverno reads Secrets of its own namespace alone. Give Kyverno the credentials (--imagePullSecrets), or private images are refused.',
    ),
  },
  mirrors: {
    feature: 'registry.mirrors, registry.caRef',
    ...both(tighter('Not handed on: Kyverno asks the origin, with the authorities that it knows.')),
  },
} as const satisfies Record<string, Row>;
