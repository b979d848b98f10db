/**
 * Notices when a policy reaches its registries in another way: other settings, or another text in a Secret behind them.
 * Owns the comparison; keeps hashes only, for the texts are secret.
 */
import { createHash } from 'node:crypto';
import type { ImageTrustPolicy } from '../api/image-trust-policy.ts';

/** Compares a policy's settings with those of the last time; the first time nothing has changed. */
export interface SettingsWatch {
  changed(policy: ImageTrustPolicy): boolean;
  forget(name: string): void;
}

/** `idOf` gives the settings as a text; undefined: they cannot be told yet, which is no change. */
export function createSettingsWatch(idOf: (policy: ImageTrustPolicy) => string | undefined): SettingsWatch {
  const hashes = new Map<string, string>();
  return {
    forget: (name) => void hashes.delete(name),
    changed(policy): boolean {
      const id = idOf(policy);
      if (id === undefined) return false;
      const { name } = policy.metadata;
      const hash = createHash('sha256').update(id).digest('base64');
      const before = hashes.get(name);
      hashes.set(name, hash);
      return before !== undefined && before !== hash;
    },
  };
}
