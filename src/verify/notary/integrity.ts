/**
 * Demands on the integrity of an envelope: what every trust level enforces. Owns how a broken one is refused.
 */
import { Refused } from '../refusal.ts';

/** Throws Refused (`SignatureInvalid`) unless it holds. */
export function demandIntegrity(holds: boolean, message: string): asserts holds {
  if (!holds) throw new Refused('SignatureInvalid', `Notary signature: ${message}`);
}

/** A stranger's value in a message: quoted and short. */
export function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? typeof value);
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 79)}…` : text);
}
