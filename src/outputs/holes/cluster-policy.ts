/** Holes in the verifyImages rules of a ClusterPolicy or Policy. One small look for each; what it means stands in table.ts. */
import { at, type Field, isAbsent, isMapping, listItems } from '../../core/manifests/field.ts';
import { modesOf } from '../imports/kyverno/enforcement.ts';
import { startDraft } from '../imports/draft.ts';
import type { ManifestDocument } from '../../core/manifests/load.ts';
import { canonical } from '../canonical.ts';
import { checkAttestations, checkAttestors } from './cluster-policy-signers.ts';
import { type Hole, type Search, startSearch, textOf } from './hole.ts';
import { missedSpellings } from './spellings.ts';
import { updatesByPreconditions } from './updates.ts';

/** The holes of a policy; undefined for one that verifies no images. */
export function holesInClusterPolicy(document: ManifestDocument): readonly Hole[] | undefined {
  const search = startSearch(document);
  const spec = at(search.root, 'spec');
  const rules = listItems(at(spec, 'rules'), 'a list of rules').filter((rule) => !isAbsent(at(rule, 'verifyImages')));
  if (rules.length === 0) return search.holes().length > 0 ? search.holes() : undefined;
  const webhook = at(spec, 'webhookConfiguration', 'matchConditions');
  if (listItems(webhook, 'a list of conditions').length > 0)
    search.found('MatchConditions', webhook, 'verifyImages is not evaluated with these');
  for (const rule of rules) checkRule(rule, { spec, document, search });
  checkImages(
    rules.flatMap((rule) => listItems(at(rule, 'verifyImages'), 'a list')),
    search,
  );
  return search.holes();
}

interface Whole {
  readonly spec: Field;
  readonly document: ManifestDocument;
  readonly search: Search;
}

function checkRule(rule: Field, whole: Whole): void {
  const { search } = whole;
  checkKinds(rule, search);
  checkContainers(rule, search);
  const modes = new Set(modesOf(rule, whole.spec, startDraft(whole.document)).map(({ mode }) => mode));
  checkUpdates(rule, modes.has('Enforce'), search);
  for (const entry of listItems(at(rule, 'verifyImages'), 'a list')) {
    checkSettings(entry, { ...whole, modes });
    checkAttestors(entry, search);
    checkAttestations(entry, search);
  }
}

function checkKinds(rule: Field, search: Search): void {
  const filters = ['any', 'all'].flatMap((key) => listItems(at(rule, 'match', key), 'a list of filters'));
  const kinds = [...filters, at(rule, 'match')].map((filter) => at(filter, 'resources', 'kinds'));
  const names = kinds.flatMap((field) => listItems(field, 'a list of kinds').map(({ value }) => String(value)));
  const [place] = kinds.filter((field) => !isAbsent(field));
  if (place === undefined || names.some((name) => /(?:^|\/)(?:Pod|\*)$/.test(name))) return;
  search.found('PodsNotMatched', place, `${names.join(', ')} and no Pod`);
}

const LISTS = ['containers', 'initContainers', 'ephemeralContainers'] as const;

/** Extractors replace what Kyverno looks at by itself; of those with one name it keeps the last that finds an image. */
function checkContainers(rule: Field, search: Search): void {
  const extractors = at(rule, 'imageExtractors', 'Pod');
  const items = listItems(extractors, 'a list of extractors');
  const paths = items.map((item) => textOf(at(item, 'path')));
  if (!paths.some((path) => path.startsWith('/spec/volumes')))
    search.found('ImageVolumes', isAbsent(extractors) ? rule : extractors, 'no extractor for /spec/volumes/*/image/');
  if (isAbsent(extractors)) return;
  const missing = LISTS.filter((list) => !paths.some((path) => path.startsWith(`/spec/${list}/`)));
  if (missing.length > 0) search.found('ContainersNotCovered', extractors, `no extractor for ${missing.join(', ')}`);
  const names = items.map((item) => textOf(at(item, 'name')) || 'custom');
  const [shared] = names.filter((name, index) => names.indexOf(name) !== index);
  if (shared !== undefined)
    search.found(
      'ContainersNotCovered',
      extractors,
      `several extractors have the name ${shared}, and one alone counts`,
    );
}

