/** Keeps a cluster from taking ClusterPolicies, as the webhook of Kyverno does when it is down, or refuses. */
import { expect } from 'vitest';
import { eventually } from '../eventually.ts';
import type { Cluster } from './cluster.ts';
import { KYVERNO_KINDS } from './kyverno-crds.ts';

const REGISTRATION = 'admissionregistration.k8s.io/v1';
const CLUSTER_POLICIES = {
  apiGroups: ['kyverno.io'],
  apiVersions: ['v1'],
  operations: ['CREATE', 'UPDATE'],
  resources: ['clusterpolicies'],
};

/**
 * Writes of ClusterPolicies fail, or are refused, from when it resolves until its result is called. `spec`: of a policy
 * that is taken otherwise.
 */
export async function obstruct(
  cluster: Cluster,
  how: 'down' | 'refusing',
  spec: unknown,
): Promise<() => Promise<void>> {
  if (cluster.kind === 'embedded') {
    const answer =
      how === 'down' ? { status: 500, message: 'failed calling webhook' } : { status: 400, message: 'no policy today' };
    const heal = cluster.api.fault({ match: /^(patch|update) clusterpolicies/, userAgent: /^(?!tests)/, ...answer });
    return () => Promise.resolve(heal());
  }
  const { client } = cluster;
  const objects = how === 'down' ? [deadWebhook()] : refusal();
  await client.apply(...objects);
  const { apiVersion, kind } = KYVERNO_KINDS.ClusterPolicy;
  const attempt = { apiVersion, kind, metadata: { name: 'attempt' }, spec };
  const tries = (): Promise<boolean> =>
    client.tryApply(attempt).then(
      () => true,
      () => false,
    );
  await eventually(async () => expect(await tries()).toBe(false), { within: 20_000 });
  return async () => {
    for (const { apiVersion: version, kind: type, metadata } of objects)
      await client.remove({ apiVersion: version, kind: type, name: metadata.name });
    await eventually(async () => expect(await tries()).toBe(true), { within: 20_000 });
  };
}

function deadWebhook() {
  const webhook = {
    name: 'down.example.com',
    clientConfig: { url: 'https://127.0.0.1:9/' },
    rules: [CLUSTER_POLICIES],
    failurePolicy: 'Fail',
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    timeoutSeconds: 2,
  };
  const kind = 'ValidatingWebhookConfiguration';
  return { apiVersion: REGISTRATION, kind, metadata: { name: 'down' }, webhooks: [webhook] };
}

function refusal() {
  const metadata = { name: 'refusing' };
  const spec = {
    failurePolicy: 'Fail',
    matchConstraints: { resourceRules: [CLUSTER_POLICIES] },
    validations: [{ expression: 'false', message: 'no policy today' }],
  };
  const binding = { policyName: 'refusing', validationActions: ['Deny'] };
  return [
    { apiVersion: REGISTRATION, kind: 'ValidatingAdmissionPolicy', metadata, spec },
    { apiVersion: REGISTRATION, kind: 'ValidatingAdmissionPolicyBinding', metadata, spec: binding },
  ];
}
