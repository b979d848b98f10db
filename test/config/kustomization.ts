/**
 * Reads manifests and kustomizations from disk, as far as ours go: a tree of `resources`. What kustomize itself makes of
 * patches and components is asked of the real kubectl (test/cluster).
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { parseAllDocuments } from 'yaml';

/** The root of the repository. */
export const PROJECT = resolve(import.meta.dirname, '../..');

/** A mapping of YAML; what is in it is for the test to look at. */
export type Mapping = { readonly [key: string]: unknown };

/** An object of a manifest, with where it stands. */
export interface Manifest {
  /** Path from the root of the repository. */
  readonly file: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace: string | undefined;
  readonly object: Mapping;
}

const NAMES = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];

/** The kustomization of a folder. */
export function kustomizationOf(folder: string): Mapping {
  const file = NAMES.map((name) => join(PROJECT, folder, name)).find((path) => existsSync(path));
  if (file === undefined) throw new Error(`${folder}: no kustomization`);
  const [document] = documentsOf(file);
  return asMapping(document);
}

/** Every object that a kustomization's `resources` lead to. */
export function resourcesOf(folder: string): readonly Manifest[] {
  return texts(kustomizationOf(folder)['resources']).flatMap((path) => {
    const target = join(folder, path);
    return statSync(join(PROJECT, target)).isDirectory() ? resourcesOf(target) : manifestsIn(target);
  });
}

/** The objects of one file. */
export function manifestsIn(file: string): readonly Manifest[] {
  return documentsOf(join(PROJECT, file)).map((document) => {
    const object = asMapping(document);
    const metadata = asMapping(object['metadata']);
    const namespace = metadata['namespace'];
    return {
      file,
      apiVersion: String(object['apiVersion']),
      kind: String(object['kind']),
      name: String(metadata['name']),
      namespace: typeof namespace === 'string' ? namespace : undefined,
      object,
    };
  });
}

/** Every YAML file below a folder, kustomizations included. */
export function yamlFilesBelow(folder: string): readonly string[] {
  return readdirSync(join(PROJECT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && (/\.ya?ml$/.test(entry.name) || NAMES.includes(entry.name)))
    .map((entry) => relative(PROJECT, join(entry.parentPath, entry.name)))
    .toSorted();
}

/** Does this file hold whole objects: no kustomization, no patch of one, no bare rules of Prometheus? */
export function isManifest(file: string): boolean {
  return !/kustomization\.yaml$|Kustomization$|_patch\.yaml$|\/rules(_test)?\.yaml$/.test(file);
}

/** The folders below `folder` that have a kustomization. */
export function kustomizedFolders(folder: string): readonly string[] {
  return yamlFilesBelow(folder)
    .filter((file) => NAMES.some((name) => file.endsWith(`/${name}`)))
    .map((file) => dirname(file));
}

/** The documents of a YAML file; throws where one does not parse or repeats a key. */
export function documentsOf(file: string): readonly unknown[] {
  return parseAllDocuments(readFileSync(file, 'utf8'), { uniqueKeys: true, strict: true }).map((document) => {
    const [problem] = [...document.errors, ...document.warnings];
    if (problem !== undefined) throw new Error(`${relative(PROJECT, file)}: ${problem.message}`);
    return document.toJS();
  });
}

/** The value at a path of keys and indexes, or undefined. */
export function valueAt(value: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (at, key) => (typeof at === 'object' && at !== null ? (Reflect.get(at, key) as unknown) : undefined),
    value,
  );
}

/** A mapping, or a failure of the test. */
export function asMapping(value: unknown): Mapping {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Mapping;
  throw new Error(`expected a mapping, found ${JSON.stringify(value)}`);
}

/** A list, empty where there is none. */
export function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A list of texts, empty where there is none. */
export function texts(value: unknown): readonly string[] {
  return asList(value).map(String);
}
