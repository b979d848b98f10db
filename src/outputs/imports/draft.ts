/**
 * One policy of ours under construction, with what is said of it on the way: what was lost, what changed, and what
 * cannot be said at all. Owns these notes; must never let a policy out of which a refusal was noted.
 */
import type { z } from 'zod';
import type { ImageTrustPolicySpec } from '../../api/image-trust-policy.ts';
import type { TrustedKeySpec } from '../../api/trusted-key.ts';
import type { Field, Mapping } from '../../core/manifests/field.ts';
import type { ManifestDocument } from '../../core/manifests/load.ts';
import type { Path } from '../../core/manifests/problem.ts';

/** The spec of a policy as a user would write it. */
export type PolicySpec = z.input<typeof ImageTrustPolicySpec>;
/** The spec of a key as a user would write it. */
export type KeySpec = z.input<typeof TrustedKeySpec>;
/** An attestor set as a user would write it. */
export type SetSpec = PolicySpec['attestors'][number];
/** An entry of one. */
export type EntrySpec = SetSpec['entries'][number];

/**
 * lost: a setting that has no place with us and lets nothing in by going. changed: the imported policy says it
 * otherwise, never more loosely without saying so. refused: it cannot be said, and leaving it out would let in more.
 */
export type NoteKind = 'lost' | 'changed' | 'refused';

/** Where in the output a note belongs: an object of it, or a field of that. */
export interface Spot {
  readonly object: object;
  readonly key?: string;
}

/** Something to say of the import. */
export interface ImportNote {
  readonly kind: NoteKind;
  /** The place in what was read, from its root. */
  readonly path: Path;
  readonly message: string;
  readonly spot?: Spot;
}

/** A policy under construction. */
export interface Draft {
  readonly document: ManifestDocument;
  readonly root: Field;
  note(kind: NoteKind, at: Pick<Field, 'path'>, message: string, spot?: Spot): void;
  notes(): readonly ImportNote[];
  isRefused(): boolean;
}

/** What comes of one rule: a policy with its notes, or, where it is refused or was nothing to import, the notes alone. */
export interface ImportedPolicy {
  readonly document: ManifestDocument;
  /** What its name is made of, from the general to the particular. */
  readonly nameParts: readonly string[];
  /** What it was made of, for the comment above it: `rule check-images`. */
  readonly origin: string;
  readonly spec?: PolicySpec;
  readonly notes: readonly ImportNote[];
}

/** Begins a policy. What has the wrong type is refused: we would have to guess what it means. */
export function startDraft(document: ManifestDocument): Draft {
  const notes: ImportNote[] = [];
  const report: Field['report'] = ({ path, expected, found, advice }) => {
    const tail = advice === undefined ? '' : ` (${advice})`;
    notes.push({ kind: 'refused', path, message: `expected ${expected}, found ${found}${tail}` });
  };
  return {
    document,
    root: { value: document.object, path: [], report },
    note: (kind, { path }, message, spot) =>
      void notes.push({ kind, path, message, ...(spot === undefined ? {} : { spot }) }),
    notes: () => notes,
    isRefused: () => notes.some(({ kind }) => kind === 'refused'),
  };
}

/** Ends a policy. A spec beside a refusal is dropped here, once for all importers. */
export function endDraft(
  draft: Draft,
  made: Pick<ImportedPolicy, 'nameParts' | 'origin'> & { readonly spec: PolicySpec | undefined },
): ImportedPolicy {
  const { spec, ...names } = made;
  const finished = { document: draft.document, ...names, notes: draft.notes() };
  return spec === undefined || draft.isRefused() ? finished : { ...finished, spec };
}

/** The keys of a mapping that nobody has read. Where Kyverno or another reader knows more, it is newer than we. */
export function refuseUnknown(draft: Draft, field: Field, known: readonly string[]): void {
  const mapping: Mapping = isObject(field.value) ? field.value : {};
  for (const key of Object.keys(mapping).filter((name) => !known.includes(name) && mapping[name] !== null))
    draft.note('refused', { path: [...field.path, key] }, 'this field is not known here, so its meaning would be lost');
}

function isObject(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
