/** Objects as text, in the shapes that clients ask for. Encodes each object once per shape. */
import { apiVersionOf, type ServedKind } from './kinds.ts';
import type { ApiObject, JsonMap } from './object.ts';

export type Shape = 'whole' | 'metadata';

const texts = new WeakMap<object, Map<string, string>>();

/** An object by itself, as get, watch and writes answer it. */
export function encoded(kind: ServedKind, object: ApiObject, shape: Shape): string {
  return remembered(object, `${shape} ${apiVersionOf(kind)}`, () => JSON.stringify(shaped(kind, object, shape)));
}

/** An object in a list: those of Kubernetes' own kinds do not say their kind there, as with a real API server. */
function encodedItem(kind: ServedKind, object: ApiObject, shape: Shape): string {
  if (shape === 'metadata' || kind.custom) return encoded(kind, object, shape);
  return remembered(object, 'item', () => {
    const { apiVersion: _a, kind: _k, ...rest } = object;
    return JSON.stringify(rest);
  });
}

/** A list. */
export function encodedList(kind: ServedKind, objects: readonly ApiObject[], metadata: JsonMap, shape: Shape): string {
  const head =
    shape === 'metadata'
      ? { kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1', metadata }
      : { kind: `${kind.kind}List`, apiVersion: apiVersionOf(kind), metadata };
  const items = objects.map((object) => encodedItem(kind, object, shape)).join(',');
  return `${JSON.stringify(head).slice(0, -1)},"items":[${items}]}\n`;
}

function shaped(kind: ServedKind, object: ApiObject, shape: Shape): unknown {
  if (shape === 'metadata')
    return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata };
  const { apiVersion: _a, kind: _k, ...rest } = object;
  return { apiVersion: apiVersionOf(kind), kind: kind.kind, ...rest };
}

function remembered(object: ApiObject, key: string, encode: () => string): string {
  const known = texts.get(object) ?? new Map<string, string>();
  texts.set(object, known);
  const text = known.get(key) ?? encode();
  known.set(key, text);
  return text;
}
