/**
 * One edit of JSON: of a member, of what is inside a text (JSON, PEM, base64 of DER), or of the way it is written
 * (a key twice, escapes, white space). Bytes that are no JSON are edited as bytes.
 */
import { mutateBytes, mutateText } from './mutate-bytes.ts';
import { mutateDer } from './mutate-tree.ts';
import type { Random } from './random.ts';

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

const JUNK: readonly Json[] = [
  null,
  true,
  -1,
  0,
  1e308,
  2 ** 53,
  '',
  ' ',
  '9'.repeat(5000),
  [],
  {},
  [[]],
  { a: [] },
  '\u0000',
  '__proto__',
];
const PEM = /-----BEGIN ([A-Z ]+)-----([A-Za-z0-9+/=\s]+)-----END \1-----/;
const MAX_NESTING = 2000;

/** The JSON with one edit. */
export function mutateJson(bytes: Buffer, random: Random): Buffer {
  const json = random.oneIn(8) ? undefined : parsed(bytes.toString());
  if (json === undefined) return mutateBytes(bytes, random);
  if (random.oneIn(6)) return Buffer.from(rewritten(JSON.stringify(json), random));
  return Buffer.from(JSON.stringify(editValue(json, random)));
}

/** The text with one edit inside the format that it is in. */
export function mutateInside(text: string, random: Random): string {
  if (random.oneIn(5)) return mutateText(text, random);
  if (/^\s*[{[]/.test(text)) return mutateJson(Buffer.from(text), random).toString();
  const pem = PEM.exec(text);
  if (pem !== null) return mutatePem(text, pem, random);
  for (const encoding of ['base64', 'base64url'] as const) {
    const bytes = Buffer.from(text, encoding);
    if (bytes.length > 7 && bytes.toString(encoding) === text) return mutateEncoded(bytes, random).toString(encoding);
  }
  return mutateText(text, random);
}

function mutateEncoded(bytes: Buffer, random: Random): Buffer {
  if (bytes[0] === 0x7b) return mutateJson(bytes, random);
  if (bytes[0] === 0x30) return mutateDer(bytes, random);
  return bytes.includes('-----BEGIN')
    ? Buffer.from(mutateInside(bytes.toString(), random))
    : mutateBytes(bytes, random);
}

function mutatePem(text: string, pem: RegExpExecArray, random: Random): string {
  const [block, label = '', body = ''] = pem;
  const base64 = mutateDer(Buffer.from(body, 'base64'), random).toString('base64');
  const lines = base64.match(/.{1,64}/g)?.join('\n') ?? '';
  const edited = `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----`;
  return random.oneIn(8) ? text + edited : text.replace(block, () => edited);
}

function editValue(value: Json, random: Random): Json {
  if (typeof value === 'string') return random.oneIn(5) ? random.pick(JUNK) : mutateInside(value, random);
  if (typeof value === 'number' && !random.oneIn(3))
    return random.pick([value + 1, value - 1, -value, value * 1e300, String(value)]);
  if (typeof value !== 'object' || value === null || random.oneIn(12)) return random.pick(JUNK);
  return Array.isArray(value)
    ? editList(value as readonly Json[], random)
    : editObject(value as { readonly [key: string]: Json }, random);
}

function editList(list: readonly Json[], random: Random): Json {
  const at = random.below(list.length);
  const item = list[at];
  if (item === undefined) return [random.pick(JUNK)];
  if (!random.oneIn(4)) return list.with(at, editValue(item, random));
  return random.pick([
    list.toSpliced(at, 1),
    list.toSpliced(at, 0, item),
    list.toReversed(),
    [...list, random.pick(JUNK)],
    item,
  ]);
}

function editObject(object: { readonly [key: string]: Json }, random: Random): Json {
  const entries = Object.entries(object);
  const at = random.below(entries.length);
  const [key, value] = entries[at] ?? [];
  if (key === undefined || value === undefined) return { added: random.pick(JUNK) };
  if (!random.oneIn(4)) return Object.fromEntries(entries.with(at, [key, editValue(value, random)]));
  const other = entries[random.below(entries.length)] ?? [key, value];
  const edits = [
    entries.toSpliced(at, 1),
    entries.with(at, [mutateText(key, random), value]),
    entries.with(at, [key, other[1]]),
    entries.toReversed(),
    [
      ...entries,
      [random.pick(['added', '__proto__', 'constructor', key.toUpperCase(), `${key} `]), value] as [string, Json],
    ],
  ];
  return Object.fromEntries(random.pick(edits));
}

/** The same document, or nearly, written otherwise. */
function rewritten(text: string, random: Random): string {
  const keys = [...text.matchAll(/"((?:[^"\\]|\\.)*)":/g)];
  const key = keys[random.below(keys.length)];
  const at = key?.index ?? 0;
  const name = key?.[1] ?? 'a';
  switch (random.below(6)) {
    case 0:
      return `${text.slice(0, at)}"${name}":${JSON.stringify(random.pick(JUNK))},${text.slice(at)}`;
    case 1:
      return `${text.slice(0, at + 1)}\\u${(text.codePointAt(at + 1) ?? 0).toString(16).padStart(4, '0')}${text.slice(at + 2)}`;
    case 2:
      return `${text.slice(0, at)} \n\t${text.slice(at)}\n`;
    case 3:
      return '['.repeat(1 + random.below(MAX_NESTING)) + text;
    case 4:
      return (
        text.slice(0, at) +
        random.pick(['\u0000', '\uFEFF', '//', ',', '\\ud800', '"\\ud800":1,', 'NaN']) +
        text.slice(at)
      );
    default:
      return text + random.pick([text, '\u0000', '{}', ' ', '\u00a0']);
  }
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
