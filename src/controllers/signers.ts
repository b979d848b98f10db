/**
 * The signers: every TrustedKey with what it refers to, parsed once per change. Owns their identities, by which a
 * change of trust is told from a change of anything else. Must never let a key vouch whose material is not read.
 */
import type { TrustedKey } from '../api/trusted-key.ts';
import { keyOfNamed, type NamedObject, referencesIn } from '../core/named-object.ts';
import { type TufRepository, tufRepositoryId } from '../registry/tuf/repository.ts';
import { lookupIn } from '../store/materials.ts';
import type { KmsKeys } from '../store/kms-keys.ts';
import type { TufRoots, TufState } from '../store/tuf-roots.ts';
import type { Signer } from '../verify/signer.ts';
import { repositoryOf, type RootSources, trustRootsOf } from '../verify/trust/material.ts';
import { lifecycleOf, resolveSigner } from '../verify/trust/signer.ts';
import type { Materials } from './materials.ts';

/** The signers, kept up to date. */
export interface SignerBook {
  /** A TrustedKey as it is now. */
  set(key: TrustedKey): void;
  remove(name: string): void;
  /** A Secret or ConfigMap changed: whoever names it is resolved again. */
  materialChanged(object: NamedObject): void;
  /** A key management service answers otherwise: whoever names this URI is resolved again. */
  kmsChanged(uri: string): void;
  /** The root of a TUF repository is another, came, or went: whoever goes by it is resolved again. */
  rootChanged(repository: TufRepository): void;
  /** The TUF repository that a key goes by, and what it has come to. */
  rootOf(name: string): { readonly repository: TufRepository; readonly state: TufState } | undefined;
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
  readonly kms: KmsKeys;
  /** For keys that name no trust root. */
  readonly roots: Pick<RootSources, 'given' | 'instance'>;
  readonly tuf: TufRoots;
  /** Told of a key whose signer is another now, or that came or went. */
  readonly onChange: (name: string) => void;
}

interface Entry {
  readonly key: TrustedKey;
  readonly references: readonly NamedObject[];
  readonly repository: TufRepository | undefined;
  readonly signer: Signer | undefined;
}

/** An empty book. */
export function createSignerBook(options: SignerBookOptions): SignerBook {
  const { materials, kms, tuf, onChange } = options;
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
    take(name, entryOf(key, entries.get(name), options));
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
      tuf.want(`TrustedKey/${name}`, undefined);
      kms.want(`TrustedKey/${name}`, undefined);
      take(name, undefined);
    },
    materialChanged: (object) => naming(entries.values(), object).forEach(resolve),
    kmsChanged: (uri) => asking(entries.values(), uri).forEach(resolve),
    rootChanged: (repository) => goingBy(entries.values(), repository).forEach(resolve),
    rootOf: (name) => {
      const repository = entries.get(name)?.repository;
      return repository === undefined ? undefined : { repository, state: tuf.get(repository) };
    },
    key: (name) => entries.get(name)?.key,
    keys: () => [...entries.values()].map(({ key }) => key),
    signers: () => current,
    idOf: (name, now) => idOf(entries.get(name)?.signer, now),
    nextEdge: (name, now) => edgesOf(entries.get(name)?.signer).find((edge) => edge > now),
  };
}

/** What a key leads to by now. */
function entryOf(key: TrustedKey, before: Entry | undefined, options: SignerBookOptions): Entry {
  const { materials, kms, roots, tuf } = options;
  const owner = `TrustedKey/${key.metadata.name}`;
  const references = referencesIn(key.spec);
  materials.want(owner, references);
  const source = key.spec.publicKey?.kms;
  kms.want(owner, source);
  const lookup = lookupIn(materials, kms);
  const repository = repositoryOf(key.spec, lookup, roots);
  tuf.want(owner, repository);
  const loading =
    references.some((object) => materials.get(object).state === 'loading') ||
    (source !== undefined && kms.get(source).state === 'loading') ||
    (repository !== undefined && tuf.get(repository).state === 'loading');
  const signer = loading
    ? keptSigner(key, before)
    : resolveSigner(key, lookup, trustRootsOf(lookup, { ...roots, tuf }));
  return { key, references, repository, signer };
}

/**
 * Until its material has come, a key stays what it was: nothing, or what it was before its reference changed. Its life
 * needs no material: a key that is revoked is revoked at once.
 */
function keptSigner(key: TrustedKey, before: Entry | undefined): Signer | undefined {
  if (before === undefined || before.key.metadata.uid !== key.metadata.uid) return undefined;
  const { signer } = before;
  return signer?.state === 'usable' ? { ...signer, lifecycle: lifecycleOf(key.spec.lifecycle) } : signer;
}

function naming(entries: Iterable<Entry>, object: NamedObject): readonly TrustedKey[] {
  const changed = keyOfNamed(object);
  return [...entries].flatMap(({ key, references }) =>
    references.some((reference) => keyOfNamed(reference) === changed) ? [key] : [],
  );
}

function asking(entries: Iterable<Entry>, uri: string): readonly TrustedKey[] {
  return [...entries].map(({ key }) => key).filter(({ spec }) => spec.publicKey?.kms?.uri === uri);
}

function goingBy(entries: Iterable<Entry>, changed: TufRepository): readonly TrustedKey[] {
  const id = tufRepositoryId(changed);
  return [...entries].flatMap(({ key, repository }) =>
    repository !== undefined && tufRepositoryId(repository) === id ? [key] : [],
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
