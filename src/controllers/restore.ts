/**
 * What reports of an earlier life say of tasks: so that a restart verifies nothing at once that was verified. Pure.
 * Must never make a verdict of a digest from what was only a fault of one use of it.
 */
import { type Digest, isDigest } from '../core/digest.ts';
import { Failure } from '../core/failure.ts';
import type { EstablishedVerdict, Known } from '../core/known.ts';
import { formatReference, parseReference } from '../core/reference.ts';
import type { RestoredReport, RestoredRow } from '../outputs/report-restore.ts';

/** Reasons that lie in one use (its spec, its tag), and say nothing of the digest. */
const OF_THE_USE: ReadonlySet<string> = new Set(['DigestRequired', 'TagDrift']);

/**
 * The tasks that these reports know, each under the trust that it was judged by. `checkedAt`: when the last pass of a
 * policy was complete; what is older was confirmed by it.
 */
export function restoredTasks(
  reports: Iterable<RestoredReport>,
  checkedAt: (policy: string) => Date | undefined,
): readonly Known[] {
  const groups = Map.groupBy([...rowsWithTask(reports)], ({ row, digest }) =>
    JSON.stringify([row.policy, digest, row.trustId]),
  );
  return [...groups.values()].flatMap((group) => {
    const best = group.find(({ verdict }) => verdict.state === 'verified') ?? group[0];
    return best === undefined ? [] : [knownOf(best, group, checkedAt(best.row.policy))];
  });
}

interface RowWithTask {
  readonly row: RestoredRow;
  readonly digest: Digest;
  readonly trustId: string;
  readonly verdict: EstablishedVerdict;
}

function* rowsWithTask(reports: Iterable<RestoredReport>): Iterable<RowWithTask> {
  for (const { rows } of reports) {
    for (const row of rows.values()) {
      const { trustId, outcome, use } = row;
      const verdict = outcome.kind === 'judged' ? outcome.verdict : undefined;
      const { digest } = use;
      if (verdict === undefined || verdict.state === 'unknown' || OF_THE_USE.has(verdict.reason)) continue;
      if (trustId !== undefined && digest !== undefined && isDigest(digest)) yield { row, digest, trustId, verdict };
    }
  }
}

function knownOf(best: RowWithTask, group: readonly RowWithTask[], checkedAt: Date | undefined): Known {
  const { row, digest, trustId, verdict } = best;
  const { changedAt, vouchers } = row;
  const at = checkedAt === undefined || checkedAt < changedAt ? changedAt : checkedAt;
  return {
    policy: row.policy,
    digest,
    trustId,
    established: { verdict, at, changedAt, vouchers },
    leads: new Map(),
    references: new Set(group.flatMap((one) => referenceOf(one.row.use.image))),
    restored: true,
  };
}

/** A name that was cut in the report is no name: its use will be looked at again. */
function referenceOf(image: string): readonly string[] {
  try {
    return [formatReference(parseReference(image))];
  } catch (error) {
    if (error instanceof Failure) return [];
    throw error;
  }
}
