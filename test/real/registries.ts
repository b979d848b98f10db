/**
 * The two registries on which every row is tried: the real distribution registry, where clients write the fallback
 * tag, and ours for tests with the referrers API, where they write real referrers.
 */
import { startRegistry } from '../support/registry.ts';
import { startDistribution } from './distribution.ts';

export const REGISTRIES = ['fallback tags (distribution)', 'the referrers API'] as const;
export type RegistryName = (typeof REGISTRIES)[number];

export interface Registries {
  hostOf(name: RegistryName): string;
  stop(): Promise<void>;
}

/** Starts both on free ports of loopback. */
export async function startRegistries(distributionPath: string, folder: string): Promise<Registries> {
  const distribution = await startDistribution(distributionPath, folder);
  const ours = await startRegistry({ referrersApi: true });
  return {
    hostOf: (name) => (name === 'the referrers API' ? ours.host : distribution.host),
    stop: async () => {
      await Promise.all([distribution.stop(), ours.close()]);
    },
  };
}
