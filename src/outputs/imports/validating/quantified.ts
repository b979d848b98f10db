/**
 * What a validation of an ImageValidatingPolicy says of every image, read out of its CEL. Owns the shapes that are
 * understood; must never read an expression for less than it demands.
 */
import { type Cel, childrenOf, conjuncts, memberOf, parseCel, partsOf } from '../cel/parse.ts';
import { type AnnotationDemand, annotationsAskedBy } from './annotations.ts';

/** One demand on an image. */
export type ImageDemand =
  | AnnotationDemand
  | { readonly kind: 'signatures'; readonly attestors: readonly string[]; readonly count: number }
  | {
      readonly kind: 'attestation';
      readonly attestation: string;
      readonly attestors: readonly string[];
      readonly count: number;
    }
  /** CEL over `predicate`. */
  | { readonly kind: 'predicate'; readonly attestation: string; readonly expression: string };

/** What a validation demands, of the images in which lists; or why it cannot be read. */
export type Understood =
  | { readonly ok: true; readonly demands: readonly ImageDemand[]; readonly lists: readonly string[] }
  | { readonly ok: false; readonly why: string };

/** Reads one expression. */
export function understand(source: string): Understood {
  const tree = parseCel(source);
  if (tree === undefined) return { ok: false, why: 'this is no CEL expression' };
  const demands: ImageDemand[] = [];
  const lists = new Set<string>();
  for (const part of conjuncts(tree)) {
    const body = quantified(part);
    if (body === undefined) return strange(source, part, 'it does not ask something of every image');
    body.lists.forEach((list) => lists.add(list));
    for (const each of conjuncts(body.of)) {
      const demand = demandOf(each, body.image, source);
      if (typeof demand === 'string') return strange(source, each, demand);
      demands.push(demand);
    }
  }
  return { ok: true, demands, lists: [...lists] };
}

function strange(source: string, { start, end }: Cel, why: string): Understood {
  const text = source.slice(start, end).replace(/\s+/g, ' ');
  return { ok: false, why: `${text.length > 160 ? `${text.slice(0, 159)}…` : text}: ${why}` };
}

interface Body {
  readonly image: string;
  readonly of: Cel;
  readonly lists: readonly string[];
}

/** `LIST.all(image, …)` or `LIST.map(image, …).all(e, …)`. */
function quantified(cel: Cel): Body | undefined {
  const all = macro(cel, 'all');
  if (all === undefined) return undefined;
  const direct = listsOf(all.list);
  if (direct !== undefined) return { image: all.variable, of: all.body, lists: direct };
  const map = macro(all.list, 'map');
  const lists = map === undefined ? undefined : listsOf(map.list);
  if (map === undefined || lists === undefined) return undefined;
  return { image: map.variable, of: replaced(all.body, all.variable, map.body), lists };
}

function macro(
  cel: Cel,
  name: string,
): { readonly list: Cel; readonly variable: string; readonly body: Cel } | undefined {
  if (cel.kind !== 'call' || cel.name !== name || cel.of === undefined || cel.args.length !== 2) return undefined;
  const [variable, body] = cel.args;
  if (variable?.kind !== 'name' || body === undefined) return undefined;
  return { list: cel.of, variable: variable.name, body };
}

/** `images.containers`, or a sum of such lists. */
function listsOf(cel: Cel): readonly string[] | undefined {
  if (cel.kind === 'operation' && cel.operator === '+') {
    const parts = cel.of.map(listsOf);
    return parts.includes(undefined) ? undefined : parts.flatMap((part) => part ?? []);
  }
  const name = memberOf(cel, 'images');
  return name === undefined ? undefined : [name];
}

function replaced(cel: Cel, variable: string, by: Cel): Cel {
  if (cel.kind === 'name' && cel.name === variable) return by;
  const again = (part: Cel): Cel => replaced(part, variable, by);
  switch (cel.kind) {
    case 'literal':
    case 'name':
      return cel;
    case 'member':
      return { ...cel, of: again(cel.of) };
    case 'index':
      return { ...cel, of: again(cel.of), key: again(cel.key) };
    case 'call':
      return { ...cel, args: cel.args.map(again), ...(cel.of === undefined ? {} : { of: again(cel.of) }) };
    case 'list':
      return { ...cel, items: cel.items.map(again) };
    case 'operation':
      return { ...cel, of: cel.of.map(again) };
  }
}

/** The demand, or why it is none. */
function demandOf(cel: Cel, image: string, source: string): ImageDemand | string {
  if (cel.kind === 'operation' && cel.operator === '||') return eitherOf(cel.of, image, source);
  const counted = comparison(cel);
  if (counted?.call.name === 'verifyImageSignatures' || counted?.call.name === 'verifyAttestationSignatures')
    return verification(counted, image);
  return annotationsAskedBy(cel, image) ?? predicateOf(cel, image, source);
}

/** Any of several signers, each asked for by itself. */
function eitherOf(parts: readonly Cel[], image: string, source: string): ImageDemand | string {
  const demands = parts.map((part) => demandOf(part, image, source));
  const signatures = demands.flatMap((demand) =>
    typeof demand !== 'string' && demand.kind === 'signatures' ? [demand] : [],
  );
  if (signatures.length < demands.length || signatures.some(({ count }) => count !== 1))
    return 'an alternative that is more than one signature cannot be said here';
  return { kind: 'signatures', attestors: signatures.flatMap(({ attestors }) => attestors), count: 1 };
}

