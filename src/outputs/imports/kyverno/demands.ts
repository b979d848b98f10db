/**
 * What a verifyImages entry demands of an image: attestor sets and attestations of ours. Owns the difference between a
 * signature and an attestation; must never take one for the other.
 */
import { at, type Field, isAbsent, isMapping, listItems, optionalText } from '../../../core/manifests/field.ts';
import type { Draft, PolicySpec, SetSpec } from '../draft.ts';
import { type Formula, setsOf } from '../formula.ts';
import { SIGNATURE_TYPE } from '../signature-type.ts';
import type { ConfigMapVariables } from '../sigstore/keys.ts';
import { conditionsOf } from './conditions.ts';
import type { SignerContext } from './signer-context.ts';
import { formulaOf } from './signers.ts';

type Attestation = NonNullable<PolicySpec['attestations']>[number];

/** The demands of a policy, and in which format its signatures are. */
export interface EntryDemands {
  readonly attestors: SetSpec[];
  readonly attestations?: Attestation[];
  readonly signatureFormat?: 'Legacy' | 'Bundle';
}

type Context = Omit<SignerContext, 'within'>;

/** Undefined with a refusal. */
export function demandsOfEntry(entry: Field, context: Context): EntryDemands | undefined {
  const { draft, type } = context;
  const repository = optionalText(at(entry, 'repository'), 'a repository');
  const ctx: Context = { ...context, ...(repository === undefined ? {} : { repository }) };
  const signers = setsAt(withDeprecated(entry), { ...ctx, within: 'attestors' }, 16);
  const found = listItems(at(entry, 'attestations'), 'a list of attestations').map((item) => attestationOf(item, ctx));
  if (signers === undefined || found.includes(undefined)) return undefined;
  const attestations = found.flatMap((attestation) => attestation ?? []);
  const signatures = attestations.filter((attestation) => isSignature(attestation));
  const others = attestations.filter((attestation) => !isSignature(attestation));
  const attestors = [...signers, ...signatures.flatMap(({ attestors: sets }) => sets ?? [])];
  const demanded = attestors.length > 0 ? attestors : signersOfAttestations(others, entry, draft);
  if (demanded === undefined) return undefined;
  const format = { Cosign: 'Legacy', SigstoreBundle: 'Bundle', Notary: undefined } as const;
  return {
    attestors: renamed(demanded),
    ...(others.length === 0 ? {} : { attestations: others }),
    ...(format[type] === undefined ? {} : { signatureFormat: format[type] }),
  };
}

/** ConfigMaps that the context of a rule reads, by the name of the variable. */
export function variablesOf(rule: Field): ConfigMapVariables {
  const entries = listItems(at(rule, 'context'), 'a list').flatMap((item) => {
    const name = optionalText(at(item, 'name'), 'a name');
    const map = at(item, 'configMap');
    if (name === undefined) return [];
    const place = {
      namespace: optionalText(at(map, 'namespace'), 'a namespace') ?? 'default',
      name: optionalText(at(map, 'name'), 'a name') ?? '',
    };
    return [[name, place] as const];
  });
  return new Map(entries);
}

/** An attestation of cosign's own type is a signature: that is how bundles carry one. */
function isSignature({ type, conditions }: Attestation): boolean {
  return type === SIGNATURE_TYPE && conditions === undefined;
}

/** With us an image needs a signature beside its attestations; a rule without attestors did not ask for one. */
function signersOfAttestations(
  attestations: readonly Attestation[],
  entry: Field,
  draft: Draft,
): readonly SetSpec[] | undefined {
  const sets = attestations.flatMap(({ attestors }) => attestors ?? []);
  if (sets.length === 0) {
    draft.note('refused', entry, 'nobody is demanded to vouch (no attestors), so there is nothing to go by');
    return undefined;
  }
  draft.note(
    'changed',
    at(entry, 'attestations'),
    'a signature by the same signers is demanded as well: no policy of ours does without',
  );
  return [...new Map(sets.map((set) => [JSON.stringify([set.count, set.entries]), set])).values()];
}

/** Sets need names of their own in the list that they come to. */
function renamed(sets: readonly SetSpec[]): SetSpec[] {
  return sets.map((set, index) => ({ ...set, name: index === 0 ? 'signers' : `signers-${index + 1}` }));
}

function attestationOf(item: Field, ctx: Context): Attestation | undefined {
  const { draft } = ctx;
  const type = optionalText(at(item, 'type'), 'a type') ?? optionalText(at(item, 'predicateType'), 'a type');
  if (type === undefined || ctx.type === 'Notary') {
    const why =
      type === undefined
        ? 'expected the type of the attestation'
        : 'attestations that notation signs cannot be said here';
    draft.note('refused', item, why);
    return undefined;
  }
  const sets = setsAt(at(item, 'attestors'), { ...ctx, within: 'attestations' }, 8);
  if (sets === undefined) return undefined;
  if (sets.length === 0)
    draft.note(
      'changed',
      item,
      'Kyverno takes it from anybody here; with us the attestors of the policy must vouch for it',
    );
  const conditions = conditionsOf(at(item, 'conditions'), [...ctx.variables.keys()], draft);
  return {
    type,
    ...(sets.length === 0 ? {} : { attestors: [...sets] }),
    ...(conditions === undefined ? {} : { conditions }),
  };
}

/** None where there is nothing; undefined with a refusal. */
function setsAt(list: Field, ctx: SignerContext, most: 8 | 16): readonly SetSpec[] | undefined {
  const formulas: (Formula | undefined)[] = listItems(list, 'a list of attestors').map((set) => formulaOf(set, ctx));
  if (formulas.length === 0) return [];
  if (formulas.includes(undefined)) return undefined;
  const solved = setsOf(
    formulas.flatMap((formula) => formula ?? []),
    most,
  );
  if (!solved.ok) {
    ctx.draft.note('refused', list, solved.why);
    return undefined;
  }
  const [first] = solved.sets;
  for (const remark of solved.remarks) ctx.draft.note('changed', list, remark, first && { object: first });
  return solved.sets;
}

/** `key`, `issuer`, `subject` and `roots` on the entry itself, as they were written before there were attestors. */
function withDeprecated(entry: Field): Field {
  const attestors = at(entry, 'attestors');
  const mapping = isMapping(entry.value) ? entry.value : {};
  const { key, issuer, subject, roots, additionalExtensions, annotations } = mapping;
  if (!isAbsent(attestors) && listItems(attestors, 'a list').length > 0) return attestors;
  const signed = annotations === undefined ? {} : { annotations };
  const keyless = Object.entries({ issuer, subject, roots, additionalExtensions }).filter(
    ([, value]) => value !== undefined,
  );
  if (key !== undefined) return { ...attestors, value: [{ entries: [{ keys: { publicKeys: key }, ...signed }] }] };
  if (keyless.length === 0) return attestors;
  return { ...attestors, value: [{ entries: [{ keyless: Object.fromEntries(keyless), ...signed }] }] };
}
