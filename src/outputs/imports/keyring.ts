/**
 * The TrustedKeys that an import needs, each once, by what it says: two rules with the same key get the same TrustedKey.
 * Owns their names and the ConfigMaps that they refer to; must never hold a secret.
 */
import type { KeySpec } from './draft.ts';
import { nameOfContent } from './names.ts';
import { type TrustRootParts, trustedRootOf } from './trust-root.ts';

/** A ConfigMap with material that a TrustedKey refers to. */
export interface MaterialMap {
  readonly name: string;
  readonly data: Readonly<Record<string, string>>;
}

/** A key that was collected. */
export interface CollectedKey {
  readonly name: string;
  readonly spec: KeySpec;
}

/** Reference to a trust root, as a TrustedKey has it. */
export type TrustRootRef = NonNullable<KeySpec['trustRoot']>;

/** What an import goes by beside the policies themselves. */
export interface ImportSettings {
  /** Where ConfigMaps go. */
  readonly namespace: string;
  /** Certificates (PEM) by the name of notation's trust store: `ca:acme`. */
  readonly trustStores?: ReadonlyMap<string, string>;
}

/** Collects keys and ConfigMaps. */
export interface Keyring {
  readonly settings: ImportSettings;
  /** The name of the TrustedKey with this spec. */
  add(hint: string, spec: KeySpec): string;
  /** A trust root made of these certificates and keys, in a ConfigMap. */
  addTrustRoot(parts: TrustRootParts): TrustRootRef;
  /** A trusted_root.json as it stands. */
  addTrustedRoot(json: string): TrustRootRef;
  /** A TUF repository with its initial root. */
  addTuf(mirror: string, rootJson: string): TrustRootRef;
  /** Remembers a trust root by the name of the object that it comes from. */
  nameTrustRoot(name: string, ref: TrustRootRef): void;
  trustRootNamed(name: string): TrustRootRef | undefined;
  namedTrustRoots(): readonly TrustRootRef[];
  keys(): readonly CollectedKey[];
  configMaps(): readonly MaterialMap[];
}

/** The key in a ConfigMap under which a trusted root lies. */
export const TRUSTED_ROOT_KEY = 'trusted_root.json';
const TUF_ROOT_KEY = 'root.json';

/** An empty keyring. */
export function createKeyring(settings: ImportSettings): Keyring {
  const keys = new Map<string, CollectedKey>();
  const maps = new Map<string, MaterialMap>();
  const named = new Map<string, TrustRootRef>();
  const store = (hint: string, key: string, text: string): { namespace: string; name: string; key: string } => {
    const data = { [key]: text };
    const name = nameOfContent(hint, data);
    maps.set(name, { name, data });
    return { namespace: settings.namespace, name, key };
  };
  const trustedRoot = (json: string): TrustRootRef => ({ configMapRef: store('trust-root', TRUSTED_ROOT_KEY, json) });
  return {
    settings,
    add(hint, spec) {
      const name = nameOfContent(hint, spec);
      if (!keys.has(name)) keys.set(name, { name, spec });
      return name;
    },
    addTrustRoot: (parts) => trustedRoot(trustedRootOf(parts)),
    addTrustedRoot: trustedRoot,
    addTuf: (mirror, rootJson) => ({
      tuf: { mirror, rootRef: { configMapRef: store('tuf-root', TUF_ROOT_KEY, rootJson) } },
    }),
    nameTrustRoot: (name, ref) => void named.set(name, ref),
    trustRootNamed: (name) => named.get(name),
    namedTrustRoots: () => [...named.values()],
    keys: () => [...keys.values()],
    configMaps: () => [...maps.values()],
  };
}
