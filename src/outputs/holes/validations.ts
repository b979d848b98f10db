/** Holes in the CEL of an ImageValidatingPolicy: what nobody asks for, lists that are left out, names that are none. */
import { at, type Field, isAbsent, listItems } from '../../core/manifests/field.ts';
import { type Cel, parseCel, partsOf } from '../imports/cel/parse.ts';
import { understand } from '../imports/validating/quantified.ts';
import { NOBODY_PEM } from '../kyverno/nobody.ts';
import { type Search, textOf } from './hole.ts';
import { keyOf } from './validating-attestors.ts';

/** Stands where nobody may vouch: what it takes is nothing. */
const NOBODY = keyOf({
  value: { cosign: { key: { data: NOBODY_PEM } } },
  path: [],
  report: () => undefined,
});
const LISTS = ['containers', 'initContainers', 'ephemeralContainers'] as const;
const VERIFYING = /\bverify(?:Image|Attestation)Signatures\s*\(/;

/** Looks at all validations together: one may cover what another leaves out. */
export function checkValidations(spec: Field, search: Search): void {
  const field = at(spec, 'validations');
  const expressions = listItems(field, 'a list of validations').map((item) => at(item, 'expression'));
  const verifying = expressions.filter(({ value }) => typeof value === 'string' && VERIFYING.test(value));
  if (verifying.length === 0) {
    if (expressions.some(refusesAll)) return;
    search.found(
      'NothingDemanded',
      isAbsent(field) ? spec : field,
      'no validation asks for a signature or an attestation',
    );
    return;
  }
  checkLists(spec, verifying, search);
  const cosign = namesOf(
    spec,
    'attestors',
    (attestor) => !isAbsent(at(attestor, 'cosign')) && keyOf(attestor) !== NOBODY,
  );
  const declared = {
    attestors: namesOf(spec, 'attestors', () => true),
    attestations: namesOf(spec, 'attestations', () => true),
  };
  for (const expression of expressions) {
    checkNames(expression, declared, search);
    checkSignatures(expression, cosign, search);
    checkCount(expression, spec, search);
  }
}

/** `false`, or `….all(i, false)`: nothing passes, and that is said openly. */
function refusesAll(expression: Field): boolean {
  const tree = parseCel(textOf(expression));
  const body = tree?.kind === 'call' && tree.name === 'all' ? tree.args[1] : tree;
  return body?.kind === 'literal' && body.value === false;
}

function namesOf(spec: Field, key: string, taken: (item: Field) => boolean): ReadonlySet<string> {
  const items = listItems(at(spec, key), 'a list').filter(taken);
  return new Set(items.map((item) => String(at(item, 'name').value)));
}

/** Expressions that ask for the same attestors share the lists that they go over. */
function checkLists(spec: Field, expressions: readonly Field[], search: Search): void {
  const groups = new Map<string, { readonly first: Field; readonly lists: Set<string> }>();
  for (const expression of expressions) {
    const text = String(expression.value);
    const names = [...text.matchAll(/\battest(?:or|ation)s(?:\.|\[)\s*["']?([\w-]+)/g)].map(([, name]) => name);
    const key = [...new Set(names)].sort((a = '', b = '') => a.localeCompare(b)).join();
    const group = groups.get(key) ?? { first: expression, lists: new Set<string>() };
    for (const [, list = ''] of text.matchAll(/\bimages\s*\.\s*(\w+)/g)) group.lists.add(list);
    groups.set(key, group);
  }
  const volumes = volumeLists(spec);
  for (const { first, lists } of groups.values()) {
    const missing = LISTS.filter((list) => !lists.has(list));
    if (missing.length > 0) search.found('ContainersNotCovered', first, `no images.${missing.join(', no images.')}`);
    if (!volumes.some((list) => lists.has(list)))
      search.found('ImageVolumes', first, 'no list of images out of object.spec.volumes');
  }
}

/** Lists of `images` that look at the volumes of a Pod. */
function volumeLists(spec: Field): readonly string[] {
  return listItems(at(spec, 'images'), 'a list of images').flatMap((item) => {
    const expression = textOf(at(item, 'expression'));
    return expression.includes('volumes') ? [String(at(item, 'name').value)] : [];
  });
}

interface Declared {
  readonly attestors: ReadonlySet<string>;
  readonly attestations: ReadonlySet<string>;
}

function checkNames(expression: Field, declared: Declared, search: Search): void {
  for (const part of partsIn(expression)) {
    const used = memberOf(part);
    if (used !== undefined && !declared[used.of].has(used.name))
      search.found('UndeclaredAttestor', expression, `${used.of}.${used.name} is not declared`);
  }
}

function partsIn({ value }: Field): readonly Cel[] {
  const tree = typeof value === 'string' ? parseCel(value) : undefined;
  return tree === undefined ? [] : [...partsOf(tree)];
}

function memberOf(cel: Cel): { readonly of: keyof Declared; readonly name: string } | undefined {
  if ((cel.kind !== 'member' && cel.kind !== 'index') || cel.of.kind !== 'name') return undefined;
  const of = (['attestors', 'attestations'] as const).find((name) => cel.of.kind === 'name' && cel.of.name === name);
  if (of === undefined) return undefined;
  if (cel.kind === 'member') return { of, name: cel.name };
  return cel.key.kind === 'literal' && typeof cel.key.value === 'string' ? { of, name: cel.key.value } : undefined;
}

/** verifyImageSignatures takes any bundle of a cosign attestor. */
function checkSignatures(expression: Field, cosign: ReadonlySet<string>, search: Search): void {
  const calls = partsIn(expression).filter((part) => part.kind === 'call' && part.name === 'verifyImageSignatures');
  const names = calls.flatMap((call) => [...partsOf(call)].flatMap((part) => memberOf(part)?.name ?? []));
  const taken = [...new Set(names)].filter((name) => cosign.has(name));
  if (taken.length > 0)
    search.found(
      'AttestationForSignature',
      expression,
      `verifyImageSignatures of ${taken.join(', ')} takes bundles of any type`,
    );
}

/** Two attestors with the same key, where more than one has to vouch. */
function checkCount(expression: Field, spec: Field, search: Search): void {
  const understood = understand(textOf(expression));
  const demands = understood.ok ? understood.demands : [];
  const keys = new Map(
    listItems(at(spec, 'attestors'), 'a list').map((item) => [String(at(item, 'name').value), keyOf(item)]),
  );
  for (const demand of demands) {
    if (demand.kind === 'predicate' || demand.kind === 'annotations' || demand.count < 2) continue;
    const held = demand.attestors.flatMap((name) => keys.get(name) ?? []);
    if (new Set(held).size < held.length)
      search.found(
        'DoubledKey',
        expression,
        `of ${demand.attestors.join(', ')} two have the same key, and ${demand.count} have to vouch`,
      );
  }
}
