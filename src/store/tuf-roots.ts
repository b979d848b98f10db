/**
 * The trust roots of TUF repositories, kept fresh in the background, never in the path of a verdict. Owns when a mirror is
 * asked, and until when its last answer holds: its own expiry, however long the mirror is away. Must never hand out a
 * root whose metadata has expired.
 */
import type { Clock } from '../core/clock.ts';
import { Failure } from '../core/failure.ts';
import type { TufClient, TufRoot } from '../registry/tuf/client.ts';
import { type TufRepository, tufRepositoryId } from '../registry/tuf/repository.ts';
import type { TrustRoot } from '../verify/signer.ts';
import type { TrustRootAnswer } from '../verify/trust/material.ts';
import { parseTrustedRoot } from '../verify/trust/trusted-root.ts';

/** What a repository has come to. */
export type TufState =
  | { readonly state: 'loading' }
  | {
      readonly state: 'present';
      readonly root: TrustRoot;
      readonly expires: Date;
      readonly rootExpires: Date;
      /** When the mirror was last asked with success; absent where the root is from an earlier life. */
      readonly refreshed?: Date;
      /** Why the mirror does not renew it. */
      readonly problem?: string;
    }
  | { readonly state: 'unavailable'; readonly message: string };

/** The roots of all repositories that somebody wants. */
export interface TufRoots {
  /** From now on `owner` wants the root of this repository, and no other. */
  want(owner: string, repository: TufRepository | undefined): void;
  /** Without waiting; `loading` also for one that nobody wants. */
  get(repository: TufRepository): TufState;
  rootOf(repository: TufRepository): TrustRootAnswer;
  /** Resolves when none of what is wanted now is `loading`: within the time-out of one refresh. */
  settled(): Promise<void>;
  /** Ends all of it, and waits for what is under way. */
  close(): Promise<void>;
}

/** What they are made of. */
export interface TufRootsOptions {
  readonly client: TufClient;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** The root of this repository is another now, came, went, or is not renewed any more. */
  readonly onChange: (repository: TufRepository) => void;
  /** Told of every refresh that failed. */
  readonly onFailure?: (repository: TufRepository, failure: Failure) => void;
}

/** How often a mirror is asked, in milliseconds; a root that is about to expire sooner. */
const REFRESH_MS = 3_600_000;
const SOONEST_MS = 10_000;
/** After a failure: at once is of no use, and a mirror that is back is noticed within minutes. */
const RETRY_MS = 15_000;
const MAX_RETRY_MS = 600_000;

/** Nothing is fetched before somebody wants it. */
export function createTufRoots(options: TufRootsOptions): TufRoots {
  const keepers = new Map<string, Keeper>();
  const wanted = new Map<string, string>();
  const ending = new Set<Promise<void>>();
  const release = (id: string | undefined): void => {
    const keeper = id === undefined ? undefined : keepers.get(id);
    if (id === undefined || keeper === undefined || [...wanted.values()].includes(id)) return;
    keepers.delete(id);
    const ended = keeper.stop().finally(() => ending.delete(ended));
    ending.add(ended);
  };
  const get = (repository: TufRepository): TufState =>
    keepers.get(tufRepositoryId(repository))?.state ?? { state: 'loading' };
  return {
    get,
    want(owner, repository): void {
      const before = wanted.get(owner);
      const id = repository === undefined ? undefined : tufRepositoryId(repository);
      if (id === before) return;
      if (id === undefined) wanted.delete(owner);
      else wanted.set(owner, id);
      if (repository !== undefined && id !== undefined && !keepers.has(id))
        keepers.set(id, new Keeper(repository, options));
      release(before);
    },
    rootOf: (repository) => answerOf(get(repository), repository),
    settled: async () => void (await Promise.all([...keepers.values()].map((keeper) => keeper.settled))),
    close: async () => {
      wanted.clear();
      for (const id of keepers.keys()) release(id);
      await Promise.all(ending);
    },
  };
}

/** A state as the resolver of keys asks for it. */
export function answerOf(state: TufState, { mirror }: TufRepository): TrustRootAnswer {
  switch (state.state) {
    case 'present':
      return { ok: true, root: state.root };
    case 'unavailable':
      return { ok: false, message: `trustRoot: ${state.message}` };
    case 'loading':
      return { ok: false, message: `trustRoot: TUF repository ${mirror} has not answered yet` };
  }
}

/**
 * What ends, for the condition Expiring. The last root.json has to be replaced by people. The timestamps beside it live
 * days by design and are renewed by the mirror: they are news only where it does not.
 */
export function endsOfRoot(
  state: TufState,
  { mirror }: TufRepository,
): readonly { readonly what: string; readonly at: Date }[] {
  if (state.state !== 'present') return [];
  const ends = [{ what: `root.json of the TUF repository ${mirror}`, at: state.rootExpires }];
  if (state.problem === undefined || state.expires >= state.rootExpires) return ends;
  return [
    ...ends,
    { what: `the trust root of ${mirror}, which is not renewed (${state.problem}),`, at: state.expires },
  ];
}

