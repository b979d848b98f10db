/**
 * Base64 in its canonical forms only (RFC 4648): what a lenient decoder forgives lets one signature be written in
 * many ways. Owns the alphabet rules; must never accept white space, missing or superfluous padding, or stray bits.
 */

/** Decodes padded base64 of the standard alphabet (RFC 4648, 4); undefined where the text is not exactly that. */
export function decodeBase64(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}

/** Decodes unpadded base64 of the URL-safe alphabet (RFC 7515, 2); undefined where the text is not exactly that. */
export function decodeBase64Url(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}
