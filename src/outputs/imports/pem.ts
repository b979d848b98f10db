/**
 * Keys and certificates in PEM as other policies hold them, checked and split into blocks. Must never let text through
 * that is not what it is taken for, nor repeat any of it.
 */
import { createPublicKey, type X509Certificate } from 'node:crypto';
import { Failure } from '../../core/failure.ts';
import type { Field } from '../../core/manifests/field.ts';
import { type PemBlock, splitPemBlocks } from '../../core/pem-blocks.ts';
import type { Draft } from './draft.ts';
import { certificatesOf } from './trust-root.ts';

/** Public keys, one PEM text each. Undefined with a refusal where there is none, or something else. */
export function publicKeysIn(text: string, field: Field, draft: Draft): readonly string[] | undefined {
  return attempt(field, draft, () => {
    const blocks = splitPemBlocks(text);
    const sound = blocks.length > 0 && blocks.every(isPublicKey);
    if (sound) return blocks.map(pemOf);
    draft.note(
      'refused',
      field,
      'this holds no public key in PEM, or something beside it, so nobody could vouch by it',
    );
    return undefined;
  });
}

/** Certificates, in order. Undefined with a refusal where there is none, or something else. */
export function certificatesIn(text: string, field: Field, draft: Draft): readonly X509Certificate[] | undefined {
  return attempt(field, draft, () => {
    const certificates = certificatesOf(text);
    if (certificates.length > 0) return certificates;
    draft.note('refused', field, 'this holds no certificate in PEM');
    return undefined;
  });
}

/** Certificates as one PEM text. */
export function pemOfCertificates(certificates: readonly X509Certificate[]): string {
  return certificates.map(({ raw }) => pemOf({ label: 'CERTIFICATE', body: raw.toString('base64') })).join('');
}

/** Anchors of a chain and what lies between: the self-signed ones, or where there is none, the last. */
export function splitChain(chain: readonly X509Certificate[]): {
  readonly roots: readonly X509Certificate[];
  readonly intermediates: readonly X509Certificate[];
} {
  const own = chain.filter(({ subject, issuer }) => subject === issuer);
  const roots = own.length > 0 ? own : chain.slice(-1);
  return { roots, intermediates: chain.filter((certificate) => !roots.includes(certificate)) };
}

/** Runs what reads PEM or the like; what is wrong with it becomes a refusal. */
export function attempt<T>(field: Pick<Field, 'path'>, draft: Draft, read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    draft.note('refused', field, error.message);
    return undefined;
  }
}

function isPublicKey(block: PemBlock): boolean {
  if (!block.label.endsWith('PUBLIC KEY')) return false;
  try {
    return createPublicKey(pemOf(block)).type === 'public';
  } catch {
    return false;
  }
}

function pemOf({ label, body }: PemBlock): string {
  const lines = body.match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
