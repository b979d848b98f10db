/**
 * Create, update, patch and delete: from a request to what is stored, with the metadata that only an API server
 * writes. A write that changes nothing leaves the resourceVersion as it is.
 */
import { randomUUID } from 'node:crypto';
import { type AdmissionRequest, admitted, demandNone } from './admission.ts';
import { applied, managedAfterUpdate, mergedWith, type Writer } from './apply.ts';
import { apiVersionOf, keyOf, type ServedKind } from './kinds.ts';
import { type ApiObject, isMap, mapOf, type Meta, Refused, sameJson, textOf } from './object.ts';
import { found } from './read.ts';
import { type Asked, bodyOf, contentType, isTrue } from './request.ts';
import { unmergeable } from './schema.ts';
import { objectKey, type Storage } from './storage.ts';

export interface Written {
  readonly object: ApiObject;
  readonly code: 200 | 201;
}

export interface WriteContext {
  readonly storage: Storage;
  readonly now: () => Date;
  /** Where Kubernetes would not let objects be made; throws. */
  readonly demandPlace: (kind: ServedKind, namespace: string | undefined) => void;
}

const APPLY = 'application/apply-patch+yaml';

/** Answers a create, update or patch. Throws 400, 404, 409, 415, 422. */
export function write(context: WriteContext, asked: Asked): Written {
  if (asked.verb === 'create') return create(context, asked, objectOf(asked));
  if (asked.verb === 'update') return update(context, asked, objectOf(asked));
  if (contentType(asked) === APPLY) return applyTo(context, asked, objectOf(asked));
  return patch(context, asked);
}

function create(context: WriteContext, asked: Asked, given: ApiObject): Written {
  const { kind, namespace } = asked;
  const { generateName, name = generateName === undefined ? undefined : `${generateName}${randomUUID().slice(0, 5)}` } =
    given.metadata;
  if ((given.metadata.resourceVersion ?? '') !== '')
    throw new Refused(500, 'InternalError', 'resourceVersion should not be set on objects to be created');
  context.demandPlace(kind, namespace);
  const key = objectKey(namespace, name ?? '');
  if (context.storage.get(keyOf(kind), key) !== undefined)
    throw new Refused(409, 'AlreadyExists', `${named(kind)} "${name}" already exists`);
  const fresh = born(context, asked, {
    ...given,
    metadata: { ...given.metadata, ...(name === undefined ? {} : { name }) },
  });
  const object = admitted(kind, fresh, admissionOf(asked, 'create', 'dropped'));
  const managedFields = managedAfterUpdate(kind.schema, undefined, object, writerOf(context, asked, 'Update'));
  return {
    object: commit(context, asked, undefined, { ...object, metadata: { ...object.metadata, managedFields } }),
    code: 201,
  };
}

function update(context: WriteContext, asked: Asked, given: ApiObject): Written {
  if (asked.kind.plural === 'leases' && !isStored(context, asked)) return create(context, asked, given);
  const live = found(context.storage, asked);
  const wanted = given.metadata.resourceVersion ?? '';
  if (wanted === '' && (asked.kind.custom || asked.kind.plural === 'leases'))
    demandNone(asked.kind, live, [
      {
        reason: 'FieldValueInvalid',
        message: 'Invalid value: 0x0: must be specified for an update',
        field: 'metadata.resourceVersion',
      },
    ]);
  demandCurrent(asked.kind, live, { resourceVersion: wanted, uid: given.metadata.uid ?? '' });
  const next = admitted(asked.kind, within(asked, live, given), admissionOf(asked, 'update', 'dropped'));
  const managedFields = managedAfterUpdate(asked.kind.schema, live, next, writerOf(context, asked, 'Update'));
  return {
    object: commit(context, asked, live, { ...next, metadata: { ...next.metadata, managedFields } }),
    code: 200,
  };
}

