/**
 * A Pod without what nobody here reads (environment, probes, conditions …): of a cluster's Pods that is nine tenths.
 * Owns the list of what read-workload.ts reads of a Pod. Must never change what it keeps.
 */
import { isMapping, type Mapping } from './field.ts';

const METADATA = ['name', 'namespace', 'uid', 'generateName', 'labels', 'ownerReferences'] as const;
const CONTAINER_LISTS = ['initContainers', 'containers', 'ephemeralContainers'] as const;
const STATUS_LISTS = ['initContainerStatuses', 'containerStatuses', 'ephemeralContainerStatuses'] as const;

/** The same Pod with less in it; anything else as it is. */
export function podEssentials(object: Mapping): Mapping {
  const { apiVersion, kind, metadata, spec, status } = object;
  if (!(kind === undefined || kind === 'Pod') || !isMapping(spec) || !Array.isArray(spec['containers'])) return object;
  return {
    ...(apiVersion === undefined ? {} : { apiVersion }),
    ...(kind === undefined ? {} : { kind }),
    metadata: isMapping(metadata) ? pick(metadata, METADATA) : metadata,
    spec: {
      ...lists(spec, CONTAINER_LISTS, ['name', 'image']),
      ...lists(spec, ['volumes'], ['name', 'image']),
      ...lists(spec, ['imagePullSecrets'], ['name']),
      ...pick(spec, ['serviceAccountName']),
    },
    ...(isMapping(status)
      ? { status: { ...pick(status, ['phase']), ...lists(status, STATUS_LISTS, ['name', 'imageID', 'state']) } }
      : {}),
  };
}

/** These lists with these fields of their entries; what is no list of mappings stays as it is, to be complained of. */
function lists(object: Mapping, names: readonly string[], fields: readonly string[]): Mapping {
  const kept = pick(object, names);
  return Object.fromEntries(
    Object.entries(kept).map(([name, list]: [string, unknown]) => [
      name,
      Array.isArray(list) ? list.map((entry: unknown) => (isMapping(entry) ? pick(entry, fields) : entry)) : list,
    ]),
  );
}

function pick(object: Mapping, names: readonly string[]): Mapping {
  return Object.fromEntries(names.filter((name) => Object.hasOwn(object, name)).map((name) => [name, object[name]]));
}
