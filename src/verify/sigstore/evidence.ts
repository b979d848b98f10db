/**
 * What the company of a signature proves beside the signature itself: that a log holds it, and since when it exists.
 * Owns the rule that a time counts only when proven: an entry or timestamp that fails is left aside and said so in a
 * note; whether one that holds is demanded is the caller's decision.
 */
import type { TimeSource } from '../../core/verdict.ts';
import { Refused } from '../refusal.ts';
import type { TransparencyLog, TrustRoot } from '../signer.ts';
import { type LogProof, proveLogEntry, type VerifiedBy } from './log.ts';
import { COMPANY, type Signed, type Unreadable } from './signed.ts';
import { proveTimestamp } from './timestamp.ts';
import { prepareTrust } from './trust.ts';

/** A time at which the signature existed, and who vouches for that. */
export interface ProvenTime {
  readonly at: Date;
  readonly source: TimeSource;
}

/** What was proven, and what was not. */
export interface Evidence {
  readonly log: readonly LogProof[];
  /** Earliest first. */
  readonly times: readonly ProvenTime[];
  /** Stable sentences on what does not hold. */
  readonly failures: readonly string[];
  /** Log entries that nobody looked at, for want of a trusted root. */
  readonly unexamined: number;
}

/** Where a signature needs a log entry, and the root that says which logs and authorities are believed. */
export interface LogDemand {
  readonly transparencyLog: TransparencyLog;
  readonly trustRoot?: TrustRoot;
}

/** Looks at all of the company. Refuses only what is beyond any honest size, and a trusted root that cannot be used. */
export function gatherEvidence(signed: Signed, by: VerifiedBy, demand: LogDemand): Evidence {
  demandModest(signed);
  const company = signed.logEntries.length + signed.timestamps.length + signed.unreadable.length;
  if (demand.trustRoot === undefined || company === 0) {
    const unexamined = signed.logEntries.length + unreadable(signed, 'log entry').length;
    return { log: [], times: [], failures: [], unexamined };
  }
  const trust = prepareTrust(demand.trustRoot);
  const entries = signed.logEntries.map((entry) => proveLogEntry(entry, signed, by, trust.library));
  const stamps = signed.timestamps.map((token) => proveTimestamp(token, signed.stamped, trust.timestamping));
  const log = entries.filter((e) => typeof e !== 'string');
  const times = [
    ...log.flatMap(({ integratedAt }) =>
      integratedAt === undefined ? [] : [{ at: integratedAt, source: 'transparency-log' as const }],
    ),
    ...stamps.flatMap((at) => (typeof at === 'string' ? [] : [{ at, source: 'timestamp-authority' as const }])),
  ].toSorted((a, b) => a.at.getTime() - b.at.getTime());
  const failures = [
    ...unreadable(signed, 'log entry').map((why) => `${LOG_FAILURE}${why}`),
    ...entries.filter((e) => typeof e === 'string').map((why) => `${LOG_FAILURE}${why}`),
    ...unreadable(signed, 'timestamp').map((why) => `${STAMP_FAILURE}${why}`),
    ...stamps.filter((s) => typeof s === 'string').map((why) => `${STAMP_FAILURE}${why}`),
  ];
  return { log, times, failures: [...new Set(failures)], unexamined: 0 };
}

const LOG_FAILURE = 'transparency-log entry does not verify: ';
const STAMP_FAILURE = 'timestamp does not verify: ';

function unreadable(signed: Signed, part: Unreadable['part']): readonly string[] {
  return signed.unreadable.flatMap((u) => (u.part === part ? [u.why] : []));
}

/** Demands a log entry where the trusted key requires one. */
export function demandLogged(evidence: Evidence, demand: LogDemand): void {
  if (demand.transparencyLog === 'Ignored' || evidence.log.length > 0) return;
  if (demand.trustRoot === undefined && evidence.unexamined > 0) {
    throw new Refused(
      'TrustRootUnavailable',
      'transparencyLog is Required, and there is no trusted root that says which logs to believe: give a trusted_root.json with trustRoot.configMapRef or --trusted-root',
    );
  }
  const failure = evidence.failures.find((f) => f.startsWith(LOG_FAILURE));
  if (failure === undefined) {
    throw new Refused(
      'TransparencyLogMissing',
      'signature is valid but has no transparency-log entry: set transparencyLog: Ignored if you sign with --tlog-upload=false',
    );
  }
  throw new Refused(
    'TransparencyLogMissing',
    `signature is valid but its ${failure}; expected an entry of a log of the trusted root that records this signature`,
  );
}

/** The earliest proven time as proofs state it: the signature was made no later. */
export function signingTime(evidence: Evidence): { readonly signedAt?: Date; readonly timeSource: TimeSource } {
  const [earliest] = evidence.times;
  return earliest === undefined ? { timeSource: 'none' } : { signedAt: earliest.at, timeSource: earliest.source };
}

/** The index of the first entry that holds. */
export function logIndexOf(evidence: Evidence): { readonly logIndex?: string } {
  const [first] = evidence.log;
  return first === undefined ? {} : { logIndex: first.logIndex };
}

function demandModest(signed: Signed): void {
  const counts = signed.logEntries.length <= COMPANY.logEntries && signed.timestamps.length <= COMPANY.timestamps;
  const sizes = signed.timestamps.every((t) => t.length <= COMPANY.itemBytes);
  if (counts && sizes) return;
  throw new Refused(
    'SignatureInvalid',
    `the signature brings more than ${COMPANY.logEntries} log entries or ${COMPANY.timestamps} timestamps, or a huge one`,
  );
}
