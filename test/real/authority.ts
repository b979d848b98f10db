/**
 * Private certificate authorities for signers: the company's (root and intermediate) and a stranger's of the same
 * shape. Owns the certificates; which of them is good for what stands in its name.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CA, type Issued, openPki, SIGNER } from '../support/pki.ts';

/** The leaf certificates that cosign signs with; all but the last are the company's. */
const LEAVES = ['good', 'for servers', 'expired', 'of a stranger'] as const;
export type CertificateName = (typeof LEAVES)[number];
export type AuthorityName = 'company' | 'stranger';

/** The identity in every leaf certificate, as a subject alternative name. */
export const IDENTITY = 'ci@example.com';

export interface Authority {
  readonly names: readonly CertificateName[];
  certificate(name: CertificateName): Issued;
  /** PEM files: intermediate and root, the root alone, the intermediate alone. */
  chainFile(name: AuthorityName): string;
  rootFile(name: AuthorityName): string;
  intermediateFile(name: AuthorityName): string;
  dispose(): void;
}

/** Makes both authorities with the real openssl, in a folder of their own. */
export function openAuthority(): Authority {
  const pki = openPki();
  const subject = (name: string): string => `/C=US/ST=WA/O=Test/CN=${name}`;
  const root = (name: string): Issued => pki.issue({ subject: subject(`${name} root`), extensions: CA });
  const roots = { company: root('company'), stranger: root('stranger') };
  const intermediate = (name: AuthorityName): Issued =>
    pki.issue({ subject: subject(`${name} intermediate`), extensions: CA, issuer: roots[name] });
  const intermediates = { company: intermediate('company'), stranger: intermediate('stranger') };
  const name = `subjectAltName=email:${IDENTITY}`;
  const leaf = (issuer: AuthorityName, extensions: readonly string[], until?: string): Issued =>
    pki.issue({
      subject: subject('signer'),
      extensions: [...extensions, name],
      issuer: intermediates[issuer],
      ...(until === undefined ? {} : { until }),
    });
  const leaves: Readonly<Record<CertificateName, Issued>> = {
    good: leaf('company', SIGNER),
    'for servers': leaf('company', ['keyUsage=critical,digitalSignature', 'extendedKeyUsage=serverAuth']),
    expired: leaf('company', SIGNER, '20260101000000Z'),
    'of a stranger': leaf('stranger', SIGNER),
  };
  for (const authority of ['company', 'stranger'] as const) {
    writeFileSync(join(pki.folder, `${authority}.pem`), `${intermediates[authority].pem}${roots[authority].pem}`);
  }
  return {
    names: LEAVES,
    certificate: (leafName) => leaves[leafName],
    chainFile: (authority) => join(pki.folder, `${authority}.pem`),
    rootFile: (authority) => roots[authority].certificateFile,
    intermediateFile: (authority) => intermediates[authority].certificateFile,
    dispose: () => pki.dispose(),
  };
}
