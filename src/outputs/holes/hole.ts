/** A hole that was found, and the field that it was found at. Shapes and collecting; no rules. */
import type { Field } from '../../core/manifests/field.ts';
import type { ManifestDocument } from '../../core/manifests/load.ts';
import type { Path } from '../../core/manifests/problem.ts';
import type { HoleCode } from './table.ts';

/** A hole in a policy. */
export interface Hole {
  readonly code: HoleCode;
  /** The field, from the root of the policy. */
  readonly path: Path;
  /** What was found there; keys and certificates are never repeated. */
  readonly detail: string;
}

/** Collects holes of one policy. */
export interface Search {
  readonly root: Field;
  found(code: HoleCode, at: Pick<Field, 'path'>, detail: string): void;
  holes(): readonly Hole[];
}

/** Begins. A field of the wrong type is a hole by itself. */
export function startSearch({ object }: Pick<ManifestDocument, 'object'>): Search {
  const holes = new Map<string, Hole>();
  const add = (hole: Hole): void => {
    const key = JSON.stringify([hole.code, hole.path, hole.detail]);
    if (!holes.has(key)) holes.set(key, hole);
  };
  return {
    root: {
      value: object,
      path: [],
      report: ({ path, expected, found }) =>
        add({ code: 'Malformed', path, detail: `expected ${expected}, found ${found}` }),
    },
    found: (code, { path }, detail) => add({ code, path, detail }),
    holes: () => [...holes.values()],
  };
}

/** A text as it stands; empty where there is none. */
export function textOf({ value }: Pick<Field, 'value'>): string {
  return typeof value === 'string' ? value : '';
}
