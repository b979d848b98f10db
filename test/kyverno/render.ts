/** The policies that the product renders for a trust. */
import { ImageTrustPolicy } from '../../src/api/image-trust-policy.ts';
import { TrustedKey } from '../../src/api/trusted-key.ts';
import { renderKyverno } from '../../src/outputs/kyverno/render.ts';
import type { KyvernoObject, Rendering } from '../../src/outputs/kyverno/rendering.ts';
import { admissionKeyOf } from '../../src/verify/trust/admission-key.ts';
import type { MaterialLookup } from '../../src/verify/trust/material.ts';
import type { Loose } from '../support/cluster/client.ts';
import { type Enforced, manifestsOf, type Trust } from './trust.ts';

/** What the renderer gives for a trust. */
export function rendering(trust: Trust, enforced: Enforced, now: Date = new Date()): Rendering {
  const manifests = manifestsOf(trust, enforced);
  const lookup = lookupIn(trust);
  const trustedKeys = manifests.filter(({ kind }) => kind === 'TrustedKey').map((key) => TrustedKey.parse(key));
  const keys = new Map(trustedKeys.map((key) => [key.metadata.name, admissionKeyOf(key, lookup)]));
  const policy = ImageTrustPolicy.parse(manifests.at(-1));
  return renderKyverno({ policy, keys, format: enforced.format, mode: enforced.mode ?? 'Enforce', now });
}

/** The policy, where there must be one. */
export function rendered(trust: Trust, enforced: Enforced, now?: Date): Loose {
  const result = rendering(trust, enforced, now);
  if (result.kind === 'rendered') return toApply(result.object);
  const problems = result.problems.map(({ where, message }) => `${where}: ${message}`);
  throw new Error(`${trust.name} is not expressible as ${enforced.format}: ${problems.join('; ')}`);
}

/** As it goes over the wire. */
export function toApply(object: KyvernoObject): Loose {
  return JSON.parse(JSON.stringify(object)) as Loose;
}

function lookupIn({ texts = {} }: Trust): MaterialLookup {
  return {
    text({ namespace, name, key }) {
      const text = namespace === 'trust' && key === 'text' ? texts[name] : undefined;
      return text === undefined ? { ok: false, message: `there is no ${namespace}/${name}` } : { ok: true, text };
    },
  };
}
