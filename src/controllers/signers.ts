/**
 * The signers: every TrustedKey with what it refers to, parsed once per change. Owns their identities, by which a
 * change of trust is told from a change of anything else. Must never let a key vouch whose material is not read.
 */
import type { TrustedKey } from '../api/trusted-key.ts';
import { keyOfNamed, type NamedObject, referencesIn } from '../core/named-object.ts';
import type { TrustRoot, Signer } from '../verify/signer.ts';
import { staticTrustRoots } from '../verify/trust/material.ts';
import { resolveSigner } from '../verify/trust/signer.ts';
import { lookupIn } from '../store/materials.ts';
import type { Materials } from './materials.ts';

/** The signers, kept up to date. */
export interface SignerBook {
  /** A TrustedKey as it is now. */
  set(key: TrustedKey): void;
  remove(name: string): void;
  /** A Secret or ConfigMap changed: whoever names it is resolved again. */
  materialChanged(object: NamedObject): void;
  key(name: string): TrustedKey | undefined;
  keys(): readonly TrustedKey[];
  signers(): ReadonlyMap<string, Signer>;
  /** Identity of a TrustedKey's trust at `now`: changes when the answer to "does it vouch?" can. */
  idOf(name: string, now: Date): string;
  /** The next moment after `now` at which an identity changes by itself: an edge of a validity window. */
  nextEdge(name: string, now: Date): Date | undefined;
}

/** What the book is made of. */
export interface SignerBookOptions {
  readonly materials: Materials;
  /** For keys that name no trust root. */
  readonly trustRoot: TrustRoot | undefined;
  /** Told of a key whose signer is another now, or that came or went. */
  readonly onChange: (name: string) => void;
}

interface Entry {
  readonly key: TrustedKey;
  readonly references: readonly NamedObject[];
  readonly signer: Signer | undefined;
}

/** An empty book. */
export function createSignerBook({ materials, trustRoot, onChange }: SignerBookOptions): SignerBook {
  const entries = new Map<string, Entry>();
  let current: ReadonlyMap<string, Signer> = new Map();
  const take = (name: string, entry: Entry | undefined): void => {
    if (entry === undefined) entries.delete(name);
    else entries.set(name, entry);
    current = new Map([...entries].flatMap(([key, { signer }]) => (signer === undefined ? [] : [[key, signer]])));
    onChange(name);
  };
  const resolve = (key: TrustedKey): void => {
    const { name } = key.metadata;
    const references = referencesIn(key.spec);
    materials.want(`TrustedKey/${name}`, references);
    // Until its material has come, a key stays what it was: nothing, or what it was before its reference changed.
    const loading = references.some((object) => materials.get(object).state === 'loading');
    const lookup = lookupIn(materials);
    const signer = loading
      ? entries.get(name)?.signer
      : resolveSigner(key, lookup, staticTrustRoots(lookup, trustRoot));
    take(name, { key, references, signer });
  };
  return {
    set(key): void {
      const known = entries.get(key.metadata.name);
      // Our own status comes back with every write of it, and says nothing of the key.
      if (known !== undefined && sameSpec(known.key, key)) entries.set(key.metadata.name, { ...known, key });
      else resolve(key);
    },
    remove(name): void {
      if (!entries.has(name)) return;
      materials.want(`TrustedKey/${name}`, []);
      take(name, undefined);
    },
    materialChanged: (object) => naming(entries.values(), object).forEach(resolve),
    key: (name) => entries.get(name)?.key,
    keys: () => [...entries.values()].map(({ key }) => key),
    signers: () => current,
    idOf: (name, now) => idOf(entries.get(name)?.signer, now),
    nextEdge: (name, now) => edgesOf(entries.get(name)?.signer).find((edge) => edge > now),
  };
}

function naming(entries: Iterable<Entry>, object: NamedObject): readonly TrustedKey[] {
  const changed = keyOfNamed(object);
  return [...entries].flatMap(({ key, references }) =>
    references.some((reference) => keyOfNamed(reference) === changed) ? [key] : [],
  );
}

function sameSpec(a: TrustedKey, b: TrustedKey): boolean {
  const { uid, generation } = a.metadata;
  return generation !== undefined && uid === b.metadata.uid && generation === b.metadata.generation;
}

function idOf(signer: Signer | undefined, now: Date): string {
  if (signer === undefined) return 'missing';
  if (signer.state === 'unusable') return JSON.stringify(['unusable', signer.reason, signer.message]);
  const { state, ...life } = signer.lifecycle;
  // Retiring vouches like Active: nothing is judged again for it.
  const revoked = state === 'Revoked';
  const passed = edgesOf(signer).filter((edge) => edge <= now).length;
  return JSON.stringify([signer.id, revoked, life, passed]);
}

function edgesOf(signer: Signer | undefined): readonly Date[] {
  if (signer?.state !== 'usable') return [];
  const { validFrom, validUntil } = signer.lifecycle;
  return [validFrom, validUntil].filter((edge) => edge !== undefined).sort((a, b) => a.getTime() - b.getTime());
}
