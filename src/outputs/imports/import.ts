/**
 * Image policies of other systems as ours: which importer reads which kind, names, and the check that what comes out is
 * what the API server takes. Must never give out a policy of which a demand was refused.
 */
import { API_VERSION } from '../../api/group.ts';
import { shownPath } from '../../api/problem.ts';
import { validateManifest } from '../../api/validate.ts';
import type { ManifestDocument } from '../../core/manifests/load.ts';
import type { ImportedPolicy, ImportNote } from './draft.ts';
import { createKeyring, type ImportSettings, type Keyring, type TrustRootRef } from './keyring.ts';
import { importClusterPolicy } from './kyverno/cluster-policy.ts';
import { importTrustPolicy, NOTATION } from './notation.ts';
import { nameBeside, nameOf } from './names.ts';
import { importClusterImagePolicy } from './sigstore/cluster-image-policy.ts';
import { importTrustRoot } from './sigstore/trust-root.ts';
import { importValidatingPolicy } from './validating/policy.ts';

/** An object of the output. */
export interface OutputObject {
  readonly apiVersion: string;
  readonly kind: 'TrustedKey' | 'ImageTrustPolicy' | 'ConfigMap';
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec?: object;
  readonly data?: Readonly<Record<string, string>>;
}

/** A note with the document that it is about. */
export interface PlacedNote extends ImportNote {
  readonly document: ManifestDocument;
}

/** An object with what is to be said above it. */
export interface ImportedObject {
  readonly object: OutputObject;
  /** What it was made of; absent for keys and ConfigMaps. */
  readonly origin?: { readonly document: ManifestDocument; readonly what: string };
  readonly notes: readonly PlacedNote[];
}

/** All that came of an import. */
export interface Imported {
  readonly objects: readonly ImportedObject[];
  /** Every note once, in the order of the sources. */
  readonly notes: readonly PlacedNote[];
  /** How many rules were looked at that nothing became of, because a demand of theirs cannot be said. */
  readonly refused: number;
}

/** Reads one document. */
export type Importer = (document: ManifestDocument, ring: Keyring) => readonly ImportedPolicy[];

const KYVERNO = /^kyverno\.io\//;
const CONTROLLER = /^policy\.sigstore\.dev\//;
const VALIDATING = /^policies\.kyverno\.io\//;

/** The importer of a kind; undefined for kinds that are none of ours to read. */
export function importerOf({ apiVersion, kind }: Pick<ManifestDocument, 'apiVersion' | 'kind'>): Importer | undefined {
  if (KYVERNO.test(apiVersion) && (kind === 'ClusterPolicy' || kind === 'Policy')) return importClusterPolicy;
  if (VALIDATING.test(apiVersion) && /^(Namespaced)?ImageValidatingPolicy$/.test(kind)) return importValidatingPolicy;
  if (CONTROLLER.test(apiVersion) && kind === 'ClusterImagePolicy') return importClusterImagePolicy;
  if (CONTROLLER.test(apiVersion) && kind === 'TrustRoot') return importTrustRoot;
  if (apiVersion === NOTATION && kind === 'TrustPolicy') return importTrustPolicy;
  return undefined;
}

/** Imports documents. */
export function importDocuments(documents: readonly ManifestDocument[], settings: ImportSettings): Imported {
  const ring = createKeyring(settings);
  const roots = documents.filter(({ kind }) => kind === 'TrustRoot');
  const others = documents.filter((document) => !roots.includes(document));
  const found = [...roots, ...others].flatMap((document) => importerOf(document)?.(document, ring) ?? []);
  return assemble(found, ring);
}

/** Names the policies, checks them, and adds the keys that they need. */
export function assemble(found: readonly ImportedPolicy[], ring: Keyring): Imported {
  const named = withNames(found).map((policy) => checked(policy));
  const policies = named.filter(({ object }) => object !== undefined);
  const used = new Set(policies.flatMap(({ spec }) => keysOf(spec)));
  const keys = ring.keys().filter(({ name }) => used.has(name));
  const roots = [...keys.flatMap(({ spec }) => spec.trustRoot ?? []), ...ring.namedTrustRoots()];
  const maps = new Set(roots.flatMap(mapsOf));
  const notes = once(named.flatMap(({ document, notes: all }) => all.map((note) => ({ ...note, document }))));
  return {
    objects: [
      ...ring
        .configMaps()
        .filter(({ name }) => maps.has(name))
        .map(({ name, data }) => plainObject({ ...configMap(name, ring.settings.namespace), data })),
      ...keys.map(({ name, spec }) =>
        plainObject({ apiVersion: API_VERSION, kind: 'TrustedKey', metadata: { name }, spec }),
      ),
      ...policies.flatMap(({ object, document, origin, notes: own }) =>
        object === undefined
          ? []
          : [{ object, origin: { document, what: origin }, notes: own.map((note) => ({ ...note, document })) }],
      ),
    ],
    notes,
    refused: named.filter(({ notes: own }) => own.some(({ kind }) => kind === 'refused')).length,
  };
}

type Named = ImportedPolicy & { readonly name: string; readonly object?: OutputObject };

/** A name that two sources would share is told apart by the source. */
function withNames(found: readonly ImportedPolicy[]): readonly Named[] {
  const taken = new Set<string>();
  return found.map((policy) => {
    const { apiVersion, kind, object } = policy.document;
    const plain = nameOf(policy.nameParts);
    const source = JSON.stringify([apiVersion, kind, object['metadata'], policy.nameParts]);
    let name = taken.has(plain) ? nameBeside(plain, source) : plain;
    for (let n = 2; taken.has(name); n += 1) name = nameBeside(plain, `${source} ${n}`);
    if (policy.spec !== undefined) taken.add(name);
    return { ...policy, name };
  });
}

/** What our own validation refuses is refused here, with its words: a name too long, an expression too large. */
function checked(policy: Named): Named {
  const { spec, name, document, notes } = policy;
  if (spec === undefined) return policy;
  const object: OutputObject = { apiVersion: API_VERSION, kind: 'ImageTrustPolicy', metadata: { name }, spec };
  const outcome = validateManifest('ImageTrustPolicy', object);
  if (outcome.ok) return { ...policy, object };
  const { spec: _, ...rest } = policy;
  return { ...rest, document, notes: [...notes, ...outcome.problems.map(refusal)] };
}

function refusal({
  path,
  expected,
  found,
}: {
  path: readonly (string | number)[];
  expected: string;
  found: string;
}): ImportNote {
  return { kind: 'refused', path: [], message: `our ${shownPath(path)} would have to be ${expected}, and is ${found}` };
}

function keysOf(spec: ImportedPolicy['spec']): readonly string[] {
  const sets = [...(spec?.attestors ?? []), ...(spec?.attestations ?? []).flatMap(({ attestors }) => attestors ?? [])];
  return sets.flatMap(({ entries }) => entries.map(({ trustedKey }) => trustedKey));
}

function mapsOf({ configMapRef, tuf }: TrustRootRef): readonly string[] {
  return [configMapRef?.name, tuf?.rootRef.configMapRef.name].flatMap((name) => name ?? []);
}

function configMap(name: string, namespace: string): OutputObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace } };
}

function plainObject(object: OutputObject): ImportedObject {
  return { object, notes: [] };
}

function once(notes: readonly PlacedNote[]): readonly PlacedNote[] {
  const seen = new Map<string, PlacedNote>();
  for (const note of notes) {
    const { file, document, path } = note.document;
    const key = JSON.stringify([file, document, path, note.path, note.kind, note.message]);
    if (!seen.has(key)) seen.set(key, note);
  }
  return [...seen.values()];
}
