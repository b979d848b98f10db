/**
 * What the API server demands of an object before it is stored, by kind: names, schemas of CRDs, the rules of our own
 * kinds (src/api), and those checks of Kubernetes' kinds that a client of ours could get wrong.
 */
import { GROUP, type KindName, KINDS } from '../../../src/api/group.ts';
import { shownPath } from '../../../src/api/problem.ts';
import { validateManifest } from '../../../src/api/validate.ts';
import type { ServedKind } from './kinds.ts';
import { type ApiObject, type Cause, isMap, listOf, mapOf, Refused, textOf } from './object.ts';
import { defaulted, type Nulls, pruned, refusals } from './schema.ts';

export type FieldValidation = 'Strict' | 'Warn' | 'Ignore';

export interface AdmissionRequest {
  readonly on: 'create' | 'update' | 'status';
  readonly unknownFields: FieldValidation;
  readonly nulls: Nulls;
}

/** The object as it is stored: pruned, defaulted, checked. Throws 400 or 422. */
export function admitted(kind: ServedKind, object: ApiObject, how: AdmissionRequest): ApiObject {
  demandName(kind, object);
  if (!kind.custom) return ofKubernetes(kind, object);
  const unknown: string[] = [];
  const known = pruned(kind.schema, object, '', unknown);
  if (unknown.length > 0 && how.unknownFields === 'Strict') {
    const list = unknown.map((field) => `unknown field "${field}"`).join(', ');
    throw new Refused(
      400,
      'BadRequest',
      `${kind.kind} in version "${kind.version}" cannot be handled as a ${kind.kind}: strict decoding error: ${list}`,
    );
  }
  const whole = defaulted(kind.schema, { ...mapOf(known), metadata: object.metadata }, how.nulls) as ApiObject;
  demandNone(kind, whole, ofSchema(kind, whole));
  if (isOurs(kind) && how.on !== 'status') demandNone(kind, whole, ofOurs(kind, whole));
  return whole;
}

/** Throws the 422 that names every cause. */
export function demandNone(kind: ServedKind, object: ApiObject, causes: readonly Cause[]): void {
  if (causes.length === 0) return;
  const sentences = causes.map(({ field, message }) => `${field}: ${message}`);
  const list = sentences.length === 1 ? sentences.join('') : `[${sentences.join(', ')}]`;
  const name = kind.group === '' ? kind.kind : `${kind.kind}.${kind.group}`;
  throw new Refused(422, 'Invalid', `${name} "${object.metadata.name}" is invalid: ${list}`, { causes });
}

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const FREE_NAMES = new Set(['clusterroles', 'clusterrolebindings', 'roles', 'rolebindings']);

function demandName(kind: ServedKind, object: ApiObject): void {
  const { name } = object.metadata;
  if (name === undefined || name === '') {
    const message = 'Required value: name or generateName is required';
    demandNone(kind, object, [{ reason: 'FieldValueRequired', message, field: 'metadata.name' }]);
    return;
  }
  if (FREE_NAMES.has(kind.plural) || (SUBDOMAIN.test(name) && name.length <= 253)) return;
  const sentence =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
  demandNone(kind, object, [invalid('metadata.name', name, sentence)]);
}

function isOurs(kind: ServedKind): boolean {
  return kind.group === GROUP && Object.hasOwn(KINDS, kind.kind);
}

function ofSchema(kind: ServedKind, object: ApiObject): readonly Cause[] {
  const { metadata: _, ...fields } = mapOf(kind.schema['properties']);
  return refusals({ ...kind.schema, properties: fields }, object, '');
}

function ofOurs(kind: ServedKind, object: ApiObject): readonly Cause[] {
  const result = validateManifest(kind.kind as KindName, object);
  if (result.ok) return [];
  return result.problems.map(({ path, found, expected }) => ({
    reason: 'FieldValueInvalid',
    message: `Invalid value: ${found}: ${expected}`,
    field: shownPath(path),
  }));
}

function ofKubernetes(kind: ServedKind, object: ApiObject): ApiObject {
  const check = CHECKS[`${kind.group}/${kind.kind}`];
  return check === undefined ? object : check(kind, object);
}

type Check = (kind: ServedKind, object: ApiObject) => ApiObject;

const CHECKS: Readonly<Record<string, Check>> = {
  '/Namespace': (_, object) => ({ status: { phase: 'Active' }, ...object, spec: { finalizers: ['kubernetes'] } }),
  '/Pod': pod,
  '/Secret': secret,
  '/ConfigMap': configMap,
  'coordination.k8s.io/Lease': lease,
  'events.k8s.io/Event': event,
};

