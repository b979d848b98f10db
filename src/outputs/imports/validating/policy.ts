/** An ImageValidatingPolicy of Kyverno as one policy of ours. */
import { at, type Field, isAbsent, listItems, optionalText } from '../../../core/manifests/field.ts';
import type { ManifestDocument } from '../../../core/manifests/load.ts';
import {
  type Draft,
  endDraft,
  type EntrySpec,
  type ImportedPolicy,
  type PolicySpec,
  refuseUnknown,
  startDraft,
} from '../draft.ts';
import { selectedImages, validatingPolicyGlob } from '../globs.ts';
import type { Keyring } from '../keyring.ts';
import {
  digestRules,
  type EnforcementSpec,
  isOn,
  registryOf,
  severityOf,
  webhookSettings,
} from '../kyverno/enforcement.ts';
import { cleaned } from '../kyverno/match.ts';
import { type MatchSpec, selectorOf } from '../scope.ts';
import { entryOf } from './attestors.ts';
import { demandsOfPolicy } from './demands.ts';
import { namespacesOf } from './match-conditions.ts';

const FIELDS = [
  'attestors',
  'attestations',
  'matchConstraints',
  'matchConditions',
  'matchImageReferences',
  'images',
  'variables',
  'validations',
  'validationActions',
  'failurePolicy',
  'webhookConfiguration',
  'validationConfigurations',
  'credentials',
  'evaluation',
  'autogen',
  'auditAnnotations',
];

/** The policy of a document. */
export function importValidatingPolicy(document: ManifestDocument, ring: Keyring): readonly ImportedPolicy[] {
  const draft = startDraft(document);
  const spec = at(draft.root, 'spec');
  const namespace = document.kind.startsWith('Namespaced') ? namespaceIn(draft.root) : undefined;
  const name = optionalText(at(draft.root, 'metadata', 'name'), 'a name') ?? '';
  refuseUnknown(draft, spec, FIELDS);
  const nameParts = [...(namespace === undefined ? [] : [namespace]), name];
  return [endDraft(draft, { nameParts, origin: '', spec: specOf(spec, namespace, { draft, ring }) })];
}

function namespaceIn(root: Field): string {
  return optionalText(at(root, 'metadata', 'namespace'), 'a namespace') ?? 'default';
}

function specOf(
  spec: Field,
  namespace: string | undefined,
  ctx: { readonly draft: Draft; readonly ring: Keyring },
): PolicySpec | undefined {
  const { draft } = ctx;
  demandPods(spec, draft);
  const entries = new Map<string, EntrySpec | undefined>();
  for (const attestor of listItems(at(spec, 'attestors'), 'a list of attestors'))
    entries.set(optionalText(at(attestor, 'name'), 'a name') ?? '', entryOf(attestor, ctx));
  const demands = demandsOfPolicy(spec, entries, draft);
  const images = imagesOf(at(spec, 'matchImageReferences'), draft);
  if (demands === undefined) return undefined;
  const match = cleaned(matchOf(spec, namespace, draft));
  const registry = registryOf(at(spec, 'credentials'), draft);
  const severity = severityOf(draft.root);
  const { signatureFormat, ...demanded } = demands;
  return {
    images: [...images],
    ...(Object.keys(match).length === 0 ? {} : { match }),
    ...demanded,
    digest: digestRules(at(spec, 'validationConfigurations')),
    ...(registry === undefined ? {} : { registry }),
    ...(severity === undefined ? {} : { severity }),
    enforcement: enforcementOf(spec, signatureFormat, draft),
  };
}

/** Constraints that find no Pods let everything in; whoever wrote such a policy meant Pods. */
function demandPods(spec: Field, draft: Draft): void {
  const rules = listItems(at(spec, 'matchConstraints', 'resourceRules'), 'a list of rules');
  const resources = rules.flatMap((rule) =>
    listItems(at(rule, 'resources'), 'a list').map(({ value }) => String(value)),
  );
  if (resources.some((name) => name === 'pods' || name === '*')) return;
  const says = resources.length === 0 ? 'no resources stand here' : `pods are not among ${resources.join(', ')}`;
  const field = at(spec, 'matchConstraints');
  draft.note('changed', field, `${says}, so Kyverno looks at no Pod; here all Pods are judged`);
}

function imagesOf(list: Field, draft: Draft): readonly string[] {
  const items = listItems(list, 'a list of images');
  if (items.length === 0) return ['*'];
  const globs = items.filter((item) => !isAbsent(at(item, 'glob')));
  for (const item of items.filter((each) => !globs.includes(each)))
    draft.note('refused', at(item, 'expression'), 'images that an expression selects cannot be said here: write globs');
  const images = selectedImages(
    globs.map((item) => at(item, 'glob')),
    validatingPolicyGlob,
    draft,
  );
  if (images.length === 0) draft.note('refused', list, 'no image that the policy could match');
  return images;
}

function matchOf(spec: Field, namespace: string | undefined, draft: Draft): MatchSpec {
  const constraints = at(spec, 'matchConstraints');
  const namespaceSelector = selectorOf(at(constraints, 'namespaceSelector'), draft);
  const podSelector = selectorOf(at(constraints, 'objectSelector'), draft);
  const excluded = listItems(at(constraints, 'excludeResourceRules'), 'a list of rules');
  if (excluded.length > 0)
    draft.note(
      'changed',
      at(constraints, 'excludeResourceRules'),
      'this cannot be said here; left out, so more Pods are looked at',
    );
  const said = namespacesOf(listItems(at(spec, 'matchConditions'), 'a list of conditions'), draft);
  return {
    namespaces: namespace === undefined ? [...said.namespaces] : [namespace],
    excludeNamespaces: [...said.excludeNamespaces],
    ...(namespaceSelector === undefined ? {} : { namespaceSelector }),
    ...(podSelector === undefined ? {} : { podSelector }),
  };
}

function enforcementOf(spec: Field, format: 'Bundle' | undefined, draft: Draft): EnforcementSpec {
  const actions = listItems(at(spec, 'validationActions'), 'a list of actions').map(({ value }) => value);
  const deny = actions.length === 0 || actions.includes('Deny');
  const admission = at(spec, 'evaluation', 'admission', 'enabled').value !== false;
  if (at(spec, 'evaluation', 'mode').value === 'JSON')
    draft.note('refused', at(spec, 'evaluation', 'mode'), 'a policy over JSON judges no Pods');
  return {
    mode: deny && admission ? 'Enforce' : 'Audit',
    kyverno: {
      format: 'ImageValidatingPolicy',
      ...(format === undefined ? {} : { signatureFormat: format }),
      mutateDigest: isOn(at(spec, 'validationConfigurations', 'mutateDigest')),
      ...webhookSettings(spec, at(spec, 'webhookConfiguration', 'timeoutSeconds')),
    },
  };
}
