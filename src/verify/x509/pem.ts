/**
 * Certificates in PEM text (RFC 7468), as users paste them into manifests and files.
 * Owns the text form; must never repeat the content of a block in a message: it may be a private key.
 */
import { decodeBase64 } from '../../core/base64.ts';
import { Failure, invalid } from '../../core/failure.ts';
import { splitPemBlocks } from '../../core/pem-blocks.ts';
import { type Certificate, parseCertificate } from './certificate.ts';

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
