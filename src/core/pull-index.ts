/**
 * Who pulls what: by repository, the namespaces and Secrets that the Pods there name for pulling. Owns the answer to
 * "with whose Secrets might this repository open?"; must never hold a Secret, nor more of a Pod than its identity.
 */
import type { PullIdentity, Workload } from './workload.ts';

/** What the kubelet pulls with, in the namespace of the Pods. */
export interface Puller extends PullIdentity {
  readonly namespace: string;
}

/** The index. */
export interface PullIndex {
  /** A Pod as it is now, by a key of its own; undefined, or idle: it pulls nothing any more. */
  set(pod: string, workload: Workload | undefined): void;
  /**
   * Those whose Pods use the repository, in a stable order; where there are none (a repository of signatures), those
   * who use the registry. `registry` and `path` as in canonical references.
   */
  pullersOf(registry: string, path: string): readonly Puller[];
}

/** Pullers of one repository that are told. */
const MAX_TOLD = 64;

interface Entry {
  readonly puller: string;
  readonly repositories: readonly string[];
}

/** An empty index. */
export function createPullIndex(): PullIndex {
  return new Index();
}

class Index implements PullIndex {
  readonly #pods = new Map<string, Entry>();
  readonly #pullers = new Map<string, { readonly puller: Puller; pods: number }>();
  /** By repository and puller, how many Pods. */
  readonly #users = new Map<string, Map<string, number>>();

  set(pod: string, workload: Workload | undefined): void {
    const before = this.#pods.get(pod);
    this.#pods.delete(pod);
    if (before !== undefined) this.#count(before, -1);
    const puller = workload === undefined || workload.idle ? undefined : pullerOf(workload);
    if (workload === undefined || puller === undefined) return;
    const key = JSON.stringify([puller.namespace, puller.serviceAccount, puller.secrets]);
    const known = this.#pullers.get(key) ?? { puller, pods: 0 };
    this.#pullers.set(key, known);
    const entry = { puller: key, repositories: repositoriesOf(workload) };
    this.#pods.set(pod, entry);
    this.#count(entry, 1);
  }

  pullersOf(registry: string, path: string): readonly Puller[] {
    const own = this.#users.get(`${registry}/${path}`);
    const keys = own === undefined ? this.#neighbours(registry) : [...own.keys()];
    const told = keys.sort().slice(0, MAX_TOLD);
    return told.flatMap((key) => this.#pullers.get(key)?.puller ?? []);
  }

  #count({ puller, repositories }: Entry, by: 1 | -1): void {
    const known = this.#pullers.get(puller);
    if (known !== undefined) known.pods += by;
    if (known?.pods === 0) this.#pullers.delete(puller);
    for (const repository of repositories) {
      const counts = this.#users.get(repository) ?? new Map<string, number>();
      const left = (counts.get(puller) ?? 0) + by;
      if (left > 0) counts.set(puller, left);
      else counts.delete(puller);
      if (counts.size > 0) this.#users.set(repository, counts);
      else this.#users.delete(repository);
    }
  }

  #neighbours(registry: string): string[] {
    const found = new Set<string>();
    for (const [repository, counts] of this.#users) {
      if (repository.startsWith(`${registry}/`)) for (const key of counts.keys()) found.add(key);
    }
    return [...found];
  }
}

function pullerOf({ identity: { namespace }, pulls }: Workload): Puller | undefined {
  return pulls === undefined ? undefined : { namespace, ...pulls };
}

function repositoriesOf({ containers }: Workload): readonly string[] {
  return [...new Set(containers.map(({ reference }) => `${reference.registry}/${reference.path}`))];
}
