/**
 * The Secrets and ConfigMaps that an object of ours names, wherever in its spec: what has to be watched for it.
 * Owns the search; must never read one.
 */

/** A Secret or ConfigMap by name. */
export interface NamedObject {
  readonly kind: 'Secret' | 'ConfigMap';
  readonly namespace: string;
  readonly name: string;
}

/** Every object that `secretRef` and `configMapRef` name below this value, each once, sorted. */
export function referencesIn(value: unknown): readonly NamedObject[] {
  const found = new Map<string, NamedObject>();
  collect(value, found);
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
}

/** Identity of a named object. */
export function keyOfNamed({ kind, namespace, name }: NamedObject): string {
  return `${kind} ${namespace}/${name}`;
}

const KINDS = { secretRef: 'Secret', configMapRef: 'ConfigMap' } as const;

function collect(value: unknown, found: Map<string, NamedObject>): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [field, inner] of Object.entries(value)) {
    const kind = field === 'secretRef' || field === 'configMapRef' ? KINDS[field] : undefined;
    const object = kind === undefined ? undefined : namedIn(kind, inner);
    if (object === undefined) collect(inner, found);
    else found.set(keyOfNamed(object), object);
  }
}

function namedIn(kind: NamedObject['kind'], value: unknown): NamedObject | undefined {
  if (typeof value !== 'object' || value === null || !('namespace' in value) || !('name' in value)) return undefined;
  const { namespace, name } = value;
  return typeof namespace === 'string' && typeof name === 'string' ? { kind, namespace, name } : undefined;
}
