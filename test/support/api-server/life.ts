/**
 * What follows from writes: CRDs are served, namespaces empty themselves, dependants go with their owners. What the
 * API server and the controller-manager do between them; at once here.
 */
import { admitted } from './admission.ts';
import { type Kinds, keyOf, type ServedKind } from './kinds.ts';
import { type ApiObject, isMap, listOf, mapOf, Refused } from './object.ts';
import { secondsOf } from './write.ts';
import { objectKey, type Storage } from './storage.ts';

export interface Life {
  /** Throws where the namespace is missing or on its way out. */
  demandPlace(kind: ServedKind, namespace: string | undefined): void;
  /** Deletes, now or when its finalizers have gone. */
  remove(kind: ServedKind, object: ApiObject): ApiObject;
  /** Follows up a write. */
  follow(kind: ServedKind, object: ApiObject): void;
}

const NAMESPACES = '/namespaces';
const CRDS = 'apiextensions.k8s.io/customresourcedefinitions';

export function createLife(
  storage: Storage,
  kinds: Kinds,
  now: () => Date,
  unserved: (resource: string) => void,
): Life {
  const owned = ownersIn(storage, kinds);
  const life: Life = {
    demandPlace(kind, namespace) {
      if (!kind.namespaced) return;
      if (namespace === undefined)
        throw new Refused(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource');
      const place = storage.get(NAMESPACES, namespace);
      if (place === undefined) throw new Refused(404, 'NotFound', `namespaces "${namespace}" not found`);
      if (place.metadata.deletionTimestamp !== undefined)
        throw new Refused(
          403,
          'Forbidden',
          `unable to create new content in namespace ${namespace} because it is being terminated`,
        );
    },
    remove(kind, object) {
      const key = objectKey(object.metadata.namespace, object.metadata.name ?? '');
      const leaving = { ...object, metadata: { ...object.metadata, deletionTimestamp: secondsOf(now()) } };
      const stays = keyOf(kind) === NAMESPACES || (object.metadata.finalizers ?? []).length > 0;
      if (stays && object.metadata.deletionTimestamp === undefined)
        storage.put(keyOf(kind), key, (resourceVersion) => ({
          ...leaving,
          ...(keyOf(kind) === NAMESPACES ? { status: { phase: 'Terminating' } } : {}),
          metadata: { ...leaving.metadata, resourceVersion },
        }));
      if ((object.metadata.finalizers ?? []).length > 0) return leaving;
      if (keyOf(kind) === NAMESPACES) emptyNamespace(object.metadata.name ?? '');
      if (keyOf(kind) === CRDS) retire(object);
      const gone = storage.remove(keyOf(kind), key) ?? object;
      collect(object.metadata.uid ?? '');
      return gone;
    },
    follow(kind, object) {
      if (keyOf(kind) === CRDS) establish(object);
      owned.note(kind, object);
    },
  };

  const emptyNamespace = (name: string): void => {
    for (const kind of kinds.all().filter((k) => k.namespaced && !k.virtual))
      for (const object of storage.list(keyOf(kind), `${name}/`)) life.remove(kind, object);
  };
  const retire = (crd: ApiObject): void => {
    const served = kinds.all().filter((k) => k.custom && `${k.plural}.${k.group}` === crd.metadata.name);
    for (const kind of served)
      for (const object of storage.list(keyOf(kind), ''))
        storage.remove(keyOf(kind), objectKey(object.metadata.namespace, object.metadata.name ?? ''));
    kinds.uninstall(crd.metadata.name ?? '');
    for (const kind of served) unserved(keyOf(kind));
  };
  const establish = (crd: ApiObject): void => {
    demandWhole(crd);
    kinds.install(crd);
    if (mapOf(crd['status'])['conditions'] !== undefined) return;
    const lastTransitionTime = secondsOf(now());
    const condition = (type: string, reason: string) => ({
      type,
      status: 'True',
      reason,
      message: '',
      lastTransitionTime,
    });
    const status = {
      acceptedNames: mapOf(crd['spec'])['names'],
      conditions: [condition('NamesAccepted', 'NoConflicts'), condition('Established', 'InitialNamesAccepted')],
      storedVersions: listOf(mapOf(crd['spec'])['versions'])
        .map(mapOf)
        .filter((v) => v['storage'] === true)
        .map((v) => v['name']),
    };
    storage.put(CRDS, crd.metadata.name ?? '', (resourceVersion) => ({
      ...crd,
      status,
      metadata: { ...crd.metadata, resourceVersion },
    }));
  };
  const collect = (uid: string): void => {
    for (const { kind, object } of owned.of(uid)) {
      const owners = object.metadata.ownerReferences ?? [];
      if (owners.every((owner) => !owned.lives(owner, object.metadata.namespace))) life.remove(kind, object);
    }
  };
  return life;
}

/** Puts objects in without a request: thousands of Pods before a test begins. */
export function seed(storage: Storage, kinds: Kinds, life: Life, objects: Iterable<ApiObject>, now: () => Date): void {
  for (const given of objects) {
    const kind = kinds.ofKind(given.apiVersion, given.kind);
    if (kind === undefined) throw new Error(`${given.apiVersion} ${given.kind} is not served`);
    const namespace = kind.namespaced ? (given.metadata.namespace ?? 'default') : undefined;
    life.demandPlace(kind, namespace);
    const key = objectKey(namespace, given.metadata.name ?? '');
    const metadata = {
      ...given.metadata,
      ...(namespace === undefined ? {} : { namespace }),
      uid: given.metadata.uid ?? crypto.randomUUID(),
      creationTimestamp: given.metadata.creationTimestamp ?? secondsOf(now()),
      ...(kind.generation ? { generation: 1 } : {}),
    };
    const object = admitted(kind, { ...given, metadata }, { on: 'create', unknownFields: 'Strict', nulls: 'dropped' });
    const stored = storage.put(keyOf(kind), key, (resourceVersion) => ({
      ...object,
      metadata: { ...object.metadata, resourceVersion },
    }));
    life.follow(kind, stored);
  }
}

interface Owned {
  readonly kind: ServedKind;
  readonly object: ApiObject;
}

/** Who is owned by which uid, kept by writes, so that a deletion need not look at every object. */
function ownersIn(storage: Storage, kinds: Kinds) {
  const dependants = new Map<string, Map<string, ServedKind>>();
  return {
    note(kind: ServedKind, { metadata }: ApiObject): void {
      for (const { uid } of metadata.ownerReferences ?? []) {
        const known = dependants.get(uid) ?? new Map<string, ServedKind>();
        dependants.set(uid, known.set(`${keyOf(kind)} ${objectKey(metadata.namespace, metadata.name ?? '')}`, kind));
      }
    },
    of(uid: string): readonly Owned[] {
      const found = [...(dependants.get(uid) ?? [])].flatMap(([place, kind]) => {
        const object = storage.get(keyOf(kind), place.slice(place.indexOf(' ') + 1));
        return object === undefined ? [] : [{ kind, object }];
      });
      dependants.delete(uid);
      return found;
    },
    lives(
      owner: { apiVersion: string; kind: string; name: string; uid: string },
      namespace: string | undefined,
    ): boolean {
      const kind = kinds.ofKind(owner.apiVersion, owner.kind);
      if (kind === undefined) return false;
      const object = storage.get(keyOf(kind), objectKey(kind.namespaced ? namespace : undefined, owner.name));
      return object?.metadata.uid === owner.uid;
    },
  };
}

/** A CRD whose name or versions do not fit is refused, as by the API server. */
function demandWhole(crd: ApiObject): void {
  const spec = mapOf(crd['spec']);
  const expected = `${String(mapOf(spec['names'])['plural'])}.${String(spec['group'])}`;
  if (crd.metadata.name === expected && listOf(spec['versions']).every(isMap)) return;
  throw new Refused(
    422,
    'Invalid',
    `CustomResourceDefinition.apiextensions.k8s.io "${crd.metadata.name}" is invalid: metadata.name: Invalid value: "${crd.metadata.name}": must be spec.names.plural+"."+spec.group`,
  );
}