function applyTo(context: WriteContext, asked: Asked, given: ApiObject): Written {
  const { kind, query, subresource } = asked;
  const manager = query.get('fieldManager') ?? '';
  if (manager === '')
    throw new Refused(
      422,
      'Invalid',
      'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    );
  if (given.metadata.managedFields !== undefined)
    throw new Refused(400, 'BadRequest', 'metadata.managedFields must be nil');
  const wrong = kind.custom ? unmergeable(kind.schema, given, '') : undefined;
  if (wrong !== undefined)
    throw new Refused(
      500,
      'InternalError',
      `failed to create typed patch object (${given.metadata.namespace ?? ''}/${given.metadata.name}; ${given.apiVersion}, Kind=${kind.kind}): ${wrong}`,
    );
  const live = isStored(context, asked) ? found(context.storage, asked) : undefined;
  if (live === undefined && subresource !== undefined) found(context.storage, asked);
  if (live === undefined) context.demandPlace(kind, asked.namespace);
  demandCurrent(kind, live, { resourceVersion: given.metadata.resourceVersion ?? '', uid: given.metadata.uid ?? '' });
  const writer = { ...writerOf(context, asked, 'Apply'), force: isTrue(query.get('force')) };
  const merged = applied(kind.schema, live, configOf(asked, given), writer);
  const base = live === undefined ? born(context, asked, merged) : within(asked, live, merged);
  const whole = { ...base, metadata: { ...base.metadata, managedFields: merged.metadata.managedFields ?? [] } };
  const next = admitted(kind, whole, admissionOf(asked, live === undefined ? 'create' : 'update', 'kept'));
  return { object: commit(context, asked, live, next), code: live === undefined ? 201 : 200 };
}

function patch(context: WriteContext, asked: Asked): Written {
  const live = found(context.storage, asked);
  const change = bodyOf(asked);
  const next = patched(asked, live, change) as ApiObject;
  if (!isMap(next.metadata)) throw new Refused(400, 'BadRequest', 'the patch leaves no metadata');
  const metadata = {
    ...next.metadata,
    resourceVersion: mapOf(change['metadata'])['resourceVersion'] ?? live.metadata.resourceVersion,
  };
  return update(context, asked, { ...next, metadata } as ApiObject);
}

function patched({ kind, ...asked }: Asked, live: ApiObject, change: unknown): unknown {
  const type = contentType(asked);
  if (type === 'application/merge-patch+json') return mergePatched(live, change);
  if (type === 'application/strategic-merge-patch+json' && !kind.custom)
    return mergePatched(mergedWith(kind.schema, live, change), {});
  throw new Refused(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: application/merge-patch+json, ${APPLY}`,
  );
}

/** RFC 7386; nulls that a merge left in maps are taken as removals too. */
function mergePatched(live: unknown, change: unknown): unknown {
  if (!isMap(change)) return change;
  const merged: Record<string, unknown> = isMap(live) ? { ...live } : {};
  for (const [name, value] of Object.entries(change)) merged[name] = mergePatched(merged[name], value);
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null));
}

/** Metadata of a new object; what a client may not set is dropped. */
function born({ now }: WriteContext, { kind, namespace }: Asked, given: ApiObject): ApiObject {
  const {
    resourceVersion: _r,
    uid: _u,
    generation: _g,
    deletionTimestamp: _d,
    managedFields: _m,
    ...written
  } = given.metadata;
  const metadata = {
    ...written,
    ...(namespace === undefined ? {} : { namespace }),
    uid: randomUUID(),
    creationTimestamp: secondsOf(now()),
    ...(kind.generation ? { generation: 1 } : {}),
  };
  if (!kind.status) return { ...given, metadata };
  const { status: _s, ...rest } = given;
  return { ...rest, metadata, ...(kind.kind === 'Pod' ? { status: { phase: 'Pending' } } : {}) };
}

/** What an update may change: by /status the status alone, by the object itself all but the status. */
function within({ kind, subresource }: Asked, live: ApiObject, given: ApiObject): ApiObject {
  const { uid, creationTimestamp, generation, deletionTimestamp, namespace, name } = live.metadata;
  const own: Meta = { name, namespace, uid, creationTimestamp, generation, deletionTimestamp } as Meta;
  const kept = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined));
  if (subresource === 'status') return { ...live, status: given['status'] };
  const metadata = { ...given.metadata, ...kept };
  if (!kind.status) return { ...given, metadata };
  const { status: _, ...rest } = given;
  return { ...rest, metadata, ...(live['status'] === undefined ? {} : { status: live['status'] }) };
}

/** What an apply is taken to set: by /status nothing but the status. */
function configOf({ kind, subresource }: Asked, given: ApiObject): ApiObject {
  const { apiVersion, metadata, status, ...rest } = given;
  if (subresource === 'status')
    return { apiVersion, kind: given.kind, metadata: { name: metadata.name } as Meta, status };
  return kind.status ? { ...rest, kind: given.kind, apiVersion, metadata } : given;
}

function commit({ storage }: WriteContext, asked: Asked, old: ApiObject | undefined, wanted: ApiObject): ApiObject {
  const { kind, namespace, query } = asked;
  const next = withoutUndefined(old === undefined ? wanted : withGeneration(kind, old, wanted));
  const stamped = (resourceVersion: string): ApiObject => ({
    ...next,
    metadata: { ...next.metadata, resourceVersion },
  });
  if (old !== undefined && sameJson(old, stamped(old.metadata.resourceVersion ?? ''))) return old;
  if (query.get('dryRun') === 'All') return stamped(old?.metadata.resourceVersion ?? '');
  const key = objectKey(namespace, next.metadata.name ?? '');
  const object = storage.put(keyOf(kind), key, stamped);
  if (
    object.metadata.deletionTimestamp !== undefined &&
    (object.metadata.finalizers ?? []).length === 0 &&
    kind.plural !== 'namespaces'
  )
    storage.remove(keyOf(kind), key);
  return object;
}

function withGeneration({ generation }: ServedKind, old: ApiObject, next: ApiObject): ApiObject {
  if (!generation) return next;
  const { metadata: _m, status: _s, ...before } = old;
  const { metadata: _n, status: _t, ...after } = next;
  const count = (old.metadata.generation ?? 0) + (sameJson(before, after) ? 0 : 1);
  return { ...next, metadata: { ...next.metadata, generation: count } };
}

/** JSON has no undefined. */
function withoutUndefined(object: ApiObject): ApiObject {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as ApiObject;
}

function writerOf({ now }: WriteContext, asked: Asked, operation: Writer['operation']): Writer {
  const manager = asked.query.get('fieldManager') ?? asked.headers['user-agent']?.split('/')[0] ?? 'unknown';
  const via = asked.subresource === undefined ? {} : { subresource: asked.subresource };
  return { manager, operation, apiVersion: apiVersionOf(asked.kind), time: secondsOf(now()), ...via };
}

function objectOf(asked: Asked): ApiObject {
  const { kind, namespace, name } = asked;
  const body = bodyOf(asked);
  const metadata = mapOf(body['metadata']) as Meta;
  const refuse = (message: string): never => {
    throw new Refused(400, 'BadRequest', message);
  };
  if (body['kind'] !== undefined && body['kind'] !== kind.kind)
    refuse(`the kind of the object (${textOf(body['kind'])}) does not match the kind of the request (${kind.kind})`);
  if (body['apiVersion'] !== undefined && body['apiVersion'] !== apiVersionOf(kind))
    refuse(
      `the API version in the data (${textOf(body['apiVersion'])}) does not match the expected API version (${apiVersionOf(kind)})`,
    );
  if (metadata.namespace !== undefined && metadata.namespace !== namespace)
    refuse('the namespace of the provided object does not match the namespace sent on the request');
  if (name !== undefined && metadata.name !== undefined && metadata.name !== name)
    refuse(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`);
  const given = { ...metadata, ...(name === undefined ? {} : { name }) };
  return { ...body, apiVersion: apiVersionOf(kind), kind: kind.kind, metadata: given };
}

/** Throws 409 where the caller has another object or version in mind. */
export function demandCurrent(
  kind: ServedKind,
  live: ApiObject | undefined,
  meant: { resourceVersion: string; uid: string },
): void {
  if (live === undefined) return;
  const what = `Operation cannot be fulfilled on ${named(kind)} "${live.metadata.name}"`;
  if (meant.uid !== '' && meant.uid !== live.metadata.uid)
    throw new Refused(
      409,
      'Conflict',
      `${what}: Precondition failed: UID in precondition: ${meant.uid}, UID in object meta: ${live.metadata.uid}`,
    );
  if (meant.resourceVersion !== '' && meant.resourceVersion !== live.metadata.resourceVersion)
    throw new Refused(
      409,
      'Conflict',
      `${what}: the object has been modified; please apply your changes to the latest version and try again`,
    );
}

function isStored({ storage }: WriteContext, { kind, namespace, name = '' }: Asked): boolean {
  return storage.get(keyOf(kind), objectKey(namespace, name)) !== undefined;
}

function admissionOf(
  { subresource, query }: Asked,
  on: 'create' | 'update',
  nulls: 'dropped' | 'kept',
): AdmissionRequest {
  const wanted = query.get('fieldValidation');
  const unknownFields = wanted === 'Strict' || wanted === 'Ignore' ? wanted : 'Warn';
  return { on: subresource === 'status' ? 'status' : on, unknownFields, nulls };
}

function named({ group, plural }: ServedKind): string {
  return group === '' ? plural : `${plural}.${group}`;
}

export function secondsOf(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}
