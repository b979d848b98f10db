/** What the proof trusts: TrustedKeys and an ImageTrustPolicy over one namespace, as users write them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Loose } from '../support/cluster/client.ts';

const KEYS = join(import.meta.dirname, '../fixtures/keys');
const OURS = 'imagetrust.dev/v1alpha1';

/** The two kinds of policies that are generated. */
export const FORMATS = ['ClusterPolicy', 'ImageValidatingPolicy'] as const;
export type Format = (typeof FORMATS)[number];
export type SignatureFormat = 'Any' | 'Legacy' | 'Bundle';

/** A policy with its keys. The namespace in which it holds has its name. */
export interface Trust {
  readonly name: string;
  /** Specs of TrustedKeys by name. */
  readonly keys: Readonly<Record<string, object>>;
  /** What the policy has beside its images, namespace and enforcement. */
  readonly policy: Readonly<Record<string, unknown>>;
  /** Texts of ConfigMaps of namespace `trust`, by name; their key is `text`. */
  readonly texts?: Readonly<Record<string, string>>;
  /** What the engine is given in place of `keys`, where it reads the same trust from another place. */
  readonly engineKeys?: Readonly<Record<string, object>>;
}

/** How it is enforced. */
export interface Enforced {
  readonly format: Format;
  readonly signatureFormat?: SignatureFormat;
  /** Default: Enforce. */
  readonly mode?: 'Audit' | 'Enforce';
  /** Further settings of `enforcement.kyverno`. */
  readonly kyverno?: Readonly<Record<string, unknown>>;
}

/** What a trust under one way to enforce it is called: `k1 as ClusterPolicy, Legacy`. */
export function caseName(trust: string, { format, signatureFormat = 'Any' }: Enforced): string {
  return `${trust} as ${format}, ${signatureFormat}`;
}

/** A file of test/fixtures/keys. */
export function keyFile(name: string): string {
  return readFileSync(join(KEYS, name), 'utf8');
}

/** A TrustedKey of one public key, whose signers write no log. */
export function publicKey(name: string): object {
  return { publicKey: { pem: keyFile(`${name}.pub`) }, transparencyLog: 'Ignored' };
}

/** An attestor set over keys by name. */
export function set(name: string, keys: readonly string[], count?: number): object {
  const entries = keys.map((trustedKey) => ({ trustedKey }));
  return { name, entries, ...(count === undefined ? {} : { count }) };
}

/** A trust of one key of the fixtures. */
export function trustIn(name: string, key: string, policy: Readonly<Record<string, unknown>> = {}): Trust {
  return { name, keys: { [key]: publicKey(key) }, policy: { attestors: [set('team', [key])], ...policy } };
}

/** A reference to a text of a trust. */
export function textRef(name: string): object {
  return { configMapRef: { namespace: 'trust', name, key: 'text' } };
}

/** What `image-trust scan` is given. */
export function engineManifests(trust: Trust): readonly Loose[] {
  const maps = Object.entries(trust.texts ?? {}).map(([name, text]) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace: 'trust', name },
    data: { text },
  }));
  const own = { ...trust, keys: trust.engineKeys ?? trust.keys };
  return [...maps, ...manifestsOf(own, { format: 'ClusterPolicy' })];
}

/** Its TrustedKeys and its ImageTrustPolicy. */
export function manifestsOf(trust: Trust, { format, signatureFormat, mode, kyverno }: Enforced): readonly Loose[] {
  const keys = Object.entries(trust.keys).map(([name, spec]) => ({
    apiVersion: OURS,
    kind: 'TrustedKey',
    metadata: { name },
    spec,
  }));
  const settings = { format, ...(signatureFormat === undefined ? {} : { signatureFormat }), ...kyverno };
  const spec = {
    images: ['*'],
    match: { namespaces: [trust.name] },
    ...trust.policy,
    enforcement: { mode: mode ?? 'Enforce', kyverno: settings },
  };
  return [...keys, { apiVersion: OURS, kind: 'ImageTrustPolicy', metadata: { name: trust.name }, spec }];
}
