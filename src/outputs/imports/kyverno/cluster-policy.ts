/**
 * verifyImages rules of a Kyverno ClusterPolicy or Policy as our policies: one for every entry of every rule, and one
 * more where it looks at Pods by several filters or in several modes.
 */
import { at, type Field, isAbsent, isMapping, listItems, optionalText } from '../../../core/manifests/field.ts';
import type { ManifestDocument } from '../../../core/manifests/load.ts';
import { type Draft, endDraft, type ImportedPolicy, type PolicySpec, refuseUnknown, startDraft } from '../draft.ts';
import { clusterPolicyGlob, clusterPolicySkip, leftOutImages, selectedImages } from '../globs.ts';
import type { Keyring } from '../keyring.ts';
import { isStatedOperation } from './operations.ts';
import { demandsOfEntry, variablesOf } from './demands.ts';
import { digestRules, isOn, modesOf, registryOf, type ScopedMode, severityOf, webhookSettings } from './enforcement.ts';
import { cleaned, combined, matchesOf } from './match.ts';
import type { MatchSpec } from '../scope.ts';
import { RULE_TYPES, type RuleType } from './signer-context.ts';

/** What is imported of one rule: an entry, looked at through one filter in one mode. */
interface Slice {
  readonly rule: Field;
  readonly index: number;
  /** Which of the rule's filters and modes. */
  readonly match: number;
  readonly mode: number;
}

/** The policies of a document, in its order. */
export function importClusterPolicy(document: ManifestDocument, ring: Keyring): readonly ImportedPolicy[] {
  const { root } = startDraft(document);
  const rules = listItems(at(root, 'spec', 'rules'), 'a list of rules');
  const verifying = rules.filter((rule) => listItems(at(rule, 'verifyImages'), 'a list').length > 0);
  if (verifying.length === 0) return [nothingToImport(document)];
  const slices = verifying.flatMap((rule) => slicesOf(rule, document));
  return slices.map((slice) => importSlice(slice, { document, ring, rules, alone: slices.length === 1 }));
}

function nothingToImport(document: ManifestDocument): ImportedPolicy {
  const draft = startDraft(document);
  draft.note('lost', at(draft.root, 'spec', 'rules'), 'no rule verifies images, so there is nothing to import');
  return endDraft(draft, { nameParts: [nameIn(draft.root)], origin: '', spec: undefined });
}

function slicesOf(rule: Field, document: ManifestDocument): readonly Slice[] {
  const draft = startDraft(document);
  const matches = Math.max(1, matchesOf(rule, namespaceOf(document), draft).length);
  const modes = modesOf(rule, at(draft.root, 'spec'), draft).length;
  return listItems(at(rule, 'verifyImages'), 'a list').flatMap((_, index) =>
    Array.from({ length: matches * modes }, (__, n) => ({
      rule,
      index,
      match: Math.floor(n / modes),
      mode: n % modes,
    })),
  );
}

interface Whole {
  readonly document: ManifestDocument;
  readonly ring: Keyring;
  readonly rules: readonly Field[];
  readonly alone: boolean;
}

function importSlice(slice: Slice, { document, ring, rules, alone }: Whole): ImportedPolicy {
  const draft = startDraft(document);
  const rule = { ...slice.rule, report: draft.root.report };
  const spec = at(draft.root, 'spec');
  const ruleName = optionalText(at(rule, 'name'), 'a name') ?? '';
  const entry = listItems(at(rule, 'verifyImages'), 'a list')[slice.index];
  const mode = modesOf(rule, spec, draft)[slice.mode];
  const match = matchesOf(rule, namespaceOf(document), draft)[slice.match];
  noteRule(rule, spec, draft);
  if (at(spec, 'applyRules').value === 'One' && rules.length > 1)
    draft.note('changed', at(spec, 'applyRules'), 'every rule is applied here, not only the first that matches');
  const made =
    entry === undefined || match === undefined || mode === undefined
      ? undefined
      : specOf(entry, { rule, spec, match, mode }, { draft, ring });
  const numbers = [slice.index, slice.match, slice.mode].map((n) => (n === 0 ? '' : String(n + 1)));
  const nameParts = [...namespacePart(document), nameIn(draft.root), ...(alone ? [] : [ruleName, ...numbers])];
  return endDraft(draft, { nameParts, origin: `rule ${ruleName}`, spec: made });
}

interface Surroundings {
  readonly rule: Field;
  readonly spec: Field;
  readonly match: MatchSpec;
  readonly mode: ScopedMode;
}

const ENTRY_FIELDS = [
  'failureAction',
  'type',
  'imageReferences',
  'skipImageReferences',
  'image',
  'key',
  'roots',
  'subject',
  'issuer',
  'annotations',
  'additionalExtensions',
  'attestors',
  'attestations',
  'repository',
  'cosignOCI11',
  'mutateDigest',
  'verifyDigest',
  'required',
  'useCache',
  'validate',
  'imageRegistryCredentials',
];

