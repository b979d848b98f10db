/**
 * The status of a TrustedKey, from its material and from who depends on it. Pure. Must never show more of the material
 * than what is public, nor say in how many days something ends: that would change every day.
 */
import type { TrustedKey } from '../api/trusted-key.ts';
import type { TrustedKeyStatus } from '../api/trusted-key-status.ts';
import type { UnknownReason } from '../api/reasons.ts';
import type { KeyDependents } from '../core/dependents.ts';
import { parseDuration } from '../core/duration.ts';
import { compareText } from '../core/image-use.ts';
import { canonical } from './canonical.ts';
import { type Finding, mergeConditions, rfc3339 } from './conditions.ts';

/** A key or certificate; `verify/trust/key-facts.ts` makes them. */
export interface ShownKey {
  readonly fingerprint: string;
  readonly algorithm: string;
  readonly notAfter?: Date;
}

/** Something with an end; `what` opens a sentence. */
export interface End {
  readonly what: string;
  readonly at: Date;
}

/** What the material of a TrustedKey came to. */
export type KeyMaterial =
  | {
      readonly state: 'usable';
      readonly keys: readonly ShownKey[];
      /** What else ends, by name: the trust root that signatures are proven by. */
      readonly ends?: readonly End[];
    }
  | {
      readonly state: 'unusable';
      readonly reason: Extract<
        UnknownReason,
        'TrustedKeyMissing' | 'TrustedKeyNotReady' | 'TrustRootUnavailable' | 'KmsUnavailable'
      >;
      readonly message: string;
    }
  /** A Secret or ConfigMap that it names has not been read yet. */
  | { readonly state: 'loading' };

/** Everything that the status of one key is rendered from. */
export interface KeyView {
  readonly key: TrustedKey;
  readonly material: KeyMaterial;
  /** Absent: no policy names it. */
  readonly dependents?: KeyDependents;
}

/** The status of a key at `now`. `previous`: the one that was written last, whose times go on. */
export function summariseKey(
  view: KeyView,
  now: Date,
  previous: TrustedKeyStatus | undefined = view.key.status,
): TrustedKeyStatus {
  const { key, material, dependents } = view;
  const generation = key.metadata.generation ?? 0;
  return {
    observedGeneration: generation,
    keys: material.state === 'usable' ? shownKeys(material.keys) : [],
    dependents: counted(dependents),
    conditions: mergeConditions(previous?.conditions, findingsOf(view, now), { generation, now }),
  };
}

/** Do two statuses say the same? */
export function sameKeyStatus(a: TrustedKeyStatus | undefined, b: TrustedKeyStatus): boolean {
  return a !== undefined && canonical(a) === canonical(b);
}

/** When the status of this view changes by itself, with nothing but time; undefined where it does not. */
export function keyStatusChangesAt(view: KeyView, now: Date): Date | undefined {
  const ends = endsOf(view).flatMap(({ at }) => NOTICE.map(({ days }) => at.getTime() - days * DAY_MS));
  const rotation = rotationDueAt(view.key)?.getTime();
  const ahead = [...ends, ...(rotation === undefined ? [] : [rotation])].filter((time) => time > now.getTime());
  return ahead.length === 0 ? undefined : new Date(Math.min(...ahead));
}

/** When the first certificate of the key, or its validity, ends; undefined where nothing does, or has been revoked. */
export function endOfKey(view: KeyView): Date | undefined {
  return endsOf(view)[0]?.at;
}

const MAX_KEYS = 64;
const DAY_MS = 86_400_000;

/** From when on an end is announced, the nearest first. */
const NOTICE = [
  { days: 0, reason: 'Expired' },
  { days: 7, reason: 'ExpiresWithin7Days' },
  { days: 14, reason: 'ExpiresWithin14Days' },
  { days: 30, reason: 'ExpiresWithin30Days' },
] as const;

function counted(dependents: KeyDependents | undefined): NonNullable<TrustedKeyStatus['dependents']> {
  if (dependents === undefined) return { policies: 0, images: 0, workloads: 0, solelyDependentWorkloads: 0 };
  const { policies, images, workloads, solelyDependent } = dependents;
  return {
    policies: policies.size,
    images: images.size,
    workloads: workloads.size,
    solelyDependentWorkloads: solelyDependent.size,
  };
}

function shownKeys(keys: readonly ShownKey[]): NonNullable<TrustedKeyStatus['keys']> {
  return keys
    .toSorted((a, b) => compareText(a.fingerprint, b.fingerprint))
    .slice(0, MAX_KEYS)
    .map(({ fingerprint, algorithm, notAfter }) => ({
      fingerprint,
      algorithm,
      ...(notAfter === undefined ? {} : { notAfter: rfc3339(notAfter) }),
    }));
}