function pod(kind: ServedKind, object: ApiObject): ApiObject {
  const spec = mapOf(object['spec']);
  const containers = listOf(spec['containers']).map(mapOf);
  if (containers.length === 0)
    demandNone(kind, object, [{ reason: 'FieldValueRequired', message: 'Required value', field: 'spec.containers' }]);
  const causes = containers.flatMap((container, index) =>
    ['name', 'image']
      .filter((field) => typeof container[field] !== 'string' || container[field] === '')
      .map((field) => ({
        reason: 'FieldValueRequired',
        message: 'Required value',
        field: `spec.containers[${index}].${field}`,
      })),
  );
  demandNone(kind, object, causes);
  return object;
}

function secret(_: ServedKind, object: ApiObject): ApiObject {
  const { stringData, ...rest } = object;
  const written = Object.entries(mapOf(stringData)).map(([key, text]) => [
    key,
    Buffer.from(String(text)).toString('base64'),
  ]);
  for (const value of Object.values(mapOf(object['data']))) {
    if (typeof value === 'string' && /^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(value)) continue;
    throw new Refused(
      400,
      'BadRequest',
      'Secret in version "v1" cannot be handled as a Secret: illegal base64 data at input byte 0',
    );
  }
  const data = { ...mapOf(object['data']), ...Object.fromEntries(written) };
  return { type: 'Opaque', ...rest, ...(Object.keys(data).length === 0 ? {} : { data }) };
}

function configMap(_: ServedKind, object: ApiObject): ApiObject {
  const wrong = Object.values(mapOf(object['data'])).some((value) => typeof value !== 'string');
  if (!wrong) return object;
  throw new Refused(
    400,
    'BadRequest',
    'ConfigMap in version "v1" cannot be handled as a ConfigMap: json: cannot unmarshal value into Go struct field ConfigMap.data of type string',
  );
}

/** A MicroTime has six digits; Go refuses any other number of them. */
const MICRO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)$/;

function demandMicroTimes(kind: ServedKind, where: unknown, ...fields: readonly string[]): void {
  for (const field of fields) {
    const value = mapOf(where)[field];
    if (value === undefined || value === null || (typeof value === 'string' && MICRO_TIME.test(value))) continue;
    throw new Refused(
      400,
      'BadRequest',
      `${kind.kind} in version "${kind.version}" cannot be handled as a ${kind.kind}: parsing time "${textOf(value)}" as "2006-01-02T15:04:05.000000Z07:00": cannot parse`,
    );
  }
}

function lease(kind: ServedKind, object: ApiObject): ApiObject {
  const spec = mapOf(object['spec']);
  demandMicroTimes(kind, spec, 'acquireTime', 'renewTime');
  const seconds = spec['leaseDurationSeconds'];
  if (seconds !== undefined && !(typeof seconds === 'number' && seconds > 0))
    demandNone(kind, object, [invalid('spec.leaseDurationSeconds', seconds, 'must be greater than 0')]);
  return object;
}

/** Validation of events.k8s.io/v1 (pkg/apis/core/validation/events.go). */
function event(kind: ServedKind, object: ApiObject): ApiObject {
  demandMicroTimes(kind, object, 'eventTime');
  demandMicroTimes(kind, object['series'], 'lastObservedTime');
  const isCluster = mapOf(object['regarding'])['namespace'] === undefined;
  const namespace = object.metadata.namespace;
  const causes: Cause[] = [];
  if (isCluster && namespace !== 'default' && namespace !== 'kube-system')
    causes.push(invalid('involvedObject.namespace', '', 'does not match event.namespace'));
  if (object['eventTime'] === undefined) causes.push(required('eventTime'));
  const limits = { reportingController: 253, reportingInstance: 128, action: 128, reason: 128 };
  for (const [field, limit] of Object.entries(limits)) {
    const text = object[field];
    if (typeof text !== 'string' || text === '') causes.push(required(field));
    else if (text.length > limit) causes.push(invalid(field, '', `can have at most ${limit} characters`));
  }
  if (typeof object['note'] === 'string' && object['note'].length > 1024)
    causes.push(invalid('message', '', 'can have at most 1024 characters'));
  if (object['type'] !== 'Normal' && object['type'] !== 'Warning')
    causes.push(invalid('type', object['type'] ?? '', 'has invalid value: must be one of Normal, Warning'));
  if (isMap(object['series']) && !(Number(object['series']['count']) >= 2))
    causes.push(invalid('series.count', object['series']['count'], 'should be at least 2'));
  demandNone(kind, object, causes);
  return object;
}

function required(field: string): Cause {
  return { reason: 'FieldValueRequired', message: 'Required value', field };
}

function invalid(field: string, value: unknown, sentence: string): Cause {
  return { reason: 'FieldValueInvalid', message: `Invalid value: ${JSON.stringify(value)}: ${sentence}`, field };
}
