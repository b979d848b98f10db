/**
 * Verification levels of the Notary Project (trust policy specification, "Signature Verification details").
 * Owns the table and the rules of overrides. Integrity is always enforced and therefore stands in no table.
 */
import { invalid } from '../../core/failure.ts';
import type { NotaryLevel, NotaryStep } from '../signer.ts';

const LEVELS = {
  strict: { authenticity: 'enforce', authenticTimestamp: 'enforce', expiry: 'enforce', revocation: 'enforce' },
  permissive: { authenticity: 'enforce', authenticTimestamp: 'log', expiry: 'log', revocation: 'log' },
  audit: { authenticity: 'log', authenticTimestamp: 'log', expiry: 'log', revocation: 'log' },
} as const satisfies Record<string, Omit<NotaryLevel, 'name'>>;

/** Names of the levels that verify. `skip`, which does not, is no level here. */
export const NOTARY_LEVEL_NAMES = ['strict', 'permissive', 'audit'] as const;
/** A level that verifies. */
export type NotaryLevelName = (typeof NOTARY_LEVEL_NAMES)[number];

/**
 * A level with single steps overridden. Throws a Failure of kind `invalid`: integrity cannot be overridden, and only
 * revocation can be skipped ("Custom Verification Level").
 */
export function notaryLevel(name: NotaryLevelName, overrides: Readonly<Record<string, unknown>> = {}): NotaryLevel {
  const changed = Object.entries(overrides).flatMap(([step, action]) =>
    action === undefined ? [] : [[demandStep(step), demandAction(step, action)] as const],
  );
  const custom = changed.map(([step, action]) => `${step}: ${action}`).join(', ');
  return { ...LEVELS[name], ...Object.fromEntries(changed), name: custom === '' ? name : `${name} (${custom})` };
}

function demandStep(step: string): Exclude<keyof NotaryLevel, 'name'> {
  if (step === 'authenticity' || step === 'authenticTimestamp' || step === 'expiry' || step === 'revocation')
    return step;
  const found = step === 'integrity' ? 'integrity, which is always enforced' : JSON.stringify(step.slice(0, 64));
  throw invalid('override', 'authenticity, authenticTimestamp, expiry or revocation', found);
}

function demandAction(step: string, action: unknown): NotaryStep {
  if (action === 'enforce' || action === 'log') return action;
  if (action === 'skip' && step === 'revocation') return action;
  const found =
    action === 'skip' ? 'skip, which only revocation may be' : (JSON.stringify(action)?.slice(0, 64) ?? 'nothing');
  throw invalid(`override of ${step}`, step === 'revocation' ? 'enforce, log or skip' : 'enforce or log', found);
}
