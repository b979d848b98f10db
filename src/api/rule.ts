/**
 * Cross-field rules, each written once: as CEL for the API server and as a predicate for the command line,
 * so that both refuse the same objects with the same sentence. Must never hold a rule itself.
 */
import type * as z from 'zod';

/** The CRD keyword that carries CEL rules. */
export const CEL_KEYWORD = 'x-kubernetes-validations';

/** One rule on a value. */
export interface Rule<T> {
  /** CEL over `self`. Its cost is estimated from the bounds of the schema: bound everything that it walks. */
  readonly cel: string;
  /** What to write instead, for humans. Never repeats the value. */
  readonly message: string;
  /** Field that the rule is about, below the value; empty for the value itself. */
  readonly path: readonly string[];
  /** The same as `cel`. May throw on a value of the wrong shape: the shape is then reported instead. */
  holds(value: T): boolean;
}

/** A CEL rule as the CRD has it. */
export interface CelRule {
  readonly rule: string;
  readonly message: string;
  readonly fieldPath?: string;
}

/** Attaches rules to a schema: checks of zod, and `x-kubernetes-validations` of the CRD. */
export function ruled<S extends z.ZodType>(schema: S, ...rules: readonly Rule<z.output<S>>[]): S {
  const strict = rules.reduce((refined, rule) => checked(refined, rule), schema);
  return strict.meta({ ...schema.meta(), [CEL_KEYWORD]: [...celRulesOf(schema), ...rules.map(toCel)] });
}

/** Exactly one of the fields is set. */
export function exactlyOne<T extends object>(...fields: readonly (keyof T & string)[]): Rule<T> {
  return {
    cel: `[${fields.map((f) => `has(self.${f})`).join(', ')}].filter(x, x).size() == 1`,
    message: `set exactly one of ${fields.join(', ')}`,
    path: [],
    holds: (value) => fields.filter((f) => value[f] !== undefined).length === 1,
  };
}

/** At most one of the fields is set. */
export function atMostOne<T extends object>(...fields: readonly (keyof T & string)[]): Rule<T> {
  return {
    cel: `[${fields.map((f) => `has(self.${f})`).join(', ')}].filter(x, x).size() <= 1`,
    message: `set only one of ${fields.join(', ')}`,
    path: [],
    holds: (value) => fields.filter((f) => value[f] !== undefined).length <= 1,
  };
}

/** A text that matches a pattern as a whole. The pattern must mean the same in RE2 and in JavaScript: no look-around. */
export function matching(pattern: RegExp, message: string): Rule<string> {
  return { cel: `self.matches(${celText(pattern.source)})`, message, path: [], holds: (text) => pattern.test(text) };
}

/** A text as a CEL literal. */
export function celText(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

function celRulesOf(schema: z.ZodType): readonly CelRule[] {
  const present = schema.meta()?.[CEL_KEYWORD];
  return Array.isArray(present) ? present : [];
}

function toCel<T>(rule: Rule<T>): CelRule {
  const fieldPath = rule.path.map((field) => `.${field}`).join('');
  return { rule: rule.cel, message: rule.message, ...(fieldPath === '' ? {} : { fieldPath }) };
}

/**
 * Runs beside other problems of the same value, so that a user sees all of them at once. A predicate that throws met
 * a value of the wrong shape, which another issue names; were there none, the throw itself refuses the value.
 */
function checked<S extends z.ZodType>(schema: S, rule: Rule<z.output<S>>): S {
  return schema.superRefine(
    (value, context) => {
      if (settled(rule, value, context.issues.length > 0)) return;
      context.addIssue({ code: 'custom', path: [...rule.path], message: rule.message });
    },
    { when: () => true },
  );
}

function settled<T>(rule: Rule<T>, value: T, alreadyRefused: boolean): boolean {
  try {
    return rule.holds(value);
  } catch {
    return alreadyRefused;
  }
}
