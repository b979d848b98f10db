/** The validations of an ImageValidatingPolicy as attestor sets and attestations of ours. */
import { at, type Field, isAbsent, listItems, optionalText } from '../../../core/manifests/field.ts';
import type { Draft, EntrySpec, PolicySpec, SetSpec } from '../draft.ts';
import { type Formula, setsOf } from '../formula.ts';
import { SIGNATURE_TYPE } from '../signature-type.ts';
import { type ImageDemand, understand } from './quantified.ts';

type Attestation = NonNullable<PolicySpec['attestations']>[number];

/** What the policy demands. `Bundle` where it demands signatures in bundles by their type. */
export interface PolicyDemands {
  readonly attestors: SetSpec[];
  readonly attestations?: Attestation[];
  readonly signatureFormat?: 'Bundle';
}

type Entries = ReadonlyMap<string, EntrySpec | undefined>;
const LISTS = ['containers', 'initContainers', 'ephemeralContainers'] as const;

/** Undefined with a refusal. */
export function demandsOfPolicy(spec: Field, entries: Entries, draft: Draft): PolicyDemands | undefined {
  const validations = listItems(at(spec, 'validations'), 'a list of validations');
  const read = validations.map((validation) => readValidation(at(validation, 'expression'), draft));
  if (read.includes(undefined)) return undefined;
  const demands = read.flatMap((found) => found ?? []);
  const types = typesOf(at(spec, 'attestations'), draft);
  const misplaced = misplacedAnnotations(demands, types);
  if (misplaced !== undefined) draft.note('refused', at(spec, 'validations'), misplaced);
  const signatures = signaturesOf(demands, types, { spec, draft });
  const sets = setsFor(signatures, { demands, entries }, { spec, draft });
  const attestations = attestationsOf(demands, { entries, types, spec, draft });
  if (sets === undefined || attestations === undefined) return undefined;
  return {
    attestors: [...sets],
    ...(attestations.length === 0 ? {} : { attestations: [...attestations] }),
    ...(signatures.some(({ kind }) => kind === 'signatures') ? {} : { signatureFormat: 'Bundle' }),
  };
}

/** With us an image needs a signature beside its attestations; a policy that does not ask for one gets one. */
function signaturesOf(
  demands: readonly ImageDemand[],
  types: ReadonlyMap<string, string>,
  { spec, draft }: { readonly spec: Field; readonly draft: Draft },
): readonly Verification[] {
  const signatures = demands.flatMap((demand) => (isSignature(demand, types) ? [demand] : []));
  const attested = demands.flatMap((demand) => (demand.kind === 'attestation' ? [demand] : []));
  if (signatures.length > 0 || attested.length === 0) return signatures;
  const says = 'a signature by the same signers is demanded as well: no policy of ours does without';
  draft.note('changed', at(spec, 'attestations'), says);
  return attested.map(({ attestors, count }) => ({ kind: 'signatures', attestors, count }));
}

/** Undefined with a refusal. */
function setsFor(
  signatures: readonly Verification[],
  { demands, entries }: { readonly demands: readonly ImageDemand[]; readonly entries: Entries },
  { spec, draft }: { readonly spec: Field; readonly draft: Draft },
): readonly SetSpec[] | undefined {
  const field = at(spec, 'validations');
  const formulas = signatures.map((demand) => formulaOf(demand, entriesFor(demand, demands, entries)));
  if (signatures.length === 0 || formulas.includes(undefined)) {
    const nobody = 'nobody is demanded to sign the image itself';
    if (!draft.isRefused())
      draft.note('refused', field, signatures.length === 0 ? nobody : 'an attestor that is not declared');
    return undefined;
  }
  const solved = setsOf(
    formulas.flatMap((formula) => formula ?? []),
    16,
  );
  if (!solved.ok) {
    draft.note('refused', field, solved.why);
    return undefined;
  }
  for (const remark of solved.remarks) draft.note('changed', field, remark);
  return solved.sets;
}

function readValidation(field: Field, draft: Draft): readonly ImageDemand[] | undefined {
  const understood = understand(optionalText(field, 'a CEL expression') ?? '');
  if (!understood.ok) {
    draft.note('refused', field, understood.why);
    return undefined;
  }
  const missing = LISTS.filter((list) => !understood.lists.includes(list));
  if (missing.length > 0)
    draft.note('changed', field, `${missing.join(' and ')} are judged as well, which Kyverno passes over here`);
  return understood.demands;
}

