/**
 * Good and bad objects of both kinds. The unit tests try them on validateManifest, the cluster suite on a real API
 * server: both must take and refuse the same.
 */
import { policies } from './image-trust-policies.table.ts';
import type { ManifestRow } from './manifest-row.ts';
import { trustedKeys } from './trusted-keys.table.ts';

/** All rows. */
export const MANIFESTS: readonly ManifestRow[] = [...trustedKeys, ...policies];
