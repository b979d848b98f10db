/**
 * The registries as each policy reaches them: one source for each way (mirrors, CA, plain HTTP, credentials), with a
 * memory of what it saw. Owns when two policies share one. Must never let a credential of one policy serve another.
 */
import type { ImageTrustPolicy } from '../api/image-trust-policy.ts';
import { Failure } from '../core/failure.ts';
import { canonicalHost, isHost } from '../core/reference.ts';
import { parseMirrorRule, type MirrorRule } from '../registry/mirrors.ts';
import type { CredentialProvider } from '../registry/credential.ts';
import type { ImageSource } from '../registry/source.ts';
import { createSightings, type Sightings } from '../store/sightings.ts';
import { lookupIn, type Materials } from './materials.ts';
import { credentialsFrom } from './pull-secrets.ts';
import { keyOfNamed, type NamedObject, referencesIn } from './references.ts';

/** What a policy adds to the settings of the program. */
export interface SourceAdditions {
  readonly mirrors: readonly MirrorRule[];
  /** Hosts spoken to in plain HTTP. */
  readonly plainHttp: readonly string[];
  /** PEM certificate authorities. */
  readonly ca: string | undefined;
  /** Asked first; those of the program where it has none. */
  readonly credentials: CredentialProvider | undefined;
}

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
  readonly materials: Materials;
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
  const close = async (keys: readonly string[]): Promise<void> => {
    const ended = keys.map((key) => opened.get(key));
    for (const key of keys) opened.delete(key);
    await Promise.all(ended.map(async (source) => (await source?.catch(() => undefined))?.close()));
  };
  return {
    async of(policy, registries): Promise<Sightings> {
      const settings = settingsOf(policy, registries, materials);
      const key = JSON.stringify(settings);
      const flight = opened.get(key) ?? openAs(additionsOf(settings, policy, materials, cwd));
      opened.set(key, flight);
      users.uses(policy.metadata.name, key);
      try {
        await close(users.idle());
        return (await flight).sightings;
      } catch (error) {
        // What could not be opened is tried again by whoever asks next.
        opened.delete(key);
        throw error;
      }
    },
    forget: (policy) => users.leaves(policy),
    close: () => close([...opened.keys()]),
  };
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

/** The Secrets and ConfigMaps that the registry settings of a policy name. */
export function registryReferences({ spec }: ImageTrustPolicy): readonly NamedObject[] {
  return referencesIn(spec.registry);
}

/** Identity of what a policy's settings come to now: changes when a Secret behind them does. */
export function settingsIdOf(policy: ImageTrustPolicy, materials: Materials): string {
  return JSON.stringify(settingsOf(policy, [], materials));
}

/** Two policies share a source where these are equal. Texts of Secrets count; they never leave this room. */
interface Settings {
  readonly ownHost: string | undefined;
  readonly mirrors: readonly string[];
  readonly plainHttp: readonly string[];
  readonly materials: readonly (readonly [string, string])[];
}

function settingsOf(policy: ImageTrustPolicy, registries: readonly string[], materials: Materials): Settings {
  const { mirrors, insecure, credentials } = policy.spec.registry;
  return {
    ownHost: credentials.length === 0 ? undefined : ownHost(policy),
    mirrors: mirrors.map(({ from, to }) => `${from}=${to}`),
    plainHttp: insecure ? registries.toSorted() : [],
    materials: registryReferences(policy).map((object) => [keyOfNamed(object), versionOf(object, materials)]),
  };
}

function versionOf(object: NamedObject, materials: Materials): string {
  const material = materials.get(object);
  return material.state === 'present' ? JSON.stringify([...material.texts]) : material.state;
}

function additionsOf(settings: Settings, policy: ImageTrustPolicy, materials: Materials, cwd: string): SourceAdditions {
  const { caRef, credentials } = policy.spec.registry;
  return {
    mirrors: settings.mirrors.map((text) => parseMirrorRule(text, { cwd })),
    plainHttp: settings.plainHttp,
    ca: caRef === undefined ? undefined : caText(caRef, materials),
    credentials:
      credentials.length === 0
        ? undefined
        : credentialsFrom(
            credentials.map((one) => one.secretRef),
            materials,
            settings.ownHost,
          ),
  };
}

/** The one registry that all images of the policy lie in, where their patterns say so without a wildcard. */
function ownHost({ spec }: ImageTrustPolicy): string | undefined {
  const hosts = spec.images.map((pattern) => {
    const slash = pattern.indexOf('/');
    const first = slash < 0 ? '' : pattern.slice(0, slash);
    return /^[^*?]+$/.test(first) && isHost(first) ? canonicalHost(first) : undefined;
  });
  const [host] = hosts;
  return hosts.every((other) => other === host) ? host : undefined;
}

function caText(caRef: NonNullable<ImageTrustPolicy['spec']['registry']['caRef']>, materials: Materials): string {
  const { secretRef, configMapRef } = caRef;
  const ref = secretRef === undefined ? configMapRef : secretRef;
  if (ref === undefined) throw unusable('caRef', 'it names no source');
  const answer = lookupIn(materials).text({ kind: secretRef === undefined ? 'ConfigMap' : 'Secret', ...ref });
  if (answer.ok) return answer.text;
  throw unusable('caRef', answer.message);
}

function unusable(field: string, message: string): Failure {
  return new Failure({ kind: 'unavailable' }, `spec.registry.${field}: ${message}`);
}