/** Parsed; the same object where nothing but its times changed. Throws Failure invalid. */
export function stateOf(root: TufRoot, before: TufState, refreshed: Date | undefined): TufState {
  const { expires, rootExpires } = root;
  const parsed = parseTrustedRoot(root.trustedRoot);
  const same = before.state === 'present' && before.root.id === parsed.id ? before.root : parsed;
  return { state: 'present', root: same, expires, rootExpires, ...(refreshed === undefined ? {} : { refreshed }) };
}

/** One repository. */
class Keeper {
  state: TufState = { state: 'loading' };
  readonly settled: Promise<void>;
  private readonly stopping = new AbortController();
  private readonly running: Promise<void>;
  private readonly repository: TufRepository;
  private readonly options: TufRootsOptions;
  private failures = 0;
  private failedBy: string | undefined;

  constructor(repository: TufRepository, options: TufRootsOptions) {
    this.repository = repository;
    this.options = options;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.settled = promise;
    this.running = this.run(resolve).finally(resolve);
  }

  async stop(): Promise<void> {
    this.stopping.abort(new DOMException('Nobody wants this root any more', 'AbortError'));
    await this.running;
  }

  private async run(onSettled: () => void): Promise<void> {
    const { client, clock } = this.options;
    const { signal } = this.stopping;
    const kept = await client.kept(this.repository);
    if (kept !== undefined) this.attempt(() => this.take(kept, undefined));
    if (this.state.state === 'present') onSettled();
    while (!signal.aborted) {
      try {
        const root = await client.refresh(this.repository, signal);
        if (!signal.aborted) this.attempt(() => this.take(root, new Date(clock.now())));
      } catch (error) {
        if (!signal.aborted) this.fail(error);
      }
      onSettled();
      await clock.sleep(this.pause(), signal).catch(() => undefined);
      this.expire();
    }
  }

  /** A root that cannot be parsed leaves the last one where it is. */
  private attempt(take: () => void): void {
    try {
      take();
    } catch (error) {
      this.fail(error);
    }
  }

  private take(root: TufRoot, refreshed: Date | undefined): void {
    const next = stateOf(root, this.state, refreshed);
    this.failures = 0;
    this.failedBy = undefined;
    this.become(next);
  }

  /** The words of a failure of the same kind stay: a key whose message changes is judged anew. */
  private fail(error: unknown): void {
    const failure = failureOf(error, this.repository);
    this.options.onFailure?.(this.repository, failure);
    this.failures += 1;
    const { kind } = failure.detail;
    const same = this.failedBy === kind;
    this.failedBy = kind;
    if (same && this.state.state !== 'loading') return;
    const { message } = failure;
    this.become(
      this.state.state === 'present' ? { ...this.state, problem: message } : { state: 'unavailable', message },
    );
  }

  private expire(): void {
    const { state } = this;
    if (state.state !== 'present' || state.expires.getTime() > this.options.clock.now()) return;
    const why = state.problem ?? `TUF repository ${this.repository.mirror}: it was not renewed`;
    this.become({ state: 'unavailable', message: `${why}; what it gave before has expired` });
  }

  private become(next: TufState): void {
    const before = this.state;
    this.state = next;
    if (identity(before) !== identity(next)) this.options.onChange(this.repository);
  }

  /** Milliseconds until something is to be done. */
  private pause(): number {
    const { clock, random } = this.options;
    const left = this.state.state === 'present' ? this.state.expires.getTime() - clock.now() : Number.POSITIVE_INFINITY;
    const retry = Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** Math.min(this.failures - 1, 10)) * (0.5 + random());
    const refresh = Math.max(SOONEST_MS, Math.min(REFRESH_MS * (0.9 + 0.2 * random()), left / 2));
    return Math.max(0, Math.min(this.failures === 0 ? refresh : retry, left));
  }
}

function failureOf(error: unknown, { mirror }: TufRepository): Failure {
  const where = `TUF repository ${mirror}: `;
  const message = error instanceof Error ? error.message : 'unreadable';
  const detail = error instanceof Failure ? error.detail : ({ kind: 'unavailable' } as const);
  return message.startsWith(where) && error instanceof Failure
    ? error
    : new Failure(detail, `${where}${message}`, { cause: error });
}

/** What others see of a state: not when it was refreshed, nor a timestamp that a working mirror renews. */
function identity(state: TufState): string {
  if (state.state !== 'present') return JSON.stringify(state);
  const { root, rootExpires, expires, problem } = state;
  return JSON.stringify([root.id, rootExpires, problem, problem === undefined ? undefined : expires]);
}
