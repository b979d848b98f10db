/** What stands between quotes in CEL: escapes of strings and of bytes. */

const ESCAPE =
  /\\(?:([abfnrtv\\?"'`])|[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|([\s\S]?))/g;
const SIMPLE: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };
const UTF8 = new TextEncoder();

/** The string or the bytes; undefined where there is an escape that CEL does not know. */
export function parseText(
  body: string,
  { raw, bytes }: { readonly raw: boolean; readonly bytes: boolean },
): string | Uint8Array | undefined {
  if (raw) return bytes ? UTF8.encode(body) : body;
  const pieces: (string | Uint8Array)[] = [];
  let from = 0;
  for (const match of body.matchAll(ESCAPE)) {
    const piece = escaped(match, bytes);
    if (piece === undefined) return undefined;
    pieces.push(body.slice(from, match.index), piece);
    from = match.index + match[0].length;
  }
  pieces.push(body.slice(from));
  if (!bytes) return pieces.join('');
  return Buffer.concat(pieces.map((piece) => (typeof piece === 'string' ? UTF8.encode(piece) : piece)));
}

/** In bytes, \x and octal escapes are bytes, elsewhere code points. */
function escaped(match: RegExpMatchArray, bytes: boolean): string | Uint8Array | undefined {
  const [, simple, hex, short, long, octal] = match;
  if (simple !== undefined) return SIMPLE[simple] ?? simple;
  if (hex !== undefined || octal !== undefined) {
    const unit = hex === undefined ? Number.parseInt(octal ?? '', 8) : Number.parseInt(hex, 16);
    return bytes ? Uint8Array.of(unit) : String.fromCodePoint(unit);
  }
  const digits = short ?? long;
  return digits === undefined || bytes ? undefined : character(Number.parseInt(digits, 16));
}

function character(point: number): string | undefined {
  const valid = point <= 0x10ffff && !(point >= 0xd800 && point <= 0xdfff);
  return valid ? String.fromCodePoint(point) : undefined;
}
