/**
 * Text from a signature, shown in a message. Owns that it is short and printable: whoever signs or pushes chooses it,
 * and it ends in terminals, events and reports.
 */

/** The text in double quotes, control characters escaped, cut after `most` characters. */
export function quoted(text: string, most = 200): string {
  const cut = text.length > most ? `${text.slice(0, most)}…` : text;
  // JSON escapes C0; DEL, C1 and the bidirectional and line separators still steer terminals and browsers.
  return JSON.stringify(cut).replace(
    /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
