/**
 * What is known of the public keys in key management services: read in the background, again and again, so that no
 * verdict waits for one. Owns how long an answer is good: the last known key stays through every outage, and goes only
 * where the service says that there is no such key. Must never make a key of no answer.
 */
import type { KmsSource } from '../api/source.ts';
import type { Clock } from '../core/clock.ts';
import { parseDuration } from '../core/duration.ts';
import { Failure } from '../core/failure.ts';
import type { KmsAnswer } from '../verify/trust/material.ts';

/** The keys. */
export interface KmsKeys {
  get(source: KmsSource): KmsAnswer;
  /** From now on `owner` names this key; undefined: none. */
  want(owner: string, source: KmsSource | undefined): void;
  /** Resolves when of everything that is wanted now something is known, for better or worse. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

/** What it is made of. */
export interface KmsKeysOptions {
  /** Asks the service; PEM blocks. Throws Failure. */
  readonly ask: (uri: string, signal: AbortSignal) => Promise<string>;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** What `get` says of this URI is another thing now. */
  readonly onChange: (uri: string) => void;
  /** An answer could not be had; the last one, if any, still counts. */
  readonly onFailure: (uri: string, failure: Failure) => void;
}

interface Watched {
  readonly owners: Map<string, KmsSource>;
  readonly end: AbortController;
  readonly known: PromiseWithResolvers<void>;
  answer: KmsAnswer;
  loop: Promise<void>;
}

/** A service that fails is asked again after so long at first, twice as long each time, in milliseconds. */
const FIRST_RETRY_MS = 5_000;
const MAX_RETRY_MS = 300_000;
/** No timer of Node is longer than 24 days, and no key should go unseen for longer than this. */
const MAX_INTERVAL_MS = 24 * 3_600_000;
/** Answers of many keys do not come due together. */
const JITTER = 0.1;

/** Makes them; nothing is asked before something is wanted. */
export function createKmsKeys(options: KmsKeysOptions): KmsKeys {
  const watched = new Map<string, Watched>();
  const ending = new Set<Promise<void>>();
  let stopped = false;
  const release = (uri: string, owner: string): void => {
    const one = watched.get(uri);
    if (one === undefined || !one.owners.delete(owner) || one.owners.size > 0) return;
    watched.delete(uri);
    one.end.abort(new Error('nobody wants this key any more'));
    one.known.resolve();
    const ended = one.loop.finally(() => ending.delete(ended));
    ending.add(ended);
  };
  return {
    get: ({ uri }) => watched.get(uri)?.answer ?? { state: 'loading' },
    want(owner, source): void {
      for (const [uri, { owners }] of watched) if (uri !== source?.uri && owners.has(owner)) release(uri, owner);
      if (source === undefined || stopped) return;
      const one = watched.get(source.uri) ?? watch(source.uri, options);
      one.owners.set(owner, source);
      watched.set(source.uri, one);
    },
    settled: async () => void (await Promise.all([...watched.values()].map(({ known }) => known.promise))),
    async stop(): Promise<void> {
      stopped = true;
      for (const [uri, { owners }] of watched) for (const owner of owners.keys()) release(uri, owner);
      await Promise.all(ending);
    },
  };
}

function watch(uri: string, options: KmsKeysOptions): Watched {
  const watched: Watched = {
    owners: new Map(),
    end: new AbortController(),
    known: Promise.withResolvers<void>(),
    answer: { state: 'loading' },
    loop: Promise.resolve(),
  };
  watched.loop = keepAsking(uri, watched, options);
  return watched;
}

async function keepAsking(uri: string, watched: Watched, options: KmsKeysOptions): Promise<void> {
  const { clock, random } = options;
  const { signal } = watched.end;
  let failures = 0;
  while (!signal.aborted) {
    // Whoever wants the key says so in the same turn; then its interval is known.
    await Promise.resolve();
    const failure = await askOnce(uri, watched, options);
    if (signal.aborted) return;
    watched.known.resolve();
    failures = failure === undefined ? 0 : failures + 1;
    const interval = intervalOf(watched);
    const retry = Math.min(interval, MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** (failures - 1));
    const pause = failure === undefined ? interval : retry;
    await clock.sleep(pause * (1 - JITTER * random()), signal).catch(() => undefined);
  }
}

/** One question; what came of it is in the answer, and the failure, if any, is given back. */
async function askOnce(uri: string, watched: Watched, options: KmsKeysOptions): Promise<Failure | undefined> {
  const { signal } = watched.end;
  try {
    const text = await options.ask(uri, signal);
    answer(uri, watched, { state: 'known', text }, options);
    return undefined;
  } catch (error) {
    if (signal.aborted) return undefined;
    const failure = error instanceof Failure ? error : fault(uri, error);
    const keeps = watched.answer.state === 'known' && failure.detail.kind !== 'not-found';
    if (!keeps) answer(uri, watched, { state: 'unknown', message: failure.message }, options);
    options.onFailure(uri, failure);
    return failure;
  }
}

function answer(uri: string, watched: Watched, next: KmsAnswer, { onChange }: KmsKeysOptions): void {
  if (watched.end.signal.aborted || JSON.stringify(next) === JSON.stringify(watched.answer)) return;
  watched.answer = next;
  onChange(uri);
}

/** A fault of ours, or of an SDK, is an outage like any other. */
function fault(uri: string, cause: unknown): Failure {
  return new Failure({ kind: 'unavailable' }, `${uri}: the key service could not be asked`, { cause });
}

function intervalOf({ owners }: Watched): number {
  return Math.min(MAX_INTERVAL_MS, ...[...owners.values()].map((source) => parseDuration(source.refreshInterval)));
}
