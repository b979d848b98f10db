/**
 * Reads a Pod, or an object with a Pod template, into a Workload. Checks what it reads and nothing else: whether the
 * rest of the object is right is the API server's business.
 */
import { Failure } from '../failure.ts';
import type { ContainerType, ObjectIdentity } from '../image-use.ts';
import { type ImageReference, parseReference } from '../reference.ts';
import type { ContainerImage, PullIdentity, Workload } from '../workload.ts';
import {
  at,
  type Field,
  isAbsent,
  isMapping,
  listItems,
  optionalText,
  requiredMapping,
  requiredText,
  textMap,
} from './field.ts';
import type { ManifestDocument } from './load.ts';

/** Where the Pod template lies, by group and kind. `[]` for the Pod itself. */
const TEMPLATES: Readonly<Record<string, readonly string[]>> = {
  '/Pod': [],
  '/ReplicationController': ['spec', 'template'],
  'apps/Deployment': ['spec', 'template'],
  'apps/StatefulSet': ['spec', 'template'],
  'apps/DaemonSet': ['spec', 'template'],
  'apps/ReplicaSet': ['spec', 'template'],
  'batch/Job': ['spec', 'template'],
  'batch/CronJob': ['spec', 'jobTemplate', 'spec', 'template'],
};

/** Lists of containers in a Pod spec, with the list of their status. */
const LISTS: readonly { readonly spec: string; readonly status: string; readonly type: ContainerType }[] = [
  { spec: 'initContainers', status: 'initContainerStatuses', type: 'initContainer' },
  { spec: 'containers', status: 'containerStatuses', type: 'container' },
  { spec: 'ephemeralContainers', status: 'ephemeralContainerStatuses', type: 'ephemeralContainer' },
];

/** The group of an apiVersion; empty for the core group. */
export function groupOf(apiVersion: string): string {
  return apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
}

/** Is this a kind that runs containers and that we read? */
export function isWorkload({ apiVersion, kind }: Pick<ManifestDocument, 'apiVersion' | 'kind'>): boolean {
  return Object.hasOwn(TEMPLATES, `${groupOf(apiVersion)}/${kind}`);
}

/** Reads a workload; undefined where it has no name. `root` is the whole object; problems go to its report. */
export function readWorkload(
  document: Pick<ManifestDocument, 'apiVersion' | 'kind'>,
  root: Field,
): Workload | undefined {
  const template = at(root, ...(TEMPLATES[`${groupOf(document.apiVersion)}/${document.kind}`] ?? []));
  const identity = readIdentity(document, root);
  const containers = readContainers(template, root);
  const podLabels = textMap(at(template, 'metadata', 'labels'), 'labels');
  if (identity === undefined) return undefined;
  const controller = readController(root, identity.namespace);
  const base = { identity, podLabels, containers, isPod: document.kind === 'Pod' };
  const idle = isIdle(document.kind, root, controller !== undefined);
  return { ...base, idle, ...(controller === undefined ? {} : { controller }) };
}

/** What a Pod is pulled with. Nothing in it is complained of: whoever pulls passes over what makes no sense. */
export function readPulls(root: Field): PullIdentity {
  const account = at(root, 'spec', 'serviceAccountName').value;
  const secrets = silentItems(at(root, 'spec', 'imagePullSecrets')).flatMap((item) => {
    const { value } = at(item, 'name');
    return typeof value === 'string' && value !== '' ? [value] : [];
  });
  return {
    serviceAccount: typeof account === 'string' && account !== '' ? account : 'default',
    secrets,
  };
}

function readIdentity(
  { apiVersion, kind }: Pick<ManifestDocument, 'apiVersion' | 'kind'>,
  root: Field,
): Workload['identity'] | undefined {
  const metadata = at(root, 'metadata');
  if (requiredMapping(metadata, 'metadata with a name') === undefined) return undefined;
  // What is created with generateName has no name before it is in a cluster.
  const generated = isAbsent(at(metadata, 'name')) ? optionalText(at(metadata, 'generateName'), 'a text') : undefined;
  const name = generated ?? requiredText(at(metadata, 'name'), 'a name');
  const namespace = optionalText(at(metadata, 'namespace'), 'a namespace') ?? 'default';
  const uid = at(metadata, 'uid').value;
  if (name === undefined) return undefined;
  return { apiVersion, kind, namespace, name, ...(typeof uid === 'string' ? { uid } : {}) };
}

