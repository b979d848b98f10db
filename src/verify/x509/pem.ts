/**
 * Certificates in PEM text (RFC 7468), as users paste them into manifests and files.
 * Owns the text form; must never repeat the content of a block in a message: it may be a private key.
 */
import { decodeBase64 } from '../../core/base64.ts';
import { Failure, invalid } from '../../core/failure.ts';
import { type Certificate, parseCertificate } from './certificate.ts';

const MAX_TEXT = 4 * 1024 * 1024;
const LABELS = new Set(['CERTIFICATE', 'X509 CERTIFICATE']);

/**
 * All certificates of a PEM text, in order. Text between blocks is allowed, as openssl writes it.
 * Throws a Failure of kind `invalid` that names the number of the block, counted from 1.
 */
export function parsePemCertificates(text: string): Certificate[] {
  const blocks = splitPemBlocks(text);
  if (blocks.length === 0) throw invalid('PEM', 'a block -----BEGIN CERTIFICATE-----', 'none');
  return blocks.map(({ label, body }, index) => parseBlock(label, body, `PEM block ${index + 1}`));
}

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

function parseBlock(label: string, body: string, where: string): Certificate {
  if (label.endsWith('PRIVATE KEY')) {
    throw invalid(where, 'a certificate', `a private key (${label}): remove it from here and treat it as disclosed`);
  }
  if (!LABELS.has(label)) throw invalid(where, 'CERTIFICATE', label);
  const der = decodeBase64(body);
  if (der === undefined) throw invalid(where, 'base64', 'characters or padding that are not');
  try {
    return parseCertificate(new Uint8Array(der));
  } catch (error) {
    if (error instanceof Failure && error.detail.kind === 'invalid') {
      throw invalid(`${where}, ${error.detail.where}`, error.detail.expected, error.detail.found);
    }
    throw error;
  }
}
