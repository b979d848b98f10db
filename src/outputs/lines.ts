/**
 * The lines of a scan result for people: Pods of one workload that run the same digest are one line with a count.
 * Owns the grouping and the words of a line; must never merge lines that say different things.
 */
import type { ImageUse } from '../core/image-use.ts';
import type { RowState, ScanRow } from '../core/scan-result.ts';

/** Rows that say the same, by the first of them, and on how many Pods they are. */
export interface Line {
  readonly row: ScanRow;
  readonly pods: number;
}

/** The lines, in the order of the rows. */
export function linesOf(rows: readonly ScanRow[]): readonly Line[] {
  const groups = Map.groupBy(rows, lineKey);
  return [...groups.values()].flatMap((group) => {
    const [row] = group;
    return row === undefined ? [] : [{ row, pods: group.filter(({ use }) => use.pod !== undefined).length }];
  });
}

function lineKey(row: ScanRow): string {
  const { policy, use, refusal } = row;
  const { namespace, workload, container, containerType, image, digest } = use;
  const owner = [namespace, workload.apiVersion, workload.kind, workload.name, workload.uid];
  const [state, reason, message] = wordsOf(row);
  return JSON.stringify([policy, owner, containerType, container, image, digest, state, reason, message, refusal]);
}

/** State, reason and message of a row. */
export function wordsOf({
  outcome,
}: Pick<ScanRow, 'outcome'>): readonly [state: RowState, reason: string, message: string] {
  if (outcome.kind === 'judged') return [outcome.verdict.state, outcome.verdict.reason, outcome.verdict.message];
  const end = outcome.expiresAt === undefined ? 'for good' : `until ${outcome.expiresAt}`;
  return ['excepted', 'Excepted', `${outcome.reason} (${end})`];
}

/** Container with its type, where that is not the usual one: `init:migrate`, `volume:model`. */
export function containerName({ container, containerType }: Pick<ImageUse, 'container' | 'containerType'>): string {
  switch (containerType) {
    case 'container':
      return container;
    case 'initContainer':
      return `init:${container}`;
    case 'ephemeralContainer':
      return `ephemeral:${container}`;
    case 'imageVolume':
      return `volume:${container}`;
  }
}
