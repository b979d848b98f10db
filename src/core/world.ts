/** What is there to be judged, and by whom: the input of planning. Owns the shape, whoever fills it (manifests or watches). */
import type { ImageTrustPolicy } from '../api/image-trust-policy.ts';
import type { TrustedKey } from '../api/trusted-key.ts';
import type { ImageUse } from './image-use.ts';
import type { NamespaceLabels } from './policy-match.ts';

/** Policies, keys, namespaces and image uses at one moment. */
export interface World {
  readonly policies: readonly ImageTrustPolicy[];
  readonly trustedKeys: readonly TrustedKey[];
  readonly namespaces: NamespaceLabels;
  readonly uses: readonly ImageUse[];
}
