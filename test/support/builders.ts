/** Builders of test data: short names for values whose details a test does not care about. */
import { ImageTrustPolicy } from '../../src/api/image-trust-policy.ts';
import type { Digest } from '../../src/core/digest.ts';
import type { ImageUse, ObjectIdentity } from '../../src/core/image-use.ts';
import { parseReference } from '../../src/core/reference.ts';
import type { Evidence, Verdict } from '../../src/core/verdict.ts';

/** A digest of one hex digit repeated. */
export function digestOf(hexDigit: string): Digest {
  return `sha256:${hexDigit.repeat(64)}`;
}

/** A policy with defaults applied; `spec` replaces whole fields. */
export function policyOf(name: string, spec: Readonly<Record<string, unknown>> = {}): ImageTrustPolicy {
  const attestors = [{ name: 'team', entries: [{ trustedKey: 'release' }] }];
  return ImageTrustPolicy.parse({
    apiVersion: 'imagetrust.dev/v1alpha1',
    kind: 'ImageTrustPolicy',
    metadata: { name },
    spec: { images: ['*'], attestors, ...spec },
  });
}

/** A Deployment's identity. */
export function deployment(name: string, uid?: string): ObjectIdentity & { readonly namespace: string } {
  return { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name, ...(uid === undefined ? {} : { uid }) };
}

/** A use of `image` in container `app` of Deployment `cart`, its digest from the spec where there is one. */
export function useOf(image: string, fields: Partial<ImageUse> = {}): ImageUse {
  const reference = parseReference(image);
  const digest = reference.digest === undefined ? {} : { digest: reference.digest };
  return {
    workload: deployment('cart'),
    namespace: 'shop',
    podLabels: {},
    container: 'app',
    containerType: 'container',
    image,
    reference,
    ...digest,
    digestSource: reference.digest === undefined ? 'registry' : 'spec',
    ...fields,
  };
}

/** Evidence by TrustedKey `release`. */
export function evidenceOf(fields: Partial<Evidence> = {}): Evidence {
  return {
    trustedKey: 'release',
    set: 'team',
    proves: 'signature',
    subject: digestOf('a'),
    family: 'sigstore-bundle',
    place: {
      repository: 'registry.example.com/shop/cart',
      via: 'referrers-api',
      manifest: digestOf('b'),
      blob: digestOf('c'),
    },
    fingerprint: 'SHA256:0123456789abcdefghijklmnopqrstuvwxyzABCDEFG',
    timeSource: 'none',
    annotations: { env: 'production' },
    notes: [],
    ...fields,
  };
}

/** A verdict `verified` with one piece of evidence. */
export function verified(fields: Partial<Evidence> = {}): Verdict {
  const evidence = [evidenceOf(fields)];
  return { state: 'verified', reason: 'Verified', message: 'signed by release', evidence, entries: [], notes: [] };
}

/** A verdict `rejected`. */
export function rejected(message = 'no signature was found'): Verdict {
  const entries = [{ set: 'team', trustedKey: 'release', outcome: 'refused', reason: 'NoSignature', message } as const];
  return { state: 'rejected', reason: 'NoSignature', message, evidence: [], entries, notes: [] };
}

/** A verdict `unknown`. */
export function unknown(message = 'the registry does not answer'): Verdict {
  return { state: 'unknown', reason: 'RegistryUnavailable', message, evidence: [], entries: [], notes: [] };
}
