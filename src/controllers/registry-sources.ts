/**
 * The registries as each policy reaches them: one source for each way (mirrors, CA, plain HTTP, credentials), with a
 * memory of what it saw. Owns when two policies share one. Must never let a credential of one policy serve another.
 */
import type { ImageTrustPolicy } from '../api/image-trust-policy.ts';
import type { ImageSource } from '../registry/source.ts';
import type { MaterialSource } from '../store/materials.ts';
import { registrySettings, type SourceAdditions } from '../store/registry-settings.ts';
import { createSightings, type Sightings } from '../store/sightings.ts';

/** A source, and how to end its connections. */
export interface OpenedSource {
  readonly source: ImageSource;
  close(): Promise<void>;
}

/** The sources of all policies. */
export interface RegistrySources {
  /**
   * The source of a policy whose images lie in these registries. Throws Failure unavailable where what its settings
   * refer to cannot be had: then nothing can be looked at.
   */
  of(policy: ImageTrustPolicy, registries: readonly string[]): Promise<Sightings>;
  /** A policy is gone: what only it used ends a little later. */
  forget(policy: string): void;
  close(): Promise<void>;
}

/** What sources are made of. */
export interface RegistrySourcesOptions {
  readonly materials: MaterialSource;
  readonly open: (additions: SourceAdditions) => Promise<OpenedSource>;
  readonly now: () => number;
  readonly cwd: string;
}

interface Opened extends OpenedSource {
  readonly sightings: Sightings;
}

/** How long a source goes on after the last policy turned to another: checks under way end well. Milliseconds. */
const GRACE_MS = 300_000;

/** No source is open before somebody asks. */
export function createRegistrySources({ materials, open, now, cwd }: RegistrySourcesOptions): RegistrySources {
  const opened = new Map<string, Promise<Opened>>();
  const users = createUsers(now);
  const openAs = async (additions: SourceAdditions): Promise<Opened> => {
    const source = await open(additions);
    return { ...source, sightings: createSightings(source.source, now) };
  };
  // Nobody waits for the end of another's source, nor fails by it.
  const closing = new Set<Promise<void>>();
  const close = (keys: readonly string[]): void => {
    for (const key of keys) {
      const ended = endOf(opened.get(key)).finally(() => closing.delete(ended));
      opened.delete(key);
      closing.add(ended);
    }
  };
  return {
    async of(policy, registries): Promise<Sightings> {
      const { key, additions } = registrySettings(policy, registries, materials);
      const flight = opened.get(key) ?? openAs(additions(cwd));
      opened.set(key, flight);
      users.uses(policy.metadata.name, key);
      close(users.idle());
      try {
        return (await flight).sightings;
      } catch (error) {
        // What could not be opened is tried again by whoever asks next.
        if (opened.get(key) === flight) opened.delete(key);
        throw error;
      }
    },
    forget: (policy) => users.leaves(policy),
    async close(): Promise<void> {
      close([...opened.keys()]);
      await Promise.all(closing);
    },
  };
}

/** Ends a source as well as it can be ended. */
async function endOf(source: Promise<Opened> | undefined): Promise<void> {
  const opened = await source?.catch(() => undefined);
  await opened?.close().catch(() => undefined);
}

interface Users {
  uses(policy: string, key: string): void;
  leaves(policy: string): void;
  /** The keys that nobody has used for so long that nothing can be under way; each is told once. */
  idle(): readonly string[];
}

function createUsers(now: () => number): Users {
  const keys = new Map<string, string>();
  const left = new Map<string, number>();
  const leaves = (policy: string): void => {
    const key = keys.get(policy);
    keys.delete(policy);
    if (key !== undefined && ![...keys.values()].includes(key)) left.set(key, now());
  };
  return {
    leaves,
    uses(policy, key): void {
      if (keys.get(policy) === key) return;
      leaves(policy);
      keys.set(policy, key);
      left.delete(key);
    },
    idle(): readonly string[] {
      const gone = [...left].filter(([, since]) => now() - since >= GRACE_MS).map(([key]) => key);
      for (const key of gone) left.delete(key);
      return gone;
    },
  };
}
