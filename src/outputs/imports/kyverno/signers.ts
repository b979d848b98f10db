/**
 * Attestors of a ClusterPolicy as TrustedKeys of ours and formulas over them. Owns what each kind of attestor means in
 * each type of rule (measured: facts of Kyverno 1.19.1); must never take a signer for more than Kyverno took it for.
 */
import { at, type Field, isAbsent, listItems, optionalText, textMap } from '../../../core/manifests/field.ts';
import { type Draft, type EntrySpec, refuseUnknown } from '../draft.ts';
import type { Formula } from '../formula.ts';
import { keySourcesIn, type KeySource, kmsSource, secretSource } from '../sigstore/keys.ts';
import { clusterPolicyLogs, trustOfKey } from '../sigstore/trust.ts';
import { certificateSigner, notarySigner } from './certificates.ts';
import { keylessSigner } from './keyless.ts';
import type { NamedKey, SignerContext } from './signer-context.ts';

/** Kyverno refuses deeper ones by the depth of its schema. */
const MAX_DEPTH = 8;
const KINDS = ['keys', 'certificates', 'keyless', 'attestor'] as const;
const COMMON = ['annotations', 'repository', 'signatureAlgorithm'] as const;

/** The formula of an attestor set. Undefined with a refusal in the draft. */
export function formulaOf(set: Field, ctx: SignerContext, depth = 0): Formula | undefined {
  const entries = listItems(at(set, 'entries'), 'a list of attestors');
  if (entries.length === 0 || depth > MAX_DEPTH) {
    ctx.draft.note('refused', set, depth > MAX_DEPTH ? 'attestors are nested too deep' : 'a set without entries');
    return undefined;
  }
  const count = at(set, 'count');
  if (!isAbsent(count) && !isCount(count.value, entries.length)) {
    ctx.draft.note('refused', count, `expected a whole number from 1 to ${entries.length}, the number of entries`);
    return undefined;
  }
  const of = entries.map((entry) => formulasOfEntry(entry, ctx, depth));
  if (of.includes(undefined)) return undefined;
  const all = of.flatMap((formulas) => formulas ?? []);
  return { kind: 'threshold', count: typeof count.value === 'number' ? count.value : all.length, of: all };
}

function isCount(value: unknown, most: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= most;
}

/** Several where an entry holds several keys, of which each counts. */
function formulasOfEntry(entry: Field, ctx: SignerContext, depth: number): readonly Formula[] | undefined {
  refuseUnknown(ctx.draft, entry, [...KINDS, ...COMMON]);
  const given = KINDS.filter((kind) => !isAbsent(at(entry, kind)));
  const [kind] = given;
  if (kind === undefined || given.length > 1) {
    ctx.draft.note('refused', entry, `expected exactly one of ${KINDS.join(', ')}`);
    return undefined;
  }
  if (kind === 'attestor') {
    const inner = formulaOf(at(entry, 'attestor'), ctx, depth + 1);
    return inner === undefined ? undefined : [inner];
  }
  const keys = keysOf(kind, entry, ctx);
  if (keys === undefined) return undefined;
  const demands = demandsOf(entry, ctx);
  return keys.map(({ hint, spec }) => ({
    kind: 'signer',
    entry: { trustedKey: ctx.ring.add(hint, spec), ...demands },
  }));
}

function keysOf(
  kind: 'keys' | 'certificates' | 'keyless',
  entry: Field,
  ctx: SignerContext,
): readonly NamedKey[] | undefined {
  const field = at(entry, kind);
  if (ctx.type === 'Notary') {
    const key = notarySigner(field, kind, ctx);
    return key === undefined ? undefined : [key];
  }
  switch (kind) {
    case 'keys':
      return publicKeys(field, entry, ctx);
    case 'certificates': {
      const key = certificateSigner(field, ctx);
      return key === undefined ? undefined : [key];
    }
    case 'keyless': {
      const key = keylessSigner(field, ctx);
      return key === undefined ? undefined : [key];
    }
  }
}

function publicKeys(field: Field, entry: Field, ctx: SignerContext): readonly NamedKey[] | undefined {
  refuseUnknown(ctx.draft, field, ['publicKeys', 'kms', 'secret', 'signatureAlgorithm', 'rekor', 'ctlog']);
  const sources = sourcesOf(field, ctx);
  if (sources === undefined) return undefined;
  noteAlgorithm([at(field, 'signatureAlgorithm'), at(entry, 'signatureAlgorithm')], ctx.draft);
  const trust = trustOfKey(clusterPolicyLogs(field), { ...ctx, field });
  const used = ctx.within === 'attestors' ? sources : firstAlone(sources, field, ctx.draft);
  return used.map(({ hint, source }) => ({ hint, spec: { publicKey: source, ...trust } }));
}

function sourcesOf(field: Field, ctx: SignerContext): readonly KeySource[] | undefined {
  const secret = at(field, 'secret');
  if (!isAbsent(secret)) {
    const name = optionalText(at(secret, 'name'), 'the name of a Secret') ?? '';
    const namespace = optionalText(at(secret, 'namespace'), 'the namespace of a Secret') ?? '';
    return [secretSource({ namespace, name }, secret, ctx.draft)];
  }
  const kms = at(field, 'kms');
  if (isAbsent(kms)) return keySourcesIn(at(field, 'publicKeys'), ctx.draft, ctx.variables);
  const text = optionalText(kms, 'a URI') ?? '';
  return /^(awskms|gcpkms|azurekms|hashivault):/.test(text) ? [kmsSource(text)] : keySourcesIn(kms, ctx.draft);
}

function firstAlone(sources: readonly KeySource[], field: Field, draft: Draft): readonly KeySource[] {
  if (sources.length > 1)
    draft.note(
      'changed',
      at(field, 'publicKeys'),
      `of ${sources.length} keys only the first is imported, the only one that Kyverno reads here`,
    );
  return sources.slice(0, 1);
}

function noteAlgorithm(fields: readonly Field[], draft: Draft): void {
  for (const field of fields) {
    if (!isAbsent(field) && field.value !== 'sha256')
      draft.note('lost', field, 'the hash: here it follows from the key (P-384 with SHA-384 or SHA-256, and so on)');
  }
}

function demandsOf(entry: Field, { draft, type, repository }: SignerContext): Omit<EntrySpec, 'trustedKey'> {
  const annotations = textMap(at(entry, 'annotations'), 'texts by name');
  const own = optionalText(at(entry, 'repository'), 'a repository') ?? repository;
  if (Object.keys(annotations).length > 0 && type !== 'Cosign')
    draft.note(
      'changed',
      at(entry, 'annotations'),
      `Kyverno ignores annotations in type ${type}; here they are demanded`,
    );
  if (own !== undefined && type === 'SigstoreBundle')
    draft.note('lost', entry, 'repository: Kyverno ignores it in type SigstoreBundle and looks beside the image');
  return {
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    ...(own === undefined || type === 'SigstoreBundle' ? {} : { repository: own }),
  };
}
