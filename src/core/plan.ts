/**
 * The plan: which policy has to judge which digest now, and why. Pure; the caller owns the clock.
 * Must never drop a use in silence: each is in a task, excepted, unresolved, or covered by no policy.
 */
import type { ImageTrustPolicy } from '../api/image-trust-policy.ts';
import { compareText, compareUses, type ImageUse } from './image-use.ts';
import { inventoryOf } from './inventory.ts';
import { compilePolicy, type PolicyMatcher } from './policy-match.ts';
import type { ExceptedUse, Task } from './task.ts';
import type { World } from './world.ts';

/** A use whose digest nobody knows yet: the tag has to be resolved before the policy can judge it. */
export interface UnresolvedUse {
  readonly policy: ImageTrustPolicy;
  readonly use: ImageUse;
}

/** What is to be done, and what is not. Everything in order: policies by name, digests ascending, uses by compareUses. */
export interface Plan {
  readonly tasks: readonly Task[];
  readonly excepted: readonly ExceptedUse[];
  readonly unresolved: readonly UnresolvedUse[];
  /** Uses that no policy covers. */
  readonly uncovered: readonly ImageUse[];
}

/** Every covering policy × every digest, as for a world that has never been looked at. */
export function plan(world: World, now: Date): Plan {
  const matchers = world.policies
    .toSorted((a, b) => compareText(a.metadata.name, b.metadata.name))
    .map((policy) => compilePolicy(policy));
  const parts = matchers.map((matcher) => planPolicy(matcher, world, now));
  const covered = new Set(parts.flatMap((part) => part.covered));
  return {
    tasks: parts.flatMap((part) => part.tasks),
    excepted: parts.flatMap((part) => part.excepted),
    unresolved: parts.flatMap((part) => part.unresolved),
    uncovered: world.uses.filter((use) => !covered.has(use)).sort(compareUses),
  };
}

interface PolicyPlan extends Pick<Plan, 'tasks' | 'excepted' | 'unresolved'> {
  readonly covered: readonly ImageUse[];
}

function planPolicy(matcher: PolicyMatcher, world: World, now: Date): PolicyPlan {
  const { policy } = matcher;
  const covered = world.uses.filter((use) => matcher.covers(use, world.namespaces)).sort(compareUses);
  const excepted = covered.flatMap((use) => exceptedUse(matcher, use, now));
  const free = new Set(excepted.map(({ use }) => use));
  const inventory = inventoryOf(covered.filter((use) => !free.has(use)));
  const tasks = [...inventory.byDigest].map(([digest, uses]): Task => ({ policy, digest, uses, why: 'NeverVerified' }));
  return { covered, excepted, tasks, unresolved: inventory.unresolved.map((use) => ({ policy, use })) };
}

function exceptedUse(matcher: PolicyMatcher, use: ImageUse, now: Date): readonly ExceptedUse[] {
  const exception = matcher.exceptionFor(use, now);
  if (exception === undefined) return [];
  const { reason, expiresAt } = exception;
  return [{ policy: matcher.policy, use, reason, ...(expiresAt === undefined ? {} : { expiresAt }) }];
}
