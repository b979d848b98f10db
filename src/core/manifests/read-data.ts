/**
 * Texts in Secrets and ConfigMaps, for keys that refer to them. Must never put a value into a problem: not even its
 * length.
 */
import { at, type Field, isAbsent, requiredMapping } from './field.ts';

/** Values by key, as text. */
export type Texts = ReadonlyMap<string, string>;

/** What is read of a Secret or ConfigMap. */
export interface ObjectTexts {
  readonly texts: Texts;
  /** Type of a Secret; empty where it has none, and for a ConfigMap. */
  readonly type: string;
}

/** The standard alphabet with padding, line breaks allowed: what the API server takes. */
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** `data` (base64) and `stringData`, which wins, as in the API server. */
export function readSecret(root: Field): ObjectTexts {
  const data = read(at(root, 'data'), 'base64', decode);
  const plain = read(at(root, 'stringData'), 'a text', (text) => text);
  const { value: type } = at(root, 'type');
  return { texts: new Map([...data, ...plain]), type: typeof type === 'string' ? type : '' };
}

/** `data`, and `binaryData` (base64) as text. */
export function readConfigMap(root: Field): ObjectTexts {
  const binary = read(at(root, 'binaryData'), 'base64', decode);
  return { texts: new Map([...binary, ...read(at(root, 'data'), 'a text', (text) => text)]), type: '' };
}

function read(field: Field, expected: string, decoded: (text: string) => string | undefined): Texts {
  if (isAbsent(field)) return new Map();
  const keys = Object.keys(requiredMapping(field, `a mapping of keys to ${expected}`) ?? {});
  const entries = keys.flatMap((key) => {
    const { value, path } = at(field, key);
    // An empty value may be written as nothing at all.
    const text = value === null ? '' : value;
    const result = typeof text === 'string' ? decoded(text) : undefined;
    if (result !== undefined) return [[key, result] as const];
    field.report({ path, expected, found: typeof text === 'string' ? 'other text' : `a ${typeof text}` });
    return [];
  });
  return new Map(entries);
}

function decode(text: string): string | undefined {
  const compact = text.replace(/[\r\n]/g, '');
  if (!BASE64.test(compact) || compact.length % 4 !== 0) return undefined;
  return Buffer.from(compact, 'base64').toString('utf8');
}