function specOf(
  entry: Field,
  { rule, spec, match, mode }: Surroundings,
  { draft, ring }: { readonly draft: Draft; readonly ring: Keyring },
): PolicySpec | undefined {
  refuseUnknown(draft, entry, ENTRY_FIELDS);
  noteEntry(entry, draft);
  const type = typeOf(entry, draft);
  const images = imagesOf(entry, draft);
  const demands = demandsOfEntry(entry, { draft, ring, type, variables: variablesOf(rule) });
  if (demands === undefined || images.length === 0) return undefined;
  const exclude = leftOutImages(
    listItems(at(entry, 'skipImageReferences'), 'a list of images'),
    clusterPolicySkip,
    draft,
  );
  const whole = cleaned(combined(match, mode.match));
  const registry = registryOf(at(entry, 'imageRegistryCredentials'), draft);
  const severity = severityOf(draft.root);
  const { signatureFormat, ...demanded } = demands;
  return {
    images: [...images],
    ...(exclude.length === 0 ? {} : { excludeImages: [...exclude] }),
    ...(Object.keys(whole).length === 0 ? {} : { match: whole }),
    ...demanded,
    digest: digestRules(entry),
    ...(registry === undefined ? {} : { registry }),
    ...(severity === undefined ? {} : { severity }),
    enforcement: {
      mode: mode.mode,
      kyverno: {
        format: 'ClusterPolicy',
        ...(signatureFormat === undefined ? {} : { signatureFormat }),
        mutateDigest: isOn(at(entry, 'mutateDigest')),
        ...webhookSettings(spec, at(spec, 'webhookConfiguration', 'timeoutSeconds')),
      },
    },
  };
}

function imagesOf(entry: Field, draft: Draft): readonly string[] {
  const list = listItems(at(entry, 'imageReferences'), 'a list of images');
  const fields = [...list, ...(isAbsent(at(entry, 'image')) ? [] : [at(entry, 'image')])];
  const images = selectedImages(fields, clusterPolicyGlob, draft);
  if (images.length === 0) draft.note('refused', at(entry, 'imageReferences'), 'no image that the rule could match');
  return images;
}

function typeOf(entry: Field, draft: Draft): RuleType {
  const { value = 'Cosign' } = at(entry, 'type');
  const type = RULE_TYPES.find((known) => known === value);
  if (type === undefined) draft.note('refused', at(entry, 'type'), `expected one of ${RULE_TYPES.join(', ')}`);
  return type ?? 'Cosign';
}

function noteRule(rule: Field, spec: Field, draft: Draft): void {
  const conditions = at(rule, 'preconditions');
  if (!isAbsent(conditions) && !isStatedOperation(conditions))
    draft.note('changed', conditions, 'preconditions cannot be said here; left out, so more Pods are looked at');
  const extractors = at(rule, 'imageExtractors');
  if (!isAbsent(extractors) && !looksAtPodsAlone(extractors))
    draft.note('changed', extractors, 'all containers and image volumes of a Pod are judged, and nothing else');
  const webhook = at(spec, 'webhookConfiguration', 'matchConditions');
  if (listItems(webhook, 'a list').length > 0)
    draft.note(
      'changed',
      webhook,
      'matchConditions switch the verification off in Kyverno; here it is on, for all Pods',
    );
}

/** Extractors of the places that are judged here anyhow. */
function looksAtPodsAlone(extractors: Field): boolean {
  const kinds = isMapping(extractors.value) ? Object.keys(extractors.value) : [];
  const paths = listItems(at(extractors, 'Pod'), 'a list of extractors').map((item) => at(item, 'path').value);
  const known = /^\/spec\/(?:containers|initContainers|ephemeralContainers|volumes)\/\*\/(?:image\/)?$/;
  return kinds.join() === 'Pod' && paths.every((path) => typeof path === 'string' && known.test(path));
}

function noteEntry(entry: Field, draft: Draft): void {
  if (!isAbsent(at(entry, 'validate')))
    draft.note('refused', at(entry, 'validate'), 'conditions of validate cannot be said here');
  if (at(entry, 'cosignOCI11').value === true)
    draft.note(
      'changed',
      at(entry, 'cosignOCI11'),
      'our engine finds such signatures; the generated Kyverno policy does not look there',
    );
}

function nameIn(root: Field): string {
  return optionalText(at(root, 'metadata', 'name'), 'a name') ?? '';
}

/** Of a namespaced Policy. */
function namespaceOf({ kind, object }: ManifestDocument): string | undefined {
  if (kind !== 'Policy') return undefined;
  const { value } = at({ value: object, path: [], report: () => undefined }, 'metadata', 'namespace');
  return typeof value === 'string' && value !== '' ? value : 'default';
}

function namespacePart(document: ManifestDocument): readonly string[] {
  return [namespaceOf(document)].flatMap((namespace) => namespace ?? []);
}
