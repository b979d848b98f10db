/**
 * The schemas as CustomResourceDefinitions: structural, every default and rule included. Pure; written to disk by
 * .ci/generate.ts. Must never add meaning that the schemas do not have.
 */
import * as z from 'zod';
import { CATEGORY, GROUP, KINDS, type KindName, VERSION } from './group.ts';
import { ImageTrustPolicy } from './image-trust-policy.ts';
import { CEL_KEYWORD } from './rule.ts';
import { TrustedKey } from './trusted-key.ts';

/** A schema of OpenAPI v3 as CRDs have it. */
export type OpenApiSchema = { readonly [keyword: string]: unknown };

/** A column of `kubectl get`. */
interface PrintColumn {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'date';
  readonly jsonPath: string;
  readonly description: string;
  /** 1: with `-o wide` only. */
  readonly priority?: 1;
}

/** The zod schema of each kind. */
export const SCHEMAS = { TrustedKey, ImageTrustPolicy } as const satisfies Record<KindName, z.ZodType>;

const DESCRIPTIONS: Record<KindName, string> = {
  TrustedKey:
    'A signer that we accept, with a life: public keys, a private CA, an OIDC identity, or the Notary Project.',
  ImageTrustPolicy: 'Which images must be vouched for by whom, when that is verified again, and what is enforced.',
};

const COLUMNS: Record<KindName, readonly PrintColumn[]> = {
  TrustedKey: [
    column('State', 'string', '.spec.lifecycle.state', 'Active, Retiring or Revoked'),
    column('Workloads', 'integer', '.status.dependents.workloads', 'Workloads that depend on the key'),
    column('Sole', 'integer', '.status.dependents.solelyDependentWorkloads', 'Workloads that would fall with the key'),
    conditionColumn('Ready', 'Can the key be used?'),
    { ...column('Fingerprint', 'string', '.status.keys[0].fingerprint', 'First key or certificate'), priority: 1 },
    { ...statusColumn(), priority: 1 },
    age(),
  ],
  ImageTrustPolicy: [
    column('Mode', 'string', '.spec.enforcement.mode', 'What is enforced at the door'),
    column('Images', 'integer', '.status.images.total', 'Distinct images that run'),
    column('Rejected', 'integer', '.status.images.rejected', 'Of these, not trusted'),
    column('Unknown', 'integer', '.status.images.unknown', 'Of these, not checkable'),
    conditionColumn('Compliant', 'Is every image trusted?'),
    conditionColumn('Ready', 'Is our own work done?'),
    { ...column('Next', 'string', '.status.nextPassTime', 'When the next pass is due'), priority: 1 },
    { ...statusColumn(), priority: 1 },
    age(),
  ],
};

/** The CustomResourceDefinition of a kind. */
export function crdOf(kind: KindName): OpenApiSchema {
  const names = KINDS[kind];
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${names.plural}.${GROUP}`,
      labels: { 'app.kubernetes.io/name': 'image-trust-operator', 'app.kubernetes.io/part-of': 'image-trust-operator' },
    },
    spec: {
      group: GROUP,
      scope: 'Cluster',
      names: {
        kind: names.kind,
        listKind: `${names.kind}List`,
        plural: names.plural,
        singular: names.singular,
        shortNames: [names.shortName],
        categories: [CATEGORY],
      },
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: COLUMNS[kind],
          schema: { openAPIV3Schema: openApiOf(kind) },
        },
      ],
    },
  };
}

/** The structural schema of a kind: what `kubectl explain` shows. */
export function openApiOf(kind: KindName): OpenApiSchema {
  const whole = structural(z.toJSONSchema(SCHEMAS[kind], { target: 'openapi-3.0', io: 'input' }));
  const properties = schemaMap(whole['properties']);
  return {
    type: 'object',
    description: DESCRIPTIONS[kind],
    required: ['spec'],
    ...(whole[CEL_KEYWORD] === undefined ? {} : { [CEL_KEYWORD]: whole[CEL_KEYWORD] }),
    properties: {
      apiVersion: { type: 'string', description: `Version of the API: ${GROUP}/${VERSION}.` },
      kind: { type: 'string', description: `${kind}.` },
      metadata: { type: 'object' },
      spec: properties['spec'],
      // kstatus takes an object without status for finished; -1 says that nobody has looked yet.
      status: { ...properties['status'], default: { observedGeneration: -1 } },
    },
  };
}

/** The sub-schemas under `properties`, or none. */
export function schemaMap(value: unknown): Readonly<Record<string, OpenApiSchema>> {
  return isSchema(value) ? Object.fromEntries(Object.entries(value).filter(isSchemaEntry)) : {};
}

/** What structural schemas forbid is left out, and nothing else: `additionalProperties: false`, `$schema`, empty defaults. */
function structural(schema: OpenApiSchema): OpenApiSchema {
  if (schema['x-kubernetes-preserve-unknown-fields'] === true) return schema;
  const kept = Object.entries(schema).filter(([keyword, value]) => belongs(keyword, value, schema));
  return Object.fromEntries(kept.map(([keyword, value]) => [keyword, inner(keyword, value)]));
}

function inner(keyword: string, value: unknown): unknown {
  if (keyword === 'properties')
    return Object.fromEntries(Object.entries(schemaMap(value)).map(([name, field]) => [name, structural(field)]));
  if ((keyword === 'items' || keyword === 'additionalProperties') && isSchema(value)) return structural(value);
  return value;
}

function belongs(keyword: string, value: unknown, schema: OpenApiSchema): boolean {
  if (keyword === '$schema') return false;
  if (keyword === 'additionalProperties') return isSchema(value) && schema['properties'] === undefined;
  if (keyword === 'default') return !isEmptyList(value) && !(isEmptyObject(value) && !defaultsInside(schema));
  // Bounds that zod adds to every integer for JavaScript's sake.
  if (keyword === 'minimum') return value !== Number.MIN_SAFE_INTEGER;
  if (keyword === 'maximum') return value !== Number.MAX_SAFE_INTEGER;
  return true;
}

/** An empty default is worth storing only where it brings the defaults of fields with it. */
function defaultsInside(schema: OpenApiSchema): boolean {
  return Object.values(schemaMap(schema['properties'])).some((field) => {
    const value = field['default'];
    return value !== undefined && !isEmptyList(value) && !(isEmptyObject(value) && !defaultsInside(field));
  });
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

function isEmptyObject(value: unknown): boolean {
  return isSchema(value) && Object.keys(value).length === 0;
}

function isSchema(value: unknown): value is OpenApiSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSchemaEntry(entry: [string, unknown]): entry is [string, OpenApiSchema] {
  return isSchema(entry[1]);
}

function column(name: string, type: PrintColumn['type'], jsonPath: string, description: string): PrintColumn {
  return { name, type, jsonPath, description };
}

function conditionColumn(type: string, description: string): PrintColumn {
  return column(type, 'string', `.status.conditions[?(@.type=="${type}")].status`, description);
}

function statusColumn(): PrintColumn {
  return column('Status', 'string', '.status.conditions[?(@.type=="Ready")].message', 'Why it is or is not ready');
}

function age(): PrintColumn {
  return column('Age', 'date', '.metadata.creationTimestamp', 'Since when the object exists');
}
