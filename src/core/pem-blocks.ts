/**
 * The text form of PEM (RFC 7468): where a block begins and ends, and its label. Owns the split alone; must never decode
 * a block, nor repeat the content of one in a message: it may be a private key.
 */
import { invalid } from './failure.ts';

const MAX_TEXT = 4 * 1024 * 1024;

/** One block of a PEM text: its label and its base64, not decoded. */
export interface PemBlock {
  readonly label: string;
  readonly body: string;
}

/**
 * The blocks of a PEM text, whatever they hold; none where there is none. Throws a Failure of kind `invalid` for
 * blocks that do not close. Line by line: a regular expression over a hostile text of megabytes would be quadratic.
 */
export function splitPemBlocks(text: string): readonly PemBlock[] {
  if (text.length > MAX_TEXT) throw invalid('PEM', `at most ${MAX_TEXT} characters`, `${text.length}`);
  const blocks: PemBlock[] = [];
  let open: { label: string; lines: string[] } | undefined;
  for (const line of text.split(/\r\n|\n|\r/u).map((raw) => raw.trim())) {
    const begin = /^-----BEGIN ([A-Z0-9 ]{1,64})-----$/u.exec(line)?.[1];
    const end = /^-----END ([A-Z0-9 ]{1,64})-----$/u.exec(line)?.[1];
    const where = `PEM block ${blocks.length + 1}`;
    if (begin !== undefined) {
      if (open !== undefined) throw invalid(where, `-----END ${open.label}-----`, 'another -----BEGIN');
      open = { label: begin, lines: [] };
    } else if (end !== undefined) {
      if (open?.label !== end) throw invalid(where, `the -----END of an open block`, `-----END ${end}-----`);
      blocks.push({ label: end, body: open.lines.join('') });
      open = undefined;
    } else open?.lines.push(line);
  }
  if (open !== undefined)
    throw invalid(`PEM block ${blocks.length + 1}`, `-----END ${open.label}-----`, 'the end of the text');
  return blocks;
}