function findingsOf(view: KeyView, now: Date): readonly Finding[] {
  const { key, material } = view;
  if (material.state === 'loading') {
    const message = 'what the key refers to is being read';
    return [
      { type: 'Ready', status: 'Unknown', reason: 'Progressing', message },
      { type: 'Reconciling', status: 'True', reason: 'Progressing', message },
    ];
  }
  if (material.state === 'unusable') {
    const problem = { reason: stalledReason(material.reason), message: material.message };
    return [
      { type: 'Ready', status: 'False', ...problem },
      { type: 'Stalled', status: 'True', ...problem },
    ];
  }
  return [ready(key, material.keys), ...expiring(view, now), ...rotationDue(key, now)];
}

/** Of a key itself, "not ready" says nothing: what is wrong is its material. */
function stalledReason(
  reason: Extract<KeyMaterial, { state: 'unusable' }>['reason'],
): 'MaterialUnusable' | 'TrustRootUnavailable' | 'KmsUnavailable' {
  return reason === 'TrustRootUnavailable' || reason === 'KmsUnavailable' ? reason : 'MaterialUnusable';
}

function ready({ spec }: TrustedKey, keys: readonly ShownKey[]): Finding {
  const ok = { type: 'Ready', status: 'True' } as const;
  switch (spec.lifecycle.state) {
    case 'Active':
      return { ...ok, reason: 'Succeeded', message: activeMessage(keys) };
    case 'Retiring':
      return { ...ok, reason: 'Retiring', message: 'the key still vouches; have what depends on it signed by another' };
    case 'Revoked':
      return { ...ok, reason: 'Revoked', message: revokedMessage(spec.lifecycle) };
  }
}

function activeMessage(keys: readonly ShownKey[]): string {
  if (keys.length === 0) return 'the key vouches by identity';
  return keys.length === 1 ? 'the key vouches' : `the key vouches, by any of ${keys.length} keys or certificates`;
}

function revokedMessage({ revocation, revokedAt }: TrustedKey['spec']['lifecycle']): string {
  return revocation === 'AfterRevokedAt' && revokedAt !== undefined
    ? `revoked: only signatures that are proven older than ${revokedAt} count`
    : 'revoked: the key vouches for nothing';
}

/** What ends: certificates, the trust root, and the time for which signatures of the key count. A revoked key has ended already. */
function endsOf({ key, material }: KeyView): readonly End[] {
  const { state, validUntil } = key.spec.lifecycle;
  if (state === 'Revoked' || material.state !== 'usable') return [];
  const certificates = material.keys.flatMap(({ fingerprint, notAfter }) =>
    notAfter === undefined ? [] : [{ what: `the certificate of ${fingerprint}`, at: notAfter }],
  );
  const window =
    validUntil === undefined
      ? []
      : [{ what: 'the validity of the key (lifecycle.validUntil)', at: new Date(validUntil) }];
  return [...certificates, ...window, ...(material.ends ?? [])].sort(
    (a, b) => a.at.getTime() - b.at.getTime() || compareText(a.what, b.what),
  );
}

function expiring(view: KeyView, now: Date): readonly Finding[] {
  const near = endsOf(view).flatMap((end) => {
    const notice = NOTICE.find(({ days }) => end.at.getTime() - days * DAY_MS <= now.getTime());
    return notice === undefined ? [] : [{ ...end, reason: notice.reason }];
  });
  const [first, ...others] = near;
  if (first === undefined) return [];
  const more = others.length === 0 ? '' : `, and ${others.length} more`;
  const verb = first.reason === 'Expired' ? 'ended' : 'ends';
  const message = `${first.what} ${verb} at ${rfc3339(first.at)}${more}`;
  return [{ type: 'Expiring', status: 'True', reason: first.reason, message }];
}

function rotationDue(key: TrustedKey, now: Date): readonly Finding[] {
  const due = rotationDueAt(key);
  if (due === undefined || due > now) return [];
  const message = `rotation every ${key.spec.lifecycle.rotateEvery ?? ''} was due at ${rfc3339(due)}: make a new key, let this one retire`;
  return [{ type: 'RotationDue', status: 'True', reason: 'RotationPeriodPassed', message }];
}

/** A key's age counts from validFrom, else from the day on which it was created here. */
function rotationDueAt({ metadata, spec }: TrustedKey): Date | undefined {
  const { rotateEvery, validFrom, state } = spec.lifecycle;
  if (rotateEvery === undefined || state === 'Revoked') return undefined;
  const created = metadata['creationTimestamp'];
  const birth = Date.parse(validFrom ?? (typeof created === 'string' ? created : ''));
  return Number.isNaN(birth) ? undefined : new Date(birth + parseDuration(rotateEvery));
}
