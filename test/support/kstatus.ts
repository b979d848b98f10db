/**
 * The algorithm by which Argo CD, Flux and kubectl wait read a status (cli-utils pkg/kstatus/status, as conventions.md
 * §2 gives it): the oracle of status tests.
 */
import type { Condition } from '../../src/api/condition.ts';

/** What kstatus says of an object. */
export type Kstatus = 'Current' | 'InProgress' | 'Failed';

/** Reads a custom resource that is not being deleted. */
export function kstatusOf(
  generation: number,
  status: { readonly observedGeneration?: number; readonly conditions?: readonly Pick<Condition, 'type' | 'status'>[] },
): Kstatus {
  if (status.observedGeneration !== generation) return 'InProgress';
  const statusOf = (type: string) => status.conditions?.find((condition) => condition.type === type)?.status;
  if (statusOf('Reconciling') === 'True') return 'InProgress';
  if (statusOf('Stalled') === 'True') return 'Failed';
  const ready = statusOf('Ready');
  return ready === undefined || ready === 'True' ? 'Current' : 'InProgress';
}
