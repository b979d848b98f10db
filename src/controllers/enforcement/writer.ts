/**
 * Writes Kyverno policies: what one step of a plan takes. Owns that nothing of somebody else's is written over or
 * removed, and that fields which others added to ours go again. Must never decide what is to be written.
 */
import type { ImageTrustPolicy } from '../../api/image-trust-policy.ts';
import { isKubeFailure } from '../../kube/failure.ts';
import type { KubeClient } from '../../kube/verbs.ts';
import type { KyvernoObject } from '../../outputs/kyverno/rendering.ts';
import { ENFORCEMENT_MANAGER, isOf, KYVERNO_RESOURCES, observe, type ObservedPolicy, specIdOf } from './observed.ts';
import type { Action } from './plan.ts';

/** What came of a step. */
export type Written =
  | { readonly kind: 'applied'; readonly policy: ObservedPolicy }
  | { readonly kind: 'removed'; readonly policy: ObservedPolicy }
  /** The name is somebody else's. */
  | { readonly kind: 'taken' };

/** Does one step for this ImageTrustPolicy. Throws KubeFailure. */
export async function write(
  client: KubeClient,
  policy: ImageTrustPolicy,
  action: Action,
  signal: AbortSignal,
): Promise<Written> {
  switch (action.do) {
    case 'claim':
      return claim(client, policy, action.object, signal);
    case 'apply':
      return { kind: 'applied', policy: await apply(client, action.object, signal) };
    case 'remove': {
      const { format, name, uid } = action.policy;
      await client.remove(KYVERNO_RESOURCES[format], { name }, { uid, signal });
      return { kind: 'removed', policy: action.policy };
    }
  }
}

/** Our watch sees our label only: what else may have the name has to be asked for. */
async function claim(
  client: KubeClient,
  policy: ImageTrustPolicy,
  object: KyvernoObject,
  signal: AbortSignal,
): Promise<Written> {
  const resource = KYVERNO_RESOURCES[object.kind];
  const there = await client.get(resource, { name: object.metadata.name }, { signal }).catch((error: unknown) => {
    if (isKubeFailure(error, 'not-found')) return undefined;
    throw error;
  });
  if (there !== undefined && !isOf(policy, observe(object.kind, there))) return { kind: 'taken' };
  if (there !== undefined) return { kind: 'applied', policy: await apply(client, object, signal) };
  // Without force: whoever was quicker by a moment keeps what he wrote, and the next look finds it.
  const made = await client.apply(resource, object, { fieldManager: ENFORCEMENT_MANAGER, force: false, signal });
  return { kind: 'applied', policy: observe(object.kind, made) };
}

/**
 * A server-side apply leaves the fields that others added: one `matchConditions` switches a ClusterPolicy off
 * (kyverno-live.md, headline 2). So what is still there beside ours is taken out by a replace of what was just read.
 */
async function apply(client: KubeClient, object: KyvernoObject, signal: AbortSignal): Promise<ObservedPolicy> {
  const resource = KYVERNO_RESOURCES[object.kind];
  const applied = await client.apply(resource, object, { fieldManager: ENFORCEMENT_MANAGER, signal });
  if (specIdOf(applied['spec']) === specIdOf(object.spec)) return observe(object.kind, applied);
  const { apiVersion, kind, spec } = object;
  const whole = { ...applied, apiVersion, kind, spec };
  const replaced = await client.replace(resource, whole, { fieldManager: ENFORCEMENT_MANAGER, signal });
  return observe(object.kind, replaced);
}
