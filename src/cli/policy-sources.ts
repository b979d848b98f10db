/**
 * One image source for each way in which policies reach their registries (mirrors, CA, plain HTTP), over the flags.
 */
import type { ImageTrustPolicy } from '../api/image-trust-policy.ts';
import type { ManifestWorld } from '../core/manifests/world.ts';
import type { ImageSource } from '../registry/source.ts';
import { UsageError } from './exit.ts';
import { mirrorRules, type OpenedSource, openSource, type RegistryFlags } from './registry-flags.ts';
import type { Terminal } from './terminal.ts';

/** The sources of all policies. */
export interface PolicySources {
  readonly all: readonly ImageSource[];
  sourceFor(policy: ImageTrustPolicy): ImageSource;
  close(): Promise<void>;
}

/** Opens a source for every policy; policies with equal settings share one, and with it caches and limits. */
export async function openSources(
  world: ManifestWorld,
  flags: RegistryFlags,
  terminal: Terminal,
): Promise<PolicySources> {
  const opened = new Map<string, OpenedSource>();
  const keys = new Map<ImageTrustPolicy, string>();
  for (const policy of world.policies) {
    const access = accessOf(policy, world);
    const key = JSON.stringify(access);
    keys.set(policy, key);
    if (opened.has(key)) continue;
    const mirrors = mirrorRules({ mirror: access.mirrors }, terminal);
    opened.set(key, await openSource(flags, terminal, { ...access, mirrors }));
  }
  const sources = new Map([...keys].map(([policy, key]) => [policy, opened.get(key)?.source]));
  return {
    all: [...opened.values()].map(({ source }) => source),
    sourceFor(policy): ImageSource {
      const source = sources.get(policy);
      if (source === undefined) throw new Error(`no image source was opened for policy ${policy.metadata.name}`);
      return source;
    },
    close: async () => void (await Promise.all([...opened.values()].map((source) => source.close()))),
  };
}

interface Access {
  readonly mirrors: readonly string[];
  readonly plainHttp: readonly string[];
  readonly ca: string | undefined;
}

function accessOf(policy: ImageTrustPolicy, world: ManifestWorld): Access {
  const { mirrors, insecure, caRef } = policy.spec.registry;
  return {
    mirrors: mirrors.map(({ from, to }) => `${from}=${to}`),
    plainHttp: insecure ? [...new Set(world.uses.map((use) => use.reference.registry))].sort() : [],
    ca: caRef === undefined ? undefined : caText(policy, caRef, world),
  };
}

function caText(
  policy: ImageTrustPolicy,
  caRef: NonNullable<ImageTrustPolicy['spec']['registry']['caRef']>,
  world: ManifestWorld,
): string {
  const [kind, ref, texts] =
    'secretRef' in caRef && caRef.secretRef !== undefined
      ? (['Secret', caRef.secretRef, world.secrets] as const)
      : (['ConfigMap', caRef.configMapRef, world.configMaps] as const);
  const text = ref === undefined ? undefined : texts.get(`${ref.namespace}/${ref.name}`)?.get(ref.key);
  if (text !== undefined) return text;
  const name = ref === undefined ? '' : ` ${ref.namespace}/${ref.name}, key ${ref.key}`;
  throw new UsageError(
    `ImageTrustPolicy ${policy.metadata.name}, spec.registry.caRef: ${kind}${name} is not in the manifests`,
  );
}
