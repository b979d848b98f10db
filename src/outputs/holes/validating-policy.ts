/** Holes in an ImageValidatingPolicy, namespaced or not. One small look for each; what it means stands in table.ts. */
import { at, type Field, isAbsent, listItems } from '../../core/manifests/field.ts';
import type { ManifestDocument } from '../../core/manifests/load.ts';
import { type Hole, type Search, startSearch } from './hole.ts';
import { missedSpellings } from './spellings.ts';
import { updatesByConditions } from './updates.ts';
import { checkAttestors } from './validating-attestors.ts';
import { checkValidations } from './validations.ts';

/** A validating webhook's name takes the policy's (measured). */
const MAX_NAME = 209;
const CONTROLLERS = [
  'deployments',
  'statefulsets',
  'daemonsets',
  'replicasets',
  'jobs',
  'cronjobs',
  'replicationcontrollers',
];

/** The holes of a policy. */
export function holesInValidatingPolicy(document: ManifestDocument): readonly Hole[] {
  const search = startSearch(document);
  const spec = at(search.root, 'spec');
  const actions = listItems(at(spec, 'validationActions'), 'a list of actions').map(({ value }) => value);
  const denies = actions.length === 0 || actions.includes('Deny');
  checkWebhook(spec, search);
  const updated = checkConstraints(spec, search);
  checkUpdates(spec, { updated, denies }, search);
  checkImages(spec, search);
  if (denies) checkDigests(at(spec, 'validationConfigurations'), spec, search);
  checkAttestors(spec, search);
  checkValidations(spec, search);
  return search.holes();
}

function checkWebhook(spec: Field, search: Search): void {
  const timeout = at(spec, 'webhookConfiguration', 'timeoutSeconds');
  const { value } = timeout;
  const served = typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 30;
  if (!isAbsent(timeout) && !served) search.found('TimeoutOutOfRange', timeout, `${JSON.stringify(value)} seconds`);
  const name = at(search.root, 'metadata', 'name');
  if (typeof name.value === 'string' && name.value.length > MAX_NAME)
    search.found('NameTooLong', name, `${name.value.length} characters`);
}

/** Whether updates come to the policy at all. */
function checkConstraints(spec: Field, search: Search): boolean {
  const constraints = at(spec, 'matchConstraints');
  const rules = listItems(at(constraints, 'resourceRules'), 'a list of rules');
  const named = rules.map((rule) => ({ rule, resources: textsOf(at(rule, 'resources')) }));
  const ours = named.filter(
    ({ rule, resources }) => isCore(rule) && resources.some((name) => /^(pods|\*|\*\/\*|pods\/\*)$/.test(name)),
  );
  if (ours.length === 0) {
    const place = isAbsent(constraints) ? spec : constraints;
    const found = named.flatMap(({ resources }) => resources);
    if (found.some((name) => CONTROLLERS.includes(name)))
      search.found('PodsNotMatched', place, `${found.join(', ')} and no pods`);
    else
      search.found(
        'EmptyConstraints',
        place,
        found.length === 0 ? 'no resources' : `resources ${found.join(', ')}, and no pods`,
      );
    return true;
  }
  const operations = ours.map(({ rule }) => at(rule, 'operations'));
  const lacking = operations.find((field) => !textsOf(field).some((name) => name === 'UPDATE' || name === '*'));
  if (lacking !== undefined) search.found('UpdatesNotVerified', lacking, 'UPDATE is not among the operations');
  const ephemeral = named.some(({ resources }) =>
    resources.some((name) => /^(pods\/ephemeralcontainers|pods\/\*|\*\/\*)$/.test(name)),
  );
  if (!ephemeral)
    search.found('ContainersNotCovered', at(constraints, 'resourceRules'), 'no resource pods/ephemeralcontainers');
  return lacking === undefined;
}

function isCore(rule: Field): boolean {
  const groups = textsOf(at(rule, 'apiGroups'));
  return groups.length === 0 || groups.includes('') || groups.includes('*');
}

function textsOf(field: Field): readonly string[] {
  return listItems(field, 'a list of texts').map(({ value }) => String(value));
}

function checkUpdates(
  spec: Field,
  { updated, denies }: { readonly updated: boolean; readonly denies: boolean },
  search: Search,
): void {
  const conditions = at(spec, 'matchConditions');
  const updates = updatesByConditions(listItems(conditions, 'a list of conditions'));
  const place = isAbsent(conditions) ? spec : conditions;
  if (updates === 'never') search.found('UpdatesNotVerified', place, 'the policy does not hold at an update');
  else if (updates === 'always' && updated && denies)
    search.found('RunningPodsTrapped', place, 'every update of a running Pod is verified');
}

/** An expression may cover whatever it likes: with one in the list, nothing is said of spellings. */
function checkImages(spec: Field, search: Search): void {
  const items = listItems(at(spec, 'matchImageReferences'), 'a list of images');
  if (items.some((item) => !isAbsent(at(item, 'expression')))) return;
  const globs = items.flatMap((item) => {
    const { value } = at(item, 'glob');
    return typeof value === 'string' ? [{ item: at(item, 'glob'), glob: value }] : [];
  });
  const all = globs.map(({ glob }) => glob);
  for (const { item, glob } of globs) {
    const missed = missedSpellings(glob, all, 'ImageValidatingPolicy');
    if (missed.length > 0) search.found('Spellings', item, `${glob} does not cover ${missed.slice(0, 3).join(', ')}`);
  }
}

function checkDigests(settings: Field, spec: Field, search: Search): void {
  if (at(settings, 'mutateDigest').value !== false) return;
  const verified = at(settings, 'verifyDigest').value !== false;
  if (!verified)
    search.found('TagCanMove', at(settings, 'mutateDigest'), 'mutateDigest and verifyDigest are both false');
  if (!verified)
    search.found('CachedPass', isAbsent(settings) ? spec : at(settings, 'mutateDigest'), 'mutateDigest is false');
}
