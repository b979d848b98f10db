/**
 * A scan: from a world of manifests to a result. The order of the steps and nothing else; no printing, no flags.
 */
import type { ImageTrustPolicy } from '../api/image-trust-policy.ts';
import { Failure, reasonOfFailure } from '../core/failure.ts';
import type { ImageUse } from '../core/image-use.ts';
import { withResolvedDigests } from '../core/inventory.ts';
import { plan } from '../core/plan.ts';
import { exceptedRow, judgedRow, scanResult, type ScanResult, type ScanRow } from '../core/scan-result.ts';
import type { World } from '../core/world.ts';
import { unjudged } from '../verify/engine/judge.ts';
import { refusalOf } from '../store/refusals.ts';
import { type Examined, verdictOnUse } from '../verify/engine/use.ts';
import { judgeTasks, type PassContext, type Resolutions, resolveTags } from './pass.ts';

/** Told how far a scan is. */
export interface ScanWatcher {
  /** So many tasks are to be decided. */
  planned(tasks: number): void;
  /** One of them is. */
  decided(): void;
}

/** One pass over everything that runs in the world. */
export async function scan(world: World, ctx: PassContext, watcher: ScanWatcher): Promise<ScanResult> {
  const open = plan(world, ctx.now).unresolved.map(({ policy, use }) => ({ policy, reference: use.reference }));
  const resolutions = await resolveTags(open, ctx);
  const planned = plan({ ...world, uses: withResolvedDigests(world.uses, resolutions.digests) }, ctx.now);
  watcher.planned(planned.tasks.length);
  const judged = await judgeTasks(planned.tasks, ctx, () => watcher.decided());
  const rows = [
    ...judged.flatMap(({ task, examination }) => task.uses.map((use) => judgedUse(task.policy, use, examination, ctx))),
    ...planned.unresolved.map(({ policy, use }) => unresolvedRow(policy, use, resolutions)),
    ...planned.excepted.map((excepted) => exceptedRow(excepted)),
  ];
  return scanResult(rows, planned.uncovered);
}

function judgedUse(policy: ImageTrustPolicy, use: ImageUse, examination: Examined, { doorOf }: PassContext): ScanRow {
  const verdict = verdictOnUse(examination, use, policy);
  return { ...judgedRow(policy, use, verdict), ...refusalOf({ policy, use, verdict }, examination, doorOf(policy)) };
}

/** Nobody could say which digest the tag leads to, so there is nothing to hold a signature against. */
function unresolvedRow(policy: ImageTrustPolicy, use: ImageUse, resolutions: Resolutions): ScanRow {
  const failure =
    resolutions.failureOf(policy, use.reference) ??
    new Failure({ kind: 'unavailable' }, `${use.image}: its tag was not resolved`);
  const verdict = unjudged(reasonOfFailure(failure.detail), failure.message);
  return judgedRow(policy, use, verdictOnUse({ verdict, leads: new Map() }, use, policy));
}
