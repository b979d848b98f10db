/** What our engine says of the images of Pods: by `image-trust scan`, as users ask it. */
import { imageTrust } from '../support/cli.ts';
import type { Loose } from '../support/cluster/client.ts';

/** Of one Pod: the worst of its images. */
export interface OurVerdict {
  readonly state: 'verified' | 'rejected' | 'unknown' | 'excepted';
  readonly reason: string;
  readonly message: string;
}

interface Row {
  readonly workload: { readonly name: string };
  readonly state: OurVerdict['state'];
  readonly reason?: string;
  readonly message?: string;
}

const WORST_FIRST = ['rejected', 'unknown', 'verified', 'excepted'] as const;

/** Verdicts by name of the Pod. A Pod that no policy covers has none. */
export async function judge(
  objects: readonly Loose[],
  hosts: readonly string[],
  flags: readonly string[] = [],
): Promise<ReadonlyMap<string, OurVerdict>> {
  const plain = hosts.flatMap((host) => ['--plain-http', host]);
  const stdin = objects.map((object) => JSON.stringify(object)).join('\n---\n');
  const ended = await imageTrust(['scan', '-f', '-', '-o', 'json', ...plain, ...flags], { stdin, now: new Date() });
  if (ended.code > 2) throw new Error(`image-trust scan ended with ${ended.code}: ${ended.stderr}`);
  const { results } = JSON.parse(ended.stdout) as { readonly results: readonly Row[] };
  const byPod = Map.groupBy(results, (row) => row.workload.name);
  return new Map([...byPod].map(([pod, rows]) => [pod, worstOf(rows)]));
}

function worstOf(rows: readonly Row[]): OurVerdict {
  const [worst] = rows.toSorted((a, b) => WORST_FIRST.indexOf(a.state) - WORST_FIRST.indexOf(b.state));
  if (worst === undefined) throw new Error('no result');
  return { state: worst.state, reason: worst.reason ?? '', message: worst.message ?? '' };
}
