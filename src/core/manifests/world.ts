/**
 * The cluster that manifests describe: policies, keys, what they refer to, and what runs. Owns which kinds are read
 * and what is wrong between objects; kinds that are nobody's business here are passed over in silence.
 */
import { API_VERSION, GROUP, type KindName, KINDS } from '../../api/group.ts';
import type { ImageTrustPolicy } from '../../api/image-trust-policy.ts';
import type { TrustedKey } from '../../api/trusted-key.ts';
import { validateManifest } from '../../api/validate.ts';
import { predicateProblems } from '../predicate/problems.ts';
import { usesOf } from '../inventory.ts';
import type { Labels } from '../selector.ts';
import type { Workload } from '../workload.ts';
import type { World } from '../world.ts';
import { at, type Field, textMap } from './field.ts';
import { type ManifestDocument, problemIn } from './load.ts';
import type { ManifestProblem } from './problem.ts';
import { type ObjectTexts, readConfigMap, readSecret } from './read-data.ts';
import { groupOf, isWorkload, readWorkload } from './read-workload.ts';

/** A world made of manifests, with the data that keys refer to. */
export interface ManifestWorld extends World {
  readonly workloads: readonly Workload[];
  /** Secrets and ConfigMaps by `namespace/name`. */
  readonly secrets: ReadonlyMap<string, ObjectTexts>;
  readonly configMaps: ReadonlyMap<string, ObjectTexts>;
}

/** The world, and everything that is wrong with the manifests. With problems, the world is not to be used. */
export interface ReadWorld {
  readonly world: ManifestWorld;
  readonly problems: readonly ManifestProblem[];
}

/** Reads all objects of all files together. */
export function readWorld(documents: readonly ManifestDocument[]): ReadWorld {
  const found: Found = {
    policies: [],
    trustedKeys: [],
    workloads: [],
    namespaces: new Map(),
    secrets: new Map(),
    configMaps: new Map(),
  };
  const problems: ManifestProblem[] = [...duplicates(documents)];
  for (const document of documents) {
    const report: Field['report'] = (problem) => problems.push(problemIn(document, problem));
    collect(document, { value: document.object, path: [], report }, found);
  }
  return { world: { ...found, uses: usesOf(found.workloads) }, problems };
}

/** The world under construction. */
interface Found {
  readonly policies: ImageTrustPolicy[];
  readonly trustedKeys: TrustedKey[];
  readonly workloads: Workload[];
  readonly namespaces: Map<string, Labels>;
  readonly secrets: Map<string, ObjectTexts>;
  readonly configMaps: Map<string, ObjectTexts>;
}

function collect(document: ManifestDocument, root: Field, found: Found): void {
  if (isOurs(document)) {
    collectOurs(document, root, found);
    return;
  }
  if (isWorkload(document)) {
    const workload = readWorkload(document, root);
    if (workload !== undefined) found.workloads.push(workload);
    return;
  }
  switch (`${document.apiVersion}/${document.kind}`) {
    case 'v1/Namespace':
      found.namespaces.set(nameOf(document), textMap(at(root, 'metadata', 'labels'), 'labels'));
      return;
    case 'v1/Secret':
      found.secrets.set(keyOf(document), readSecret(root));
      return;
    case 'v1/ConfigMap':
      found.configMaps.set(keyOf(document), readConfigMap(root));
      return;
    default:
  }
}

/**
 * Our group; and our kinds under any other group, for a policy that is passed over because of a slip in its
 * apiVersion would look like a cluster in which all is well.
 */
function isOurs({ apiVersion, kind }: ManifestDocument): boolean {
  return groupOf(apiVersion) === GROUP || Object.hasOwn(KINDS, kind);
}

function collectOurs(document: ManifestDocument, root: Field, found: Found): void {
  const { kind, apiVersion } = document;
  if (kind.endsWith('List') && apiVersion === API_VERSION) return;
  if (!isKind(kind)) {
    const expected = `one of the kinds ${Object.keys(KINDS).join(', ')}`;
    root.report({ path: ['kind'], expected, found: JSON.stringify(kind) });
    return;
  }
  if (apiVersion !== API_VERSION) {
    root.report({ path: ['apiVersion'], expected: API_VERSION, found: JSON.stringify(apiVersion) });
    return;
  }
  // In a typed list the items have neither; the list's own have been checked just now.
  const whole = { ...document.object, apiVersion, kind };
  if (kind === 'TrustedKey') take(validateManifest(kind, whole), root, found.trustedKeys);
  else takePolicy(whole, root, found);
}

/** Conditions that can never be evaluated are told here: no image would be called trusted, and nobody would know why. */
function takePolicy(whole: Readonly<Record<string, unknown>>, root: Field, found: Found): void {
  const checked = validateManifest('ImageTrustPolicy', whole);
  const problems = checked.ok ? predicateProblems(checked.value) : [];
  take(problems.length > 0 ? { ok: false, problems } : checked, root, found.policies);
}

function isKind(kind: string): kind is KindName {
  return Object.hasOwn(KINDS, kind);
}

type Checked<T> = { readonly ok: true; readonly value: T } | Refused;
interface Refused {
  readonly ok: false;
  readonly problems: readonly Parameters<Field['report']>[0][];
}

function take<T>(checked: Checked<T>, root: Field, into: T[]): void {
  if (checked.ok) into.push(checked.value);
  else checked.problems.forEach(root.report);
}

/** The same object twice: which one counts would depend on the order of files. */
function duplicates(documents: readonly ManifestDocument[]): readonly ManifestProblem[] {
  const first = new Map<string, ManifestDocument>();
  return documents.filter(isRead).flatMap((document) => {
    const key = [groupOf(document.apiVersion), document.kind, keyOf(document)].join('/');
    const earlier = first.get(key);
    if (earlier === undefined || nameOf(document) === '') {
      first.set(key, document);
      return [];
    }
    const expected = `${document.kind} ${nameOf(document)} once`;
    const found = `the same object again; it is in ${placeOf(earlier)} already`;
    return [problemIn(document, { path: ['metadata', 'name'], expected, found })];
  });
}

function isRead(document: ManifestDocument): boolean {
  const core = document.apiVersion === 'v1' && ['Namespace', 'Secret', 'ConfigMap'].includes(document.kind);
  return core || isOurs(document) || isWorkload(document);
}

function placeOf(document: ManifestDocument): string {
  const position = document.positionOf(['metadata', 'name']);
  const line = position === undefined ? '' : `:${position.line}`;
  return `${document.file}${line} (document ${document.document})`;
}

function nameOf({ object }: ManifestDocument): string {
  const name = at({ value: object, path: [], report: () => undefined }, 'metadata', 'name').value;
  return typeof name === 'string' ? name : '';
}

/** `namespace/name`. Cluster-scoped kinds have no namespace, whatever a manifest says. */
function keyOf(document: ManifestDocument): string {
  if (isOurs(document) || document.kind === 'Namespace') return nameOf(document);
  const field = at({ value: document.object, path: [], report: () => undefined }, 'metadata', 'namespace');
  const namespace = typeof field.value === 'string' && field.value !== '' ? field.value : 'default';
  return `${namespace}/${nameOf(document)}`;
}
