/**
 * A task: one policy × one digest, with the reason why it is due now, fanned out to all uses of that digest.
 * Owns the shape; plan.ts makes tasks, the engine decides them.
 */
import type { ImageTrustPolicy } from '../api/image-trust-policy.ts';
import type { Digest } from './digest.ts';
import type { ImageUse } from './image-use.ts';

/** Why a task is due now. */
export type Why = 'NeverVerified' | 'Due' | 'PolicyChanged' | 'TrustChanged' | 'ImageAppeared' | 'Requested' | 'Retry';

/** An exception of a policy that covers one use at the time of planning: the use is not judged by this policy. */
export interface ExceptedUse {
  readonly policy: ImageTrustPolicy;
  readonly use: ImageUse;
  readonly reason: string;
  /** RFC 3339; absent: for good. */
  readonly expiresAt?: string;
}

/** One policy × one digest. */
export interface Task {
  readonly policy: ImageTrustPolicy;
  readonly digest: Digest;
  /** All uses of this digest that the policy covers; at least one. */
  readonly uses: readonly ImageUse[];
  readonly why: Why;
}

/** Identity of a task: a policy judges a digest once, whatever the reason and however many uses it has. */
export function keyOfTask({ policy, digest }: Pick<Task, 'policy' | 'digest'>): string {
  return `${policy.metadata.name}/${digest}`;
}