/** The types of attestations by their names; those that notation signs are none that we know. */
function typesOf(field: Field, draft: Draft): ReadonlyMap<string, string> {
  const entries = listItems(field, 'a list of attestations').flatMap((item): readonly (readonly [string, string])[] => {
    const name = optionalText(at(item, 'name'), 'a name') ?? '';
    const type = optionalText(at(item, 'intoto', 'type'), 'a type');
    if (type !== undefined) return [[name, type]];
    const why = isAbsent(at(item, 'referrer'))
      ? 'expected intoto with a type'
      : 'attestations that notation signs cannot be said here';
    draft.note('refused', item, why);
    return [];
  });
  return new Map(entries);
}

type Verification = Extract<ImageDemand, { kind: 'signatures' | 'attestation' }>;

function isSignature(demand: ImageDemand, types: ReadonlyMap<string, string>): demand is Verification {
  if (demand.kind === 'signatures') return true;
  return demand.kind === 'attestation' && types.get(demand.attestation) === SIGNATURE_TYPE;
}

/** The entries with the annotations that are read out of the statement which this demand verifies. */
function entriesFor(demand: Verification, demands: readonly ImageDemand[], entries: Entries): Entries {
  const asked = demand.kind === 'signatures' ? {} : annotationsOf(demand.attestation, demands);
  if (Object.keys(asked).length === 0) return entries;
  const wanted = [...entries].map(
    ([name, entry]) => [name, entry && { ...entry, annotations: { ...entry.annotations, ...asked } }] as const,
  );
  return new Map(wanted);
}

function annotationsOf(attestation: string, demands: readonly ImageDemand[]): Readonly<Record<string, string>> {
  const asked = demands.flatMap((demand) =>
    demand.kind === 'annotations' && demand.attestation === attestation ? Object.entries(demand.annotations) : [],
  );
  return Object.fromEntries(asked);
}

/** Annotations have a place beside a signature that is verified, one value each; elsewhere they would be lost. */
function misplacedAnnotations(demands: readonly ImageDemand[], types: ReadonlyMap<string, string>): string | undefined {
  for (const demand of demands) {
    if (demand.kind !== 'annotations') continue;
    const { attestation, annotations } = demand;
    const verified = demands.some((other) => other.kind === 'attestation' && other.attestation === attestation);
    if (!verified || types.get(attestation) !== SIGNATURE_TYPE)
      return `annotations of attestation ${attestation}: expected the statement of a signature that is verified`;
    const all = annotationsOf(attestation, demands);
    if (Object.entries(annotations).some(([key, value]) => all[key] !== value))
      return `annotations of attestation ${attestation}: two values of one annotation are demanded`;
  }
  return undefined;
}

function formulaOf({ attestors, count }: Verification, entries: Entries): Formula | undefined {
  const found = attestors.map((name) => entries.get(name));
  if (found.includes(undefined)) return undefined;
  const of = found.flatMap((entry): Formula[] => (entry === undefined ? [] : [{ kind: 'signer', entry }]));
  return { kind: 'threshold', count, of };
}

interface Context {
  readonly entries: Entries;
  readonly types: ReadonlyMap<string, string>;
  readonly spec: Field;
  readonly draft: Draft;
}

function attestationsOf(demands: readonly ImageDemand[], ctx: Context): readonly Attestation[] | undefined {
  const names = new Set(
    demands.flatMap((demand) =>
      isSignature(demand, ctx.types) || demand.kind === 'annotations' ? [] : [demand.attestation],
    ),
  );
  const found = [...names].map((name) => attestationOf(name, demands, ctx));
  return found.includes(undefined) ? undefined : found.flatMap((attestation) => attestation ?? []);
}

function attestationOf(
  name: string,
  demands: readonly ImageDemand[],
  { entries, types, spec, draft }: Context,
): Attestation | undefined {
  const type = types.get(name);
  const verified = demands.flatMap((demand) =>
    demand.kind === 'attestation' && demand.attestation === name ? [demand] : [],
  );
  const formulas = verified.map((demand) => formulaOf(demand, entries));
  const solved = setsOf(
    formulas.flatMap((formula) => formula ?? []),
    8,
  );
  const refused =
    type === undefined || type === SIGNATURE_TYPE
      ? `attestation ${name}: expected one that is declared, with another type than that of signatures`
      : formulas.length === 0 || formulas.includes(undefined)
        ? `attestation ${name}: expected declared attestors that vouch for it`
        : undefined;
  if (refused !== undefined || type === undefined || !solved.ok) {
    draft.note('refused', at(spec, 'validations'), refused ?? (solved.ok ? '' : solved.why));
    return undefined;
  }
  const expressions = demands.flatMap((demand) =>
    demand.kind === 'predicate' && demand.attestation === name ? [demand.expression] : [],
  );
  const expression = expressions.length > 1 ? expressions.map((text) => `(${text})`).join(' && ') : expressions[0];
  return { type, attestors: [...solved.sets], ...(expression === undefined ? {} : { expression }) };
}
