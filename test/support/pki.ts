/**
 * Certificates made by the real openssl at run time, for tests: what the fixtures cannot hold (wrong extensions,
 * weak keys, tricks with names). Owns a temporary folder per authority; nothing here is part of the product.
 */
import { execFileSync } from 'node:child_process';
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Certificate } from '../../src/verify/x509/certificate.ts';
import { parsePemCertificates } from '../../src/verify/x509/pem.ts';

export interface Issued {
  readonly certificate: Certificate;
  readonly key: KeyObject;
  readonly pem: string;
  readonly keyFile: string;
  readonly certificateFile: string;
}

export interface Order {
  /** openssl's `-subj` form. `+` joins a multi-valued RDN. */
  readonly subject?: string;
  /** Lines of an openssl extension section; undefined: a version 1 certificate. */
  readonly extensions?: readonly string[];
  /** `-algorithm` and options of openssl genpkey. */
  readonly key?: readonly string[];
  readonly issuer?: Issued;
  /** Options of the signature: `-sha1`, `-sigopt …`. */
  readonly sign?: readonly string[];
  /** `YYYYMMDDhhmmssZ`. */
  readonly from?: string;
  readonly until?: string;
  /** Take the key of this one instead of a new one. */
  readonly reuse?: Issued;
}

export const CA = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign,cRLSign'] as const;
export const SIGNER = ['keyUsage=critical,digitalSignature', 'extendedKeyUsage=codeSigning'] as const;
export const TSA = ['keyUsage=critical,digitalSignature', 'extendedKeyUsage=critical,timeStamping'] as const;
export const EC256 = ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'] as const;

/** Runs the real openssl; throws with its stderr. */
function openssl(...args: readonly string[]): Buffer {
  return execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: 20_000 });
}

/** A folder in which certificates are made; `dispose` removes it. */
export function openPki() {
  const folder = mkdtempSync(join(tmpdir(), 'h3-pki-'));
  let serial = 0;

  /** Signs one certificate with `openssl ca`, which alone can set both ends of the validity. */
  function issue(order: Order): Issued {
    serial += 1;
    const path = (suffix: string) => join(folder, `${serial}.${suffix}`);
    const keyFile = order.reuse?.keyFile ?? path('key');
    if (order.reuse === undefined) openssl('genpkey', ...(order.key ?? EC256), '-out', keyFile);
    const subject = order.subject ?? `/C=US/ST=WA/O=Test/CN=n${serial}`;
    openssl(
      'req',
      '-new',
      '-utf8',
      '-key',
      keyFile,
      '-subj',
      subject,
      '-config',
      configFor(path('cnf'), order),
      '-out',
      path('csr'),
    );
    writeFileSync(path('index'), '');
    writeFileSync(path('serial'), (0x1000 + serial).toString(16));
    const issuer =
      order.issuer === undefined
        ? ['-selfsign', '-keyfile', keyFile]
        : ['-cert', order.issuer.certificateFile, '-keyfile', order.issuer.keyFile];
    const validity = ['-startdate', order.from ?? '20200101000000Z', '-enddate', order.until ?? '20400101000000Z'];
    openssl(
      'ca',
      '-batch',
      '-notext',
      '-config',
      path('cnf'),
      ...issuer,
      '-in',
      path('csr'),
      '-out',
      path('crt'),
      ...validity,
      '-md',
      'sha256',
      '-preserveDN',
      ...(order.sign ?? []),
    );
    const pem = readFileSync(path('crt'), 'utf8');
    const [certificate] = parsePemCertificates(pem);
    if (certificate === undefined) throw new Error('openssl made no certificate');
    return { certificate, key: createPrivateKey(readFileSync(keyFile)), pem, keyFile, certificateFile: path('crt') };
  }

  function configFor(file: string, order: Order): string {
    const base = file.slice(0, -'.cnf'.length);
    const extensions = order.extensions === undefined ? '' : '\nx509_extensions=ext';
    const lines = [
      `[ca]\ndefault_ca=d\n[d]\ndatabase=${base}.index\nserial=${base}.serial\nnew_certs_dir=${folder}\npolicy=p\nunique_subject=no\nemail_in_dn=yes\nstring_mask=utf8only${extensions}`,
      '[p]\nC=optional\nST=optional\nL=optional\nO=optional\nOU=optional\nCN=optional\nemailAddress=optional',
      '[req]\ndistinguished_name=dn\nprompt=no\nstring_mask=utf8only\n[dn]\nCN=unused',
      `[ext]\n${(order.extensions ?? []).join('\n')}`,
    ];
    writeFileSync(file, `${lines.join('\n')}\n`);
    return file;
  }

  return { issue, openssl, folder, dispose: () => rmSync(folder, { recursive: true, force: true }) };
}

/** What openPki gives. */
export type Pki = ReturnType<typeof openPki>;
