/**
 * What the real cosign signs with: keys of every algorithm, imported as its users import them, and certificates of
 * private authorities. Owns the material; signs and asks nothing.
 */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Authority, type CertificateName, openAuthority } from './authority.ts';
import type { Lab } from './lab.ts';
import { type PrivateSigstore, startPrivateSigstore } from './private-sigstore.ts';

const KEYS = {
  'P-256': () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  'P-384': () => generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  'P-521': () => generateKeyPairSync('ec', { namedCurve: 'P-521' }),
  'RSA-2048': () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  'RSA-4096': () => generateKeyPairSync('rsa', { modulusLength: 4096 }),
  Ed25519: () => generateKeyPairSync('ed25519'),
  /** A key that signs nothing that it is asked about, or everything that it should not. */
  stranger: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
} as const;

export type KeyName = keyof typeof KEYS;
/** The keys that images are signed with, by algorithm. */
export const ALGORITHMS = ['P-256', 'P-384', 'P-521', 'RSA-2048', 'RSA-4096', 'Ed25519'] as const;

export interface CosignWorkshop {
  readonly lab: Lab;
  readonly cosign: string;
  readonly keys: ReadonlyMap<
    KeyName,
    { readonly privateKey: KeyObject; readonly signing: string; readonly verifying: string }
  >;
  readonly authority: Authority;
  /** Certificate → the password-less cosign key that goes with it. */
  readonly certificateKeys: ReadonlyMap<CertificateName, string>;
  readonly sigstore: PrivateSigstore;
  /** trusted_root.json of one of the authorities, made by cosign. */
  readonly trustedRoots: Readonly<Record<'company' | 'stranger', string>>;
  close(): Promise<void>;
}

/** Makes the keys and the authorities, and gives them to cosign. */
export async function openCosign(lab: Lab, cosign: string): Promise<CosignWorkshop> {
  const importKey = async (pem: string, prefix: string): Promise<string> => {
    await writeFile(join(lab.folder, `${prefix}.pem`), pem, { mode: 0o600 });
    await lab.must(cosign, ['import-key-pair', '--yes', '--key', `${prefix}.pem`, '--output-key-prefix', prefix]);
    return join(lab.folder, prefix);
  };
  const keys: CosignWorkshop['keys'] = new Map(
    await Promise.all(
      (Object.keys(KEYS) as readonly KeyName[]).map(async (name) => {
        const { privateKey } = KEYS[name]();
        const path = await importKey(privateKey.export({ type: 'pkcs8', format: 'pem' }), name);
        return [name, { privateKey, signing: `${path}.key`, verifying: `${path}.pub` }] as const;
      }),
    ),
  );
  const authority = openAuthority();
  const certificateKeys = new Map(
    await Promise.all(
      authority.names.map(async (name) => {
        const pem: string = authority.certificate(name).key.export({ type: 'pkcs8', format: 'pem' });
        return [name, `${await importKey(pem, `certificate-${name}`)}.key`] as const;
      }),
    ),
  );
  const trustedRoot = async (name: 'company' | 'stranger'): Promise<string> => {
    const out = join(lab.folder, `trusted-root-${name}.json`);
    const chain = `url=https://ca.invalid,certificate-chain=${authority.chainFile(name)}`;
    await lab.must(cosign, ['trusted-root', 'create', `--fulcio=${chain}`, '--out', out]);
    return out;
  };
  const trustedRoots = { company: await trustedRoot('company'), stranger: await trustedRoot('stranger') };
  const sigstore = await startPrivateSigstore(lab, cosign);
  const close = async (): Promise<void> => {
    authority.dispose();
    await sigstore.stop();
  };
  return { lab, cosign, keys, authority, certificateKeys, sigstore, trustedRoots, close };
}

/** A key by name, with its files. */
export function keyOf(workshop: CosignWorkshop, name: KeyName) {
  const key = workshop.keys.get(name);
  if (key === undefined) throw new Error(`no key ${name}`);
  return key;
}
