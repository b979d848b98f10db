/**
 * notation's trust store (specification, "Trust Store"): folders x509/TYPE/NAME with one certificate or more in each file,
 * in PEM or DER. Must never take a file for a certificate that is none.
 */
import { X509Certificate } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Failure } from '../core/failure.ts';
import { certificatesOf } from '../outputs/imports/trust-root.ts';
import { pemOfCertificates } from '../outputs/imports/pem.ts';
import { UsageError } from './exit.ts';

const TYPES = ['ca', 'signingAuthority', 'tsa'] as const;
const MAX_BYTES = 1024 * 1024;

/** Certificates in PEM by `TYPE:NAME`. Throws UsageError for a folder that is none, or a file that cannot be used. */
export async function readTrustStore(folder: string, cwd: string): Promise<ReadonlyMap<string, string>> {
  const root = join(resolve(cwd, folder), 'x509');
  if ((await folderNames(root)) === undefined)
    throw new UsageError(`${folder}: is no trust store: expected x509/ca/NAME/*.crt and the like in it`);
  const stores = new Map<string, string>();
  for (const type of TYPES) {
    for (const name of (await folderNames(join(root, type))) ?? []) {
      const pem = await readStore(join(root, type, name), join(folder, 'x509', type, name));
      if (pem !== '') stores.set(`${type}:${name}`, pem);
    }
  }
  return stores;
}

/** The folder `truststore` beside a file, where there is one. */
export async function storeBeside(file: string, cwd: string): Promise<string | undefined> {
  const folder = join(file, '..', 'truststore');
  return (await folderNames(join(resolve(cwd, folder), 'x509'))) === undefined ? undefined : folder;
}

async function folderNames(path: string): Promise<readonly string[] | undefined> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .sort();
  } catch {
    return undefined;
  }
}

async function readStore(path: string, shown: string): Promise<string> {
  const entries = await readdir(path, { withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
    .sort();
  const texts: string[] = [];
  for (const file of files) texts.push(await readCertificates(join(path, file), join(shown, file)));
  return texts.join('');
}

async function readCertificates(path: string, shown: string): Promise<string> {
  if ((await stat(path)).size > MAX_BYTES) throw new UsageError(`${shown}: is larger than ${MAX_BYTES} bytes`);
  const bytes = await readFile(path);
  try {
    const text = bytes.toString('utf8');
    return pemOfCertificates(text.includes('-----BEGIN') ? certificatesOf(text) : [new X509Certificate(bytes)]);
  } catch (error) {
    const why = error instanceof Failure ? error.message : 'expected certificates in PEM or DER';
    throw new UsageError(`${shown}: ${why}`);
  }
}
