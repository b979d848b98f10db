/**
 * What can be said of an expression before there is a predicate: that its names and functions exist, and that it may
 * give true or false. Must never accept what could not be evaluated on any predicate, as far as names tell.
 */
import { invalid } from '../../failure.ts';
import type { CelFunction } from './function.ts';
import { FUNCTIONS, METHODS, NAMESPACES } from './functions.ts';
import type { Node } from './syntax.ts';

/** The variable that an expression is about. */
export const VARIABLE = 'predicate';

/** Types that have a name of their own. */
export const TYPE_NAMES: ReadonlySet<string> = new Set([
  'bool',
  'bytes',
  'double',
  'int',
  'list',
  'map',
  'null_type',
  'string',
  'type',
  'uint',
]);

const WHERE = 'CEL';

/** Throws Failure `invalid` for names and functions that do not exist, and for what can never be true or false. */
export function demandSound(node: Node): void {
  demandNames(node, new Set([VARIABLE, ...TYPE_NAMES]));
  if (!mayBeBool(node)) throw invalid(WHERE, 'an expression that gives true or false', 'one that never does');
}

/** The function that a call means, and its arguments; undefined where there is none. */
export function functionOf(
  node: Extract<Node, { type: 'call' }>,
): { readonly called: CelFunction; readonly args: readonly Node[] } | undefined {
  const [first, ...rest] = node.args;
  if (node.method && first?.type === 'name' && NAMESPACES.has(first.name))
    return found(FUNCTIONS, `${first.name}.${node.name}`, rest, 0);
  return found(node.method ? METHODS : FUNCTIONS, node.name, node.args, node.method ? 1 : 0);
}

function found(
  table: typeof FUNCTIONS,
  name: string,
  args: readonly Node[],
  receivers: 0 | 1,
): ReturnType<typeof functionOf> {
  const called = Object.hasOwn(table, name) ? table[name] : undefined;
  if (called === undefined) return undefined;
  const given = args.length - receivers;
  return given >= called.arity[0] && given <= called.arity[1] ? { called, args } : undefined;
}

function demandNames(node: Node, known: ReadonlySet<string>): void {
  if (node.type === 'name' && !known.has(node.name))
    throw invalid(WHERE, `${VARIABLE}, or the variable of a macro`, JSON.stringify(node.name));
  if (node.type === 'call') {
    const call = functionOf(node);
    if (call === undefined) throw unknownFunction(node);
    for (const arg of call.args) demandNames(arg, known);
    return;
  }
  if (node.type === 'loop') {
    demandNames(node.over, known);
    const inner = new Set([...known, node.variable]);
    for (const part of [node.body, ...(node.where === undefined ? [] : [node.where])]) demandNames(part, inner);
    return;
  }
  for (const child of childrenOf(node)) demandNames(child, known);
}

function unknownFunction({ name, method, args }: Extract<Node, { type: 'call' }>): Error {
  const table = method ? METHODS : FUNCTIONS;
  const shown = `${method ? '.' : ''}${name.slice(0, 64)}()`;
  if (!Object.hasOwn(table, name)) return invalid(WHERE, `one of ${Object.keys(table).sort().join(', ')}`, shown);
  const [least, most] = table[name]?.arity ?? [0, 0];
  const expected = least === most ? `${least} arguments` : `${least} to ${most} arguments`;
  return invalid(WHERE, `${expected} for ${shown}`, String(method ? args.length - 1 : args.length));
}

type Plain = Exclude<Node, { type: 'call' | 'loop' }>;

function childrenOf(node: Plain): readonly Node[] {
  if ('left' in node) return [node.left, node.right];
  if ('by' in node) return [node.of, node.by];
  if ('of' in node) return [node.of];
  if ('condition' in node) return [node.condition, node.chosen, node.otherwise];
  if ('items' in node) return node.items;
  return 'entries' in node ? node.entries.flat() : [];
}

/** By its shape alone: what comes of the predicate may be anything. */
function mayBeBool(node: Node): boolean {
  const type: string = node.type;
  if (['negative', 'list', 'map'].includes(type)) return false;
  if (node.type === 'literal') return typeof node.value === 'boolean';
  if (node.type === 'choice') return mayBeBool(node.chosen) && mayBeBool(node.otherwise);
  if (node.type === 'binary') return !['+', '-', '*', '/', '%'].includes(node.by);
  if (node.type === 'loop') return node.kind !== 'map' && node.kind !== 'filter';
  return node.type !== 'call' || node.name === 'dyn' || functionOf(node)?.called.gives === 'bool';
}
