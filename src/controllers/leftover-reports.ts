/**
 * Reports of ours of a kind that is not chosen: `--report-api` was another when they were written. Owns finding and
 * removing them. Must never remove a report that we did not make, nor one whose content is not published in the kind
 * that is chosen.
 */
import { LABELS } from '../api/group.ts';
import { keyOfWorkload } from '../core/known.ts';
import { isKubeFailure } from '../kube/failure.ts';
import { type KubeObject, OPEN_REPORTS, POLICY_REPORTS, type Resource } from '../kube/resource.ts';
import type { KubeClient } from '../kube/verbs.ts';
import { REPORT_SOURCE } from '../outputs/policy-report.ts';
import { type Controller, type ControllerOptions, createController, DONE } from './controller.ts';
import type { OperatorLog } from './log.ts';
import { projectReport } from './report-keeper.ts';

/** What is left over. */
export interface LeftoverReports {
  readonly controller: Controller;
  /** Looks for them, kind by kind. */
  look(): void;
  /** The report of this workload says in the chosen kind what it has to say: its others go. */
  remove(workload: string, signal: AbortSignal): Promise<void>;
}

/** What they are found by. */
export interface LeftoverReportsOptions extends Pick<ControllerOptions, 'clock' | 'observer'> {
  readonly client: KubeClient;
  readonly log: OperatorLog;
  /** The kind that is chosen; absent: none is. */
  readonly chosen: Resource | undefined;
  /** Reports of this namespace only; absent: of all. */
  readonly namespace: string | undefined;
  /** A workload has some. */
  readonly onFound: (workload: string) => void;
}

const KINDS: readonly Resource[] = [POLICY_REPORTS, OPEN_REPORTS];
const PAGE = 100;

/** The very object that was seen. */
interface Leftover {
  readonly resource: Resource;
  readonly name: string;
  readonly namespace: string;
  readonly resourceVersion: string;
}

/** Makes the controller. Its keys are groups of the API. */
export function createLeftoverReports(options: LeftoverReportsOptions): LeftoverReports {
  const kinds = KINDS.filter(({ group }) => group !== options.chosen?.group);
  const found = new Map<string, readonly Leftover[]>();
  const { clock, observer } = options;
  const controller = createController({
    name: 'leftoverreport',
    clock,
    concurrency: 1,
    async reconcile(group, signal) {
      for (const resource of kinds.filter((kind) => kind.group === group)) await lookFor(resource, signal);
      return DONE;
    },
    ...(observer === undefined ? {} : { observer }),
  });
  const lookFor = async (resource: Resource, signal: AbortSignal): Promise<void> => {
    for await (const [workload, report] of leftoversOf(resource, options, signal)) {
      const others = (found.get(workload) ?? []).filter((one) => one.resource !== resource);
      found.set(workload, [...others, report]);
      options.onFound(workload);
    }
  };
  return {
    controller,
    look: () => kinds.forEach(({ group }) => controller.add(group)),
    async remove(workload, signal): Promise<void> {
      for (const report of found.get(workload) ?? []) {
        const removed = await removeSeen(report, options, signal);
        // Somebody wrote it in between: whether it is ours is looked up anew.
        if (!removed) controller.add(report.resource.group);
      }
      found.delete(workload);
    },
  };
}

/** Where the kind is not served there is nothing; where we may not look, it says so and leaves them. */
async function* leftoversOf(
  resource: Resource,
  { client, log, namespace }: LeftoverReportsOptions,
  signal: AbortSignal,
): AsyncGenerator<readonly [workload: string, report: Leftover]> {
  const labelSelector = `${LABELS.managedBy}=${REPORT_SOURCE}`;
  try {
    for (let page: string | undefined = ''; page !== undefined; ) {
      const from = page === '' ? {} : { continue: page };
      const list = await client.listPage(resource, { labelSelector, namespace, limit: PAGE, ...from, signal });
      for (const object of list.items) yield* leftoverOf(resource, object);
      page = list.continue;
    }
  } catch (error) {
    if (isKubeFailure(error, 'not-found')) return;
    if (!isKubeFailure(error, 'forbidden')) throw error;
    log.warn('reports of another kind may have been left behind: not permitted to look', { error });
  }
}

function* leftoverOf(resource: Resource, object: KubeObject): Iterable<readonly [string, Leftover]> {
  const report = projectReport(object);
  if (report === undefined) return;
  const { name, namespace, resourceVersion } = report;
  yield [keyOfWorkload(report), { resource, name, namespace, resourceVersion }];
}

/** False where it is not the one that was seen any more. */
async function removeSeen(
  { resource, name, namespace, resourceVersion }: Leftover,
  { client, log }: LeftoverReportsOptions,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await client.remove(resource, { name, namespace }, { resourceVersion, signal });
    log.info('report of another kind removed', { kind: resource.kind, namespace, name });
    return true;
  } catch (error) {
    if (isKubeFailure(error, 'conflict')) return false;
    if (!isKubeFailure(error, 'forbidden')) throw error;
    log.warn('a report of another kind is left behind: not permitted to remove it', { error });
    return true;
  }
}