function readController(root: Field, namespace: string): ObjectIdentity | undefined {
  const owners = listItems(at(root, 'metadata', 'ownerReferences'), 'a list of owners');
  const owner = owners.find((candidate) => at(candidate, 'controller').value === true);
  if (owner === undefined) return undefined;
  const apiVersion = requiredText(at(owner, 'apiVersion'), 'the apiVersion of the owner');
  const kind = requiredText(at(owner, 'kind'), 'the kind of the owner');
  const name = requiredText(at(owner, 'name'), 'the name of the owner');
  if (apiVersion === undefined || kind === undefined || name === undefined) return undefined;
  const uid = at(owner, 'uid').value;
  return { apiVersion, kind, namespace, name, ...(typeof uid === 'string' ? { uid } : {}) };
}

function isIdle(kind: string, root: Field, owned: boolean): boolean {
  switch (kind) {
    case 'Pod':
      return ['Succeeded', 'Failed'].includes(String(at(root, 'status', 'phase').value));
    case 'ReplicaSet':
      return owned && at(root, 'spec', 'replicas').value === 0;
    case 'Job':
      return silentItems(at(root, 'status', 'conditions')).some(
        (condition) =>
          ['Complete', 'Failed'].includes(String(at(condition, 'type').value)) &&
          at(condition, 'status').value === 'True',
      );
    default:
      return false;
  }
}

function readContainers(template: Field, root: Field): readonly ContainerImage[] {
  const spec = at(template, 'spec');
  if (requiredMapping(spec, 'a Pod spec with containers') === undefined) return [];
  const listed = at(spec, 'containers');
  if (isAbsent(listed) || (Array.isArray(listed.value) && listed.value.length === 0)) {
    spec.report({ path: listed.path, expected: 'at least one container', found: 'none' });
  }
  const containers = LISTS.flatMap((list) =>
    listItems(at(spec, list.spec), 'a list of containers').flatMap((item) => {
      return readContainer(item, list.type, statusOf(at(root, 'status', list.status), at(item, 'name').value));
    }),
  );
  return [...containers, ...listItems(at(spec, 'volumes'), 'a list of volumes').flatMap(readImageVolume)];
}

/** What the kubelet says of a container: its imageID, and whether it refused the image's name. */
interface ContainerStatus {
  readonly imageID?: string;
  readonly refused: boolean;
}

function statusOf(statuses: Field, name: unknown): ContainerStatus {
  const status = silentItems(statuses).find((candidate) => at(candidate, 'name').value === name);
  if (status === undefined) return { refused: false };
  const imageID = at(status, 'imageID').value;
  const refused = at(status, 'state', 'waiting', 'reason').value === 'InvalidImageName';
  return { refused, ...(typeof imageID === 'string' && imageID !== '' ? { imageID } : {}) };
}

function readContainer(item: Field, type: ContainerType, status: ContainerStatus): readonly ContainerImage[] {
  if (requiredMapping(item, 'a container') === undefined) return [];
  const name = requiredText(at(item, 'name'), 'the name of the container');
  // The cluster has such a Pod, and the kubelet never ran it: nothing to judge, and no mistake in the file.
  if (status.refused) return [];
  const image = requiredText(at(item, 'image'), 'an image', 'such as registry.example.com/team/app:v1');
  const reference = image === undefined ? undefined : readReference(at(item, 'image'), image);
  if (name === undefined || image === undefined || reference === undefined) return [];
  const { imageID } = status;
  return [{ name, type, image, reference, ...(imageID === undefined ? {} : { imageID }) }];
}

/** Volumes of other types are none of our business; an image volume has no digest in the Pod's status. */
function readImageVolume(item: Field): readonly ContainerImage[] {
  if (!isMapping(item.value) || isAbsent(at(item, 'image'))) return [];
  const name = requiredText(at(item, 'name'), 'the name of the volume');
  const image = requiredText(at(item, 'image', 'reference'), 'the reference of an image');
  const reference = image === undefined ? undefined : readReference(at(item, 'image', 'reference'), image);
  if (name === undefined || image === undefined || reference === undefined) return [];
  return [{ name, type: 'imageVolume', image, reference }];
}

function readReference(field: Field, image: string): ImageReference | undefined {
  try {
    return parseReference(image);
  } catch (error) {
    if (!(error instanceof Failure) || error.detail.kind !== 'invalid') throw error;
    const { expected, found } = error.detail;
    const whole = JSON.stringify(image.slice(0, 200));
    field.report({ path: field.path, expected, found: found.includes(whole) ? found : `${found} in ${whole}` });
    return undefined;
  }
}

/** Items of a list in a status: written by the cluster, so nothing in it is the user's mistake. */
function silentItems(field: Field): readonly Field[] {
  return Array.isArray(field.value) ? listItems(field, 'a list') : [];
}
