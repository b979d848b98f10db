/**
 * A row of the tables of good and bad objects, and how rows are made. `problems` are the places, each with a part of
 * its sentence.
 */
import type { KindName } from '../../src/api/group.ts';

/** One object; good where `problems` is absent. */
export interface ManifestRow {
  readonly name: string;
  readonly kind: KindName;
  readonly object: Readonly<Record<string, unknown>>;
  readonly problems?: readonly (readonly [path: string, sentence: string])[];
}

/** Where, and a part of the sentence. */
export type Problems = NonNullable<ManifestRow['problems']>;

/** Material of the rows. */
export const PEM = '-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n';
/** Material of the rows. */
export const PRIVATE =
  '-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\neyJr\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n';
/** Material of the rows. */
export const ref = { namespace: 'security', name: 'cosign', key: 'cosign.pub' };
/** Material of the rows. */
export const exact = { issuer: 'https://issuer.example.com', subject: 'ci@example.com' };
/** Material of the rows. */
export const entries = [{ trustedKey: 'release' }];
/** Material of the rows. */
export const attestors = [{ name: 'release', entries }];
/** Material of the rows. */
export const longName = 'n'.repeat(64);

/** A row. */
export function key(name: string, spec: unknown, ...problems: Problems): ManifestRow {
  return row('TrustedKey', name, { metadata: { name: 'release-2026' }, spec }, problems);
}

/** A row. */
export function keyBeside(name: string, rest: object, ...problems: Problems): ManifestRow {
  return key(name, { publicKey: { pem: PEM }, ...rest }, ...problems);
}

/** A row. */
export function policy(name: string, rest: object, ...problems: Problems): ManifestRow {
  return row(
    'ImageTrustPolicy',
    name,
    { metadata: { name: 'production' }, spec: { images: ['registry.example.com/*'], attestors, ...rest } },
    problems,
  );
}

/** A row. */
export function notation(name: string, rest: object, ...problems: Problems): ManifestRow {
  const signer = {
    trustStores: { ca: [{ pem: PEM }] },
    trustedIdentities: ['x509.subject: C=US, ST=WA, O=Acme'],
    ...rest,
  };
  return key(name, { notation: signer }, ...problems);
}

/** A row. */
export function row(kind: KindName, name: string, rest: object, problems: Problems): ManifestRow {
  const object = { apiVersion: 'imagetrust.dev/v1alpha1', kind, ...rest };
  return problems.length === 0 ? { name, kind, object } : { name, kind, object, problems };
}
