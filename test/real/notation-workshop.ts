/**
 * What the real notation signs with: certificates of every key that the specification allows, below two private
 * authorities, and a timestamp authority. Owns the material; signs and asks nothing.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CA, EC256, type Issued, openPki, type Pki, SIGNER, TSA } from '../support/pki.ts';
import type { Lab } from './lab.ts';
import { startTimestampAuthority, type TimestampAuthority } from './timestamp-authority.ts';

const curve = (name: string) => ['-algorithm', 'EC', '-pkeyopt', `ec_paramgen_curve:${name}`];
const rsa = (bits: number) => ['-algorithm', 'RSA', '-pkeyopt', `rsa_keygen_bits:${bits}`];

/** Keys by algorithm: signature-specification, "Signature Algorithm Requirements". */
const LEAF_KEYS = {
  'EC-256': EC256,
  'EC-384': curve('P-384'),
  'EC-521': curve('P-521'),
  'RSA-2048': rsa(2048),
  'RSA-3072': rsa(3072),
  'RSA-4096': rsa(4096),
} as const;

export type NotaryAlgorithm = keyof typeof LEAF_KEYS;
export const NOTARY_ALGORITHMS = Object.keys(LEAF_KEYS) as readonly NotaryAlgorithm[];
/** Signers: one of the company per algorithm, one of the company with another organisation, one of a stranger. */
export type NotarySigner = NotaryAlgorithm | 'another organisation' | 'a stranger';
export type AuthorityName = 'company' | 'stranger';

export interface NotationWorkshop {
  readonly lab: Lab;
  readonly notation: string;
  /** The configuration folder in which notation finds its signing keys. */
  readonly signing: string;
  readonly timestamps: TimestampAuthority;
  rootFile(name: AuthorityName): string;
  /** A signing key of the company whose certificate ends in so many seconds: its name, its folder, and when it ends. */
  shortLived(seconds: number): Promise<{ readonly key: string; readonly signing: string; readonly ends: Date }>;
  close(): Promise<void>;
}

/** An entry of notation's signingkeys.json. */
interface SigningKey {
  readonly name: string;
  readonly keyPath: string;
  readonly certPath: string;
}

/** Makes authorities and signers with openssl, and starts the timestamp authority. */
export async function openNotation(lab: Lab, notation: string): Promise<NotationWorkshop> {
  const pki = openPki();
  const roots = { company: rootOf(pki, 'company'), stranger: rootOf(pki, 'stranger') };
  const intermediates = { company: intermediateOf(pki, roots.company), stranger: intermediateOf(pki, roots.stranger) };
  const leaf = (issuer: AuthorityName, organisation: string, key: readonly string[], until?: string): Issued =>
    pki.issue({
      subject: `/C=US/ST=WA/O=${organisation}/CN=signer`,
      extensions: SIGNER,
      issuer: intermediates[issuer],
      key,
      ...(until === undefined ? {} : { until }),
    });
  const written = async (name: string, issuer: AuthorityName, issued: Issued): Promise<SigningKey> => {
    const certPath = join(lab.folder, `notation-${name.replaceAll(' ', '-')}.crt`);
    await writeFile(certPath, `${issued.pem}${intermediates[issuer].pem}${roots[issuer].pem}`);
    return { name, keyPath: issued.keyFile, certPath };
  };
  const keys = await Promise.all([
    ...NOTARY_ALGORITHMS.map(async (name) => written(name, 'company', leaf('company', 'Test', LEAF_KEYS[name]))),
    written('another organisation', 'company', leaf('company', 'Other', EC256)),
    written('a stranger', 'stranger', leaf('stranger', 'Test', EC256)),
  ]);
  const configured = async (folder: string, list: readonly SigningKey[]): Promise<string> => {
    const path = join(lab.folder, folder);
    await mkdir(path);
    await writeFile(join(path, 'signingkeys.json'), JSON.stringify({ keys: list }));
    return path;
  };
  const stamper = pki.issue({
    subject: '/C=US/ST=WA/O=Test/CN=tsa',
    extensions: TSA,
    issuer: roots.company,
    key: rsa(3072),
  });
  const stamps = join(lab.folder, 'timestamps');
  await mkdir(stamps);
  const timestamps = await startTimestampAuthority(stamper, stamps);
  let short = 0;
  return {
    lab,
    notation,
    signing: await configured('notation-signing', keys),
    timestamps,
    rootFile: (name) => roots[name].certificateFile,
    shortLived: async (seconds) => {
      short += 1;
      const key = `short-lived-${short}`;
      const ends = new Date(Math.floor(Date.now() / 1000 + seconds) * 1000);
      const issued = leaf('company', 'Test', EC256, openssl(ends));
      return { key, ends, signing: await configured(key, [await written(key, 'company', issued)]) };
    },
    close: async () => {
      await timestamps.stop();
      pki.dispose();
    },
  };
}

function rootOf(pki: Pki, name: AuthorityName): Issued {
  return pki.issue({ subject: `/C=US/ST=WA/O=Test/CN=${name} root`, extensions: CA });
}

function intermediateOf(pki: Pki, issuer: Issued): Issued {
  return pki.issue({ subject: '/C=US/ST=WA/O=Test/CN=intermediate', extensions: CA, issuer });
}

/** `YYYYMMDDhhmmssZ`. */
function openssl(time: Date): string {
  return `${time.toISOString().slice(0, 19).replaceAll(/[-:T]/g, '')}Z`;
}
