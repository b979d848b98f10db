/**
 * The part of Kubernetes metadata that we read. Everything else passes through untouched:
 * the API server owns it, and manifests that come from a cluster carry it.
 */
import * as z from 'zod';
import { objectName } from './scalars.ts';

const texts = z.record(z.string(), z.string());

/** Metadata of a cluster-scoped object. */
export const ObjectMeta = z.looseObject({
  name: objectName(),
  uid: z.string().exactOptional(),
  generation: z.int().exactOptional(),
  resourceVersion: z.string().exactOptional(),
  labels: texts.exactOptional(),
  annotations: texts.exactOptional(),
});
/** Metadata of a cluster-scoped object. */
export type ObjectMeta = z.output<typeof ObjectMeta>;
