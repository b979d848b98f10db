/**
 * The kinds of policies that Kyverno serves, without Kyverno: what a suite needs that stands in for it, on either
 * cluster. The real thing is test/support/kyverno.ts, which brings its own.
 */
import { eventually } from '../eventually.ts';
import type { ClusterClient } from './client.ts';
import { documentsOf } from './cluster.ts';

/** Kyverno's kinds that we write. */
export const KYVERNO_KINDS = {
  ClusterPolicy: { apiVersion: 'kyverno.io/v1', kind: 'ClusterPolicy', crd: 'clusterpolicies.kyverno.io' },
  ImageValidatingPolicy: {
    apiVersion: 'policies.kyverno.io/v1',
    kind: 'ImageValidatingPolicy',
    crd: 'imagevalidatingpolicies.policies.kyverno.io',
  },
} as const;

export type KyvernoKind = keyof typeof KYVERNO_KINDS;

const FILES = {
  ClusterPolicy: 'kyverno.io_clusterpolicies.yaml',
  ImageValidatingPolicy: 'policies.kyverno.io_imagevalidatingpolicies.yaml',
} as const satisfies Record<KyvernoKind, string>;

/** Applies the CRDs of these kinds, from test/fixtures/crds, and waits until they are served. */
export async function installKyvernoCrds(client: ClusterClient, ...kinds: readonly KyvernoKind[]): Promise<void> {
  for (const kind of kinds) await client.apply(...documentsOf(`test/fixtures/crds/${FILES[kind]}`));
  for (const kind of kinds)
    await eventually(() => client.list(KYVERNO_KINDS[kind].apiVersion, kind), { what: `${kind} is served` });
}

/** Removes the CRD of a kind, and with it every policy of that kind. */
export async function removeKyvernoCrd(client: ClusterClient, kind: KyvernoKind): Promise<void> {
  const name = KYVERNO_KINDS[kind].crd;
  await client.remove({ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', name });
}
