/**
 * A ClusterImagePolicy of sigstore policy-controller as policies of ours. Its authorities are alternatives; all policies
 * that match an image must let it pass, there as here.
 */
import { at, type Field, isAbsent, listItems, optionalText } from '../../../core/manifests/field.ts';
import type { ManifestDocument } from '../../../core/manifests/load.ts';
import { predicateTypeNamed } from '../../../core/predicate-type.ts';
import { canonical } from '../../canonical.ts';
import {
  type Draft,
  endDraft,
  type EntrySpec,
  type ImportedPolicy,
  type PolicySpec,
  refuseUnknown,
  startDraft,
} from '../draft.ts';
import { type Formula, setsOf } from '../formula.ts';
import { imagePolicyGlob, selectedImages } from '../globs.ts';
import type { Keyring } from '../keyring.ts';
import { type MatchSpec, selectorOf } from '../scope.ts';
import { entriesOf } from './authorities.ts';

type Attestation = NonNullable<PolicySpec['attestations']>[number];

/** The policies of a document: one, or one for every selector. */
export function importClusterImagePolicy(document: ManifestDocument, ring: Keyring): readonly ImportedPolicy[] {
  const { root } = startDraft(document);
  const matches = matchesOf(at(root, 'spec'), startDraft(document));
  return matches.map((match, index) => {
    const draft = startDraft(document);
    matchesOf(at(draft.root, 'spec'), draft);
    const name = optionalText(at(draft.root, 'metadata', 'name'), 'a name') ?? '';
    const nameParts = [name, index === 0 ? '' : String(index + 1)];
    return endDraft(draft, { nameParts, origin: '', spec: specOf(at(draft.root, 'spec'), match, { draft, ring }) });
  });
}

function specOf(
  spec: Field,
  match: MatchSpec,
  ctx: { readonly draft: Draft; readonly ring: Keyring },
): PolicySpec | undefined {
  const { draft } = ctx;
  refuseUnknown(draft, spec, ['images', 'authorities', 'policy', 'mode', 'match']);
  if (!isAbsent(at(spec, 'policy')))
    draft.note('refused', at(spec, 'policy'), 'policies in CUE or Rego cannot be said here');
  const globs = listItems(at(spec, 'images'), 'a list of images').map((item) => at(item, 'glob'));
  const images = selectedImages(globs, imagePolicyGlob, draft);
  const authorities = listItems(at(spec, 'authorities'), 'a list of authorities');
  const demands = demandsOf(at(spec, 'authorities'), authorities, ctx);
  if (demands === undefined || images.length === 0) return undefined;
  const formats = new Set(authorities.map((authority) => at(authority, 'signatureFormat').value ?? 'legacy'));
  const [format] = formats;
  draft.note(
    'changed',
    at(spec, 'images'),
    'all namespaces are looked at; policy-controller looks at those with the label policy.sigstore.dev/include',
  );
  return {
    images: [...images],
    ...(Object.keys(match).length === 0 ? {} : { match }),
    ...demands,
    enforcement: {
      mode: at(spec, 'mode').value === 'warn' ? 'Audit' : 'Enforce',
      ...(formats.size === 1 ? { kyverno: { signatureFormat: format === 'bundle' ? 'Bundle' : 'Legacy' } } : {}),
    },
  };
}

/** Everything, or Pods by each of the selectors. */
function matchesOf(spec: Field, draft: Draft): readonly MatchSpec[] {
  const items = listItems(at(spec, 'match'), 'a list of resources');
  const pods = items.filter((item) => at(item, 'resource').value === 'pods' || isAbsent(at(item, 'resource')));
  if (items.length > 0 && pods.length === 0)
    draft.note('changed', at(spec, 'match'), 'all Pods are judged, not only those of the controllers that stand here');
  const found = pods.map((item) => selectorOf(at(item, 'selector'), draft));
  if (found.length === 0 || found.includes(undefined)) return [{}];
  return found.flatMap((podSelector) => (podSelector === undefined ? [] : [{ podSelector }]));
}

type Demands = Pick<PolicySpec, 'attestors' | 'attestations'>;

function demandsOf(
  field: Field,
  authorities: readonly Field[],
  ctx: { readonly draft: Draft; readonly ring: Keyring },
): Demands | undefined {
  const { draft } = ctx;
  if (authorities.some((authority) => at(authority, 'static', 'action').value === 'pass')) {
    draft.note('lost', field, 'static: pass lets every image in, as an image without a policy: nothing is imported');
    return undefined;
  }
  const real = authorities.filter((authority) => isAbsent(at(authority, 'static')));
  if (real.length === 0) {
    const says =
      authorities.length === 0 ? 'expected authorities' : 'static: fail refuses every image, which cannot be said here';
    draft.note('refused', field, says);
    return undefined;
  }
  const entries = real.map((authority) => entriesOf(authority, ctx));
  const types = real.map((authority) => typesOf(authority, draft));
  if (entries.includes(undefined) || types.includes(undefined)) return undefined;
  return alternatives(
    field,
    entries.flatMap((some) => some ?? []),
    { types: types.map((some) => some ?? []), draft },
  );
}

/** One of the entries. With attestations, all authorities have to demand the same ones: else it is no set of ours. */
function alternatives(
  field: Field,
  entries: readonly EntrySpec[],
  { types, draft }: { readonly types: readonly (readonly string[])[]; readonly draft: Draft },
): Demands | undefined {
  const [first = []] = types;
  if (types.some((some) => canonical(some) !== canonical(first))) {
    draft.note('refused', field, 'alternatives that demand different attestations cannot be said here');
    return undefined;
  }
  const any: Formula = { kind: 'threshold', count: 1, of: entries.map((entry) => ({ kind: 'signer', entry })) };
  const solved = setsOf([any], 8);
  if (!solved.ok) {
    draft.note('refused', field, solved.why);
    return undefined;
  }
  if (first.length === 0) return { attestors: [...solved.sets] };
  draft.note('changed', field, 'a signature by the same signers is demanded as well: no policy of ours does without');
  const attestations: Attestation[] = first.map((type) => ({ type, attestors: [...solved.sets] }));
  return { attestors: [...solved.sets], attestations };
}

/** The predicate types that an authority demands. Undefined with a refusal. */
function typesOf(authority: Field, draft: Draft): readonly string[] | undefined {
  const found = listItems(at(authority, 'attestations'), 'a list of attestations').map((item) => {
    const policy = at(item, 'policy');
    const language = optionalText(at(policy, 'type'), 'a language');
    if (!isAbsent(policy))
      draft.note('refused', policy, `a policy in ${language ?? 'CUE or Rego'} cannot be said here`);
    const type = predicateTypeNamed(optionalText(at(item, 'predicateType'), 'a predicate type') ?? '');
    if (type === undefined)
      draft.note('refused', at(item, 'predicateType'), 'expected a URI, or a name of a type as cosign has them');
    return isAbsent(policy) ? type : undefined;
  });
  return found.includes(undefined) ? undefined : [...new Set(found.flatMap((type) => type ?? []))].sort();
}
