/**
 * What a policy demands at a moment, set by set: which signers are left, and what they must vouch for. Owns which keys
 * may vouch now. Must never leave a set out: one that nobody can meet stays, and refuses.
 */
import type { ImageTrustPolicy } from '../../api/image-trust-policy.ts';
import type { AdmissionKey } from '../../core/admission-key.ts';
import { formatRepository, parseRepository } from '../../core/reference.ts';
import { type Clause, clausesOf } from './clauses.ts';
import type { Ledger } from './ledger.ts';
import type { LeftOut, RenderRequest } from './rendering.ts';
import type { EntryDemand, Reading, Voucher } from './verifier.ts';
import { vouchersOf } from './vouchers.ts';

type Spec = ImageTrustPolicy['spec'];
type PolicySet = Spec['attestors'][number];

/** One set with what it vouches for. */
export interface DemandedSet {
  readonly name: string;
  /** Field of the ImageTrustPolicy. */
  readonly where: string;
  /** Position in spec.attestations; absent: a signature of the image. */
  readonly attestation?: number;
  /** Empty: nobody can meet it. */
  readonly clauses: readonly Clause[];
  /** TrustedKeys by which it can be met, in order. */
  readonly trustedKeys: readonly string[];
}

/** All sets, and the keys that were left out of them. */
export interface Demanded {
  readonly sets: readonly DemandedSet[];
  readonly leftOut: readonly LeftOut[];
}

/** What is demanded at `now`. `reading` is how the kind reads signatures. */
export function demandsAt(request: RenderRequest, reading: Reading, ledger: Ledger): Demanded {
  const { attestors, attestations } = request.policy.spec;
  const leftOut = new Map<string, LeftOut>();
  const make = (set: PolicySet, where: string, attestation?: number): DemandedSet => {
    const entries = set.entries.map((entry, index) => {
      const key = mayVouch(request, entry.trustedKey, leftOut, ledger);
      const claim = attestation === undefined ? ('signature' as const) : ('attestation' as const);
      const context = { format: request.format, reading, claim, ledger };
      const demand = demandOf(entry, `${where}.entries[${index}].repository`);
      return key === undefined ? [] : vouchersOf(key, demand, context);
    });
    return demandedSet(set, entries, { where, ...(attestation === undefined ? {} : { attestation }) }, ledger);
  };
  const signatures = attestors.map((set, index) => make(set, `spec.attestors[${index}]`));
  const attested = attestations.flatMap((attestation, index) =>
    (attestation.attestors ?? attestors).map((set, place) => {
      const own = attestation.attestors === undefined ? 'spec.attestors' : `spec.attestations[${index}].attestors`;
      return make(set, `${own}[${place}]`, index);
    }),
  );
  return { sets: [...signatures, ...attested], leftOut: [...leftOut.values()] };
}

/** When the windows of the keys that a policy names open and close. */
export function windowEdges({ policy, keys }: Pick<RenderRequest, 'policy' | 'keys'>): readonly Date[] {
  return [...namedKeys(policy.spec)].flatMap((name) => {
    const key = keys.get(name);
    if (key?.state !== 'usable') return [];
    return [key.validFrom, key.validUntil].filter((edge) => edge !== undefined);
  });
}

function namedKeys({ attestors, attestations }: Spec): ReadonlySet<string> {
  const sets = [...attestors, ...attestations.flatMap((attestation) => attestation.attestors ?? [])];
  return new Set(sets.flatMap((set) => set.entries.map(({ trustedKey }) => trustedKey)));
}

function demandedSet(
  { name, count, entries: written }: PolicySet,
  entries: readonly (readonly Voucher[])[],
  place: Pick<DemandedSet, 'where' | 'attestation'>,
  ledger: Ledger,
): DemandedSet {
  const counted = clausesOf({ count: count ?? written.length, entries });
  if (counted.kind === 'indistinguishable') ledger.note('sameSigner', place.where);
  const clauses = counted.kind === 'clauses' ? counted.clauses : [];
  const trustedKeys = new Set(entries.flatMap((entry) => entry.map(({ verifiers }) => verifiers[0]?.trustedKey ?? '')));
  return { name, ...place, clauses, trustedKeys: [...trustedKeys] };
}

function demandOf({ annotations, repository }: PolicySet['entries'][number], where: string): EntryDemand {
  if (repository === undefined) return { annotations };
  try {
    return { annotations, repository: formatRepository(parseRepository(repository)) };
  } catch (error) {
    throw new Error(`${where}: ${error instanceof Error ? error.message : 'unreadable'}`, { cause: error });
  }
}

type UsableKey = Extract<AdmissionKey, { state: 'usable' }>;

/** The key, if it may vouch now; else why not is noted. */
function mayVouch(
  { keys, now }: RenderRequest,
  name: string,
  leftOut: Map<string, LeftOut>,
  ledger: Ledger,
): UsableKey | undefined {
  const leave = (why: LeftOut['why'], message: string): undefined => {
    leftOut.set(name, { trustedKey: name, why, message });
    return undefined;
  };
  const key = keys.get(name);
  if (key === undefined) return leave('Missing', `there is no TrustedKey "${name}"`);
  if (key.state === 'revoked') return leave('Revoked', `TrustedKey "${name}" is Revoked`);
  if (key.state === 'unusable') return leave('NotReady', key.message);
  const { validFrom, validUntil } = key;
  if (validFrom !== undefined) ledger.note('signingTime', `TrustedKey ${name}, spec.lifecycle.validFrom`);
  if (validFrom !== undefined && now < validFrom)
    return leave('OutsideValidity', `TrustedKey "${name}" vouches from ${validFrom.toISOString()} on`);
  if (validUntil !== undefined && now >= validUntil)
    return leave('OutsideValidity', `TrustedKey "${name}" vouched until ${validUntil.toISOString()}`);
  return key;
}
