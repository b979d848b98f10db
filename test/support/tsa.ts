/** Time-stamps made by the real openssl at run time. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Issued, Pki } from './pki.ts';

export interface Stamp {
  readonly by: Issued;
  readonly message: Uint8Array;
  /** Hash of the imprint. */
  readonly imprint?: string;
  /** Lines that replace those of the same name in openssl's [tsa] section. */
  readonly options?: Readonly<Record<string, string>>;
  /** Extra certificates in the token. */
  readonly chain?: readonly Issued[];
  readonly query?: readonly string[];
  /** The whole response instead of the token. */
  readonly response?: boolean;
}

/** A time-stamp by `openssl ts`, which refuses to issue where the certificate is not critical timeStamping. */
export function stamp(
  pki: Pki,
  { by, message, imprint = 'sha256', options = {}, chain = [], query = ['-cert'], response = false }: Stamp,
): Uint8Array {
  const file = (name: string) => join(pki.folder, name);
  const settings = {
    serial: file('tsserial'),
    crypto_device: 'builtin',
    default_policy: '1.2.3.4',
    digests: 'sha1, sha256, sha384, sha512',
    signer_digest: 'sha256',
    accuracy: 'secs:2, millisecs:500, microsecs:100',
    clock_precision_digits: '0',
    ess_cert_id_alg: 'sha256',
    ...options,
  };
  writeFileSync(
    file('ts.cnf'),
    `[tsa]\ndefault_tsa=t\n[t]\n${Object.entries(settings)
      .filter(([, value]) => value !== '')
      .map(([name, value]) => `${name}=${value}`)
      .join('\n')}\n`,
  );
  writeFileSync(file('message'), message);
  writeFileSync(file('chain.pem'), chain.map((issued) => issued.pem).join(''));
  pki.openssl('ts', '-query', '-data', file('message'), `-${imprint}`, ...query, '-out', file('query'));
  const extra = chain.length === 0 ? [] : ['-chain', file('chain.pem')];
  pki.openssl(
    'ts',
    '-reply',
    '-config',
    file('ts.cnf'),
    '-section',
    't',
    '-queryfile',
    file('query'),
    '-signer',
    by.certificateFile,
    '-inkey',
    by.keyFile,
    ...extra,
    ...(response ? [] : ['-token_out']),
    '-out',
    file('reply'),
  );
  return new Uint8Array(readFileSync(file('reply')));
}