interface Comparison {
  readonly call: Extract<Cel, { kind: 'call' }>;
  readonly operator: string;
  readonly number: number;
}

const TURNED: Readonly<Record<string, string>> = { '<': '>', '<=': '>=', '>': '<', '>=': '<=' };

/** `f(…) > n`, also written the other way round. */
function comparison(cel: Cel): Comparison | undefined {
  if (cel.kind !== 'operation' || cel.of.length !== 2) return undefined;
  const [left, right] = cel.of;
  const turned = TURNED[cel.operator] ?? cel.operator;
  return compared(left, right, cel.operator) ?? compared(right, left, turned);
}

function compared(call: Cel | undefined, number: Cel | undefined, operator: string): Comparison | undefined {
  if (call?.kind !== 'call' || number?.kind !== 'literal' || typeof number.value !== 'number') return undefined;
  return { call, operator, number: number.value };
}

function verification({ call, operator, number }: Comparison, image: string): ImageDemand | string {
  const [subject, ...rest] = call.args;
  const list = rest.at(-1);
  if (!isNamed(subject, image) || list?.kind !== 'list')
    return 'it asks of something else than the image itself, or of attestors that are not listed';
  const attestors = list.items.flatMap((item) => memberOf(item, 'attestors') ?? []);
  const count = countOf(operator, number, attestors.length);
  if (attestors.length < list.items.length) return 'an attestor that is not named cannot be read';
  if (count === undefined) return 'this comparison is not "at least so many", or is met by nobody';
  const [named] = rest.slice(0, -1).map((argument) => memberOf(argument, 'attestations'));
  const expected = call.name === 'verifyImageSignatures' ? 1 : 2;
  if (rest.length !== expected || (expected === 2 && named === undefined)) return 'these are not its arguments';
  return named === undefined
    ? { kind: 'signatures', attestors, count }
    : { kind: 'attestation', attestation: named, attestors, count };
}

function isNamed(cel: Cel | undefined, name: string): boolean {
  return cel?.kind === 'name' && cel.name === name;
}

/** At least so many; undefined for anything else. */
function countOf(operator: string, number: number, all: number): number | undefined {
  const count = { '>': number + 1, '>=': number, '==': number, '!=': number === 0 ? 1 : Number.NaN }[operator];
  if (count === undefined || !Number.isInteger(count) || count < 1 || count > all) return undefined;
  return operator === '==' && count !== all ? undefined : count;
}

/** Conditions on the predicate, with `extractPayload(image, attestations.a).predicate` written as `predicate`. */
function predicateOf(cel: Cel, image: string, source: string): ImageDemand | string {
  const payloads = [...partsOf(cel)].filter((part) => part.kind === 'call' && part.name === 'extractPayload');
  const predicates = [...partsOf(cel)].filter((part) => isPredicate(part));
  if (payloads.length === 0) return 'nothing here says who signed it, or what it was signed with';
  if (predicates.length < payloads.length) return 'it reads more of the statement than the predicate';
  const names = new Set(predicates.map((part) => attestationRead(part, image)));
  const [attestation] = names;
  if (names.size > 1 || attestation === undefined)
    return 'it reads several attestations at once, or one that is not named';
  const others = freeNames(cel, new Set());
  if (others.length > 0) return `it reads ${others.join(', ')}, which is no part of the predicate`;
  return { kind: 'predicate', attestation, expression: withPredicate(cel, predicates, source) };
}

function isPredicate(cel: Cel): boolean {
  return (
    cel.kind === 'member' && cel.name === 'predicate' && cel.of.kind === 'call' && cel.of.name === 'extractPayload'
  );
}

function attestationRead(cel: Cel, image: string): string | undefined {
  const call = cel.kind === 'member' && cel.of.kind === 'call' ? cel.of : undefined;
  const [subject, attestation] = call?.args ?? [];
  if (subject?.kind !== 'name' || subject.name !== image || attestation === undefined) return undefined;
  return memberOf(attestation, 'attestations');
}

/** Variables that are not bound by a macro around them; those inside of extractPayload aside. */
function freeNames(cel: Cel, bound: ReadonlySet<string>): readonly string[] {
  if (isPredicate(cel)) return [];
  if (cel.kind === 'name') return bound.has(cel.name) ? [] : [cel.name];
  if (
    cel.kind === 'call' &&
    cel.of !== undefined &&
    ['all', 'exists', 'exists_one', 'map', 'filter'].includes(cel.name)
  ) {
    const [variable, ...rest] = cel.args;
    const inner = variable?.kind === 'name' ? new Set([...bound, variable.name]) : bound;
    return [...freeNames(cel.of, bound), ...rest.flatMap((part) => freeNames(part, inner))];
  }
  return childrenOf(cel).flatMap((part) => freeNames(part, bound));
}

/** Cuts the text at the payloads. Their places are in the order of the text, for no payload lies in another. */
function withPredicate(cel: Cel, predicates: readonly Cel[], source: string): string {
  let text = '';
  let at = cel.start;
  for (const { start, end } of [...predicates].sort((a, b) => a.start - b.start)) {
    text += `${source.slice(at, start)}predicate`;
    at = end;
  }
  return text + source.slice(at, cel.end);
}
