/**
 * One image source for each way in which policies reach their registries (mirrors, CA, plain HTTP, credentials), over
 * the flags. Owns that a policy whose settings cannot be met keeps the others from nothing: its images are unknown.
 */
import type { ImageTrustPolicy } from '../api/image-trust-policy.ts';
import { Failure } from '../core/failure.ts';
import type { ManifestWorld } from '../core/manifests/world.ts';
import { compilePolicy } from '../core/policy-match.ts';
import type { CredentialProvider } from '../registry/credential.ts';
import { failingSource } from '../registry/failing-source.ts';
import type { ImageSource } from '../registry/source.ts';
import type { MaterialSource } from '../store/materials.ts';
import { type RegistrySettings, registrySettings } from '../store/registry-settings.ts';
import { openSource, type RegistryAdditions, type RegistryFlags } from './registry-flags.ts';
import type { Terminal } from './terminal.ts';

/** The sources of all policies. */
export interface PolicySources {
  readonly all: readonly ImageSource[];
  sourceFor(policy: ImageTrustPolicy): ImageSource;
  close(): Promise<void>;
}

/** A source, and how to end its connections. */
type Opened = Pick<Awaited<ReturnType<typeof openSource>>, 'source' | 'close'>;

/**
 * Opens a source for every policy; policies with equal settings share one, and with it caches and limits. Throws
 * UsageError for what is wrong with the flags.
 */
export async function openSources(
  world: ManifestWorld & Pick<RegistryAdditions, 'podCredentials'>,
  materials: MaterialSource,
  flags: RegistryFlags,
  terminal: Terminal,
): Promise<PolicySources> {
  const opened = new Map<string, Opened>();
  const sources = new Map<ImageTrustPolicy, ImageSource>();
  for (const policy of world.policies) {
    const settings = registrySettings(policy, plainRegistries(policy, world), materials);
    const open = opened.get(settings.key) ?? (await openOne(settings, world.podCredentials, flags, terminal));
    opened.set(settings.key, open);
    sources.set(policy, open.source);
  }
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

async function openOne(
  settings: RegistrySettings,
  podCredentials: CredentialProvider | undefined,
  flags: RegistryFlags,
  terminal: Terminal,
): Promise<Opened> {
  try {
    return await openSource(flags, terminal, { ...settings.additions(terminal.cwd), podCredentials });
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { source: failingSource(error), close: () => Promise.resolve() };
  }
}

/** The registries that the policy may be asked about, for one that allows plain HTTP to them. */
function plainRegistries(policy: ImageTrustPolicy, { uses, namespaces }: ManifestWorld): readonly string[] {
  if (!policy.spec.registry.insecure) return [];
  const matcher = compilePolicy(policy);
  return [...new Set(uses.filter((use) => matcher.covers(use, namespaces)).map(({ reference }) => reference.registry))];
}
