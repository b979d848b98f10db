/** The macros of CEL that go over a list or the keys of a map: all, exists, exists_one, filter and map. */
import { equalValues, type Spend } from './equality.ts';
import { CelFault, fault } from './fault.ts';
import type { LoopKind, Node } from './syntax.ts';
import { type CelValue, isList, isMap, keysOf, memberOf } from './values.ts';

const KINDS: ReadonlySet<string> = new Set<LoopKind>(['all', 'exists', 'exists_one', 'filter', 'map']);

/** Is it the name of a macro? */
export function isLoopKind(name: string): name is LoopKind {
  return KINDS.has(name);
}

/** The loop that a macro stands for; undefined where its arguments are wrong. */
export function loopOf(kind: LoopKind, over: Node, args: readonly Node[]): Node | undefined {
  const [variable, second, third] = args;
  if (variable?.type !== 'name' || second === undefined || args.length > 3) return undefined;
  const loop = { type: 'loop', kind, over, variable: variable.name } as const;
  if (third === undefined) return { ...loop, body: second };
  return kind === 'map' ? { ...loop, where: second, body: third } : undefined;
}

/** What a loop goes over: the members of a list, or the keys of a map. */
export function membersOf(value: CelValue): readonly CelValue[] {
  if (isList(value)) return value;
  if (isMap(value)) return keysOf(value);
  throw fault('a loop goes over a list or a map', value);
}

/**
 * What a loop comes to. For all and exists one member may decide, whatever others cannot be evaluated (langdef.md,
 * macros); without such a one the first fault counts.
 */
export function runLoop(kind: LoopKind, members: readonly CelValue[], run: LoopRun): CelValue {
  switch (kind) {
    case 'all':
      return decide(members, run, false);
    case 'exists':
      return decide(members, run, true);
    case 'exists_one':
      return members.filter((member) => truth(run.body(member))).length === 1;
    case 'filter':
      return members.filter((member) => truth(run.body(member)));
    case 'map':
      return members.filter((member) => truth(run.where(member))).map((member) => run.body(member));
  }
}

/** The two expressions of a loop, with the variable set. */
export interface LoopRun {
  body(member: CelValue): CelValue;
  where(member: CelValue): CelValue;
  /** Counts the work of a fault that does not end the evaluation. */
  absorbed(): void;
}

/** A truth value; anything else is a fault. */
export function truth(value: CelValue): boolean {
  if (typeof value === 'boolean') return value;
  throw fault('true or false is expected', value);
}

function decide(members: readonly CelValue[], run: LoopRun, decisive: boolean): boolean {
  let first: CelFault | undefined;
  for (const member of members) {
    try {
      if (truth(run.body(member)) === decisive) return decisive;
    } catch (error) {
      if (!(error instanceof CelFault)) throw error;
      run.absorbed();
      first ??= error;
    }
  }
  if (first !== undefined) throw first;
  return !decisive;
}

/** Is the value a member of the list, or a key of the map? */
export function isIn(value: CelValue, container: CelValue, spend: Spend): boolean {
  if (isMap(container)) return memberOf(container, value) !== undefined;
  if (isList(container)) return container.some((member) => equalValues(member, value, spend));
  throw fault('in asks for a list or a map', container);
}