function checkUpdates(rule: Field, enforced: boolean, search: Search): void {
  const preconditions = at(rule, 'preconditions');
  const updates = updatesByPreconditions(preconditions);
  const filters = ['any', 'all'].flatMap((key) => listItems(at(rule, 'match', key), 'a list of filters'));
  const operations = [...filters, at(rule, 'match')].map((filter) => at(filter, 'resources', 'operations'));
  const creationOnly = operations.find(
    ({ value }) => Array.isArray(value) && value.length > 0 && !value.includes('UPDATE'),
  );
  const place = isAbsent(preconditions) ? rule : preconditions;
  if (creationOnly !== undefined)
    search.found('UpdatesNotVerified', creationOnly, 'UPDATE is not among the operations');
  else if (updates === 'never') search.found('UpdatesNotVerified', place, 'the rule does not hold at an update');
  else if (updates === 'always' && enforced)
    search.found('RunningPodsTrapped', place, 'every update of a running Pod is verified');
}

/** Entries that demand the same cover for each other what one of them leaves out. */
function checkImages(entries: readonly Field[], search: Search): void {
  const globs = entries.flatMap((entry) => globsIn(entry).map((glob) => ({ ...glob, demand: demandOf(entry) })));
  for (const { item, glob, demand } of globs) {
    const all = globs.filter((other) => other.demand === demand).map((other) => other.glob);
    const missed = missedSpellings(glob, all, 'ClusterPolicy');
    if (missed.length > 0) search.found('Spellings', item, `${glob} does not cover ${missed.slice(0, 3).join(', ')}`);
  }
}

function demandOf(entry: Field): string {
  return canonical(['type', 'attestors', 'attestations', 'key'].map((key) => at(entry, key).value));
}

function globsIn(entry: Field): readonly { readonly item: Field; readonly glob: string }[] {
  const items = [...listItems(at(entry, 'imageReferences'), 'a list of images'), at(entry, 'image')];
  return items.flatMap((item) => (typeof item.value === 'string' ? [{ item, glob: item.value }] : []));
}

function checkSettings(entry: Field, { spec, search, modes }: Whole & { readonly modes: ReadonlySet<string> }): void {
  const failure = [at(spec, 'webhookConfiguration', 'failurePolicy'), at(spec, 'failurePolicy')].map(
    ({ value }) => value,
  );
  const ignores = failure.includes('Ignore');
  const required = at(entry, 'required').value !== false;
  const off = (key: string): boolean => at(entry, key).value === false;
  if (!off('useCache')) search.found('CachedPass', placeOf(entry, 'useCache'), 'useCache is not false');
  if (modes.has('Enforce') && off('mutateDigest') && off('verifyDigest'))
    search.found('TagCanMove', at(entry, 'mutateDigest'), 'mutateDigest and verifyDigest are both false');
  if (modes.has('Audit') && !ignores)
    search.found('AuditDenies', placeOf(spec, 'webhookConfiguration'), 'Audit, and failurePolicy is not Ignore');
  if (modes.has('Enforce') && ignores && !required)
    search.found('RegistryDownAdmits', at(entry, 'required'), 'failurePolicy Ignore and required false');
  if (modes.has('Enforce') && required)
    search.found('EphemeralContainersDenied', placeOf(entry, 'required'), 'required is not false');
}

/** The field where it is written, else what it would stand in. */
function placeOf(parent: Field, key: string): Field {
  return isMapping(parent.value) && Object.hasOwn(parent.value, key) ? at(parent, key) : parent;
}
