/**
 * Tries the door: a signed and an unsigned image as server-side dry-run Pods (`--probe-admission`). Kyverno calls
 * policies ready that cannot work or admit everything (kyverno-live.md, headline 4); this one asks. Must never persist
 * anything, nor take another's refusal for ours.
 */
import type { ProbeImage, ProbePair } from '../../core/probe-images.ts';
import { isKubeFailure } from '../../kube/failure.ts';
import { PODS } from '../../kube/resource.ts';
import type { KubeClient } from '../../kube/verbs.ts';

/** What came of trying. */
export type Probed =
  /** Both were decided as they should be. */
  | { readonly kind: 'right' }
  /** One was not; a sentence. */
  | { readonly kind: 'wrong'; readonly message: string }
  /** Nobody knows: nothing fits to be tried, or something else keeps such Pods out. A sentence. */
  | { readonly kind: 'untried'; readonly message: string };

/** Tries both images against the Kyverno policy of this name. Throws the reason of the signal alone. */
export async function probe(
  client: KubeClient,
  policy: string,
  { signed, unsigned }: ProbePair,
  signal: AbortSignal,
): Promise<Probed> {
  const refused = await knock(client, policy, unsigned, signal);
  if (refused.kind === 'admitted') {
    const { image, namespace } = unsigned;
    return {
      kind: 'wrong',
      message: `a Pod with ${image}, which nobody has signed, is let into namespace ${namespace}`,
    };
  }
  const admitted = await knock(client, policy, signed, signal);
  if (admitted.kind === 'refused') {
    const { image, namespace } = signed;
    const message = `a Pod with ${image}, which is trusted and runs, is kept out of namespace ${namespace}: ${admitted.said}`;
    return { kind: 'wrong', message };
  }
  const failed = [refused, admitted].find((answer) => answer.kind === 'failed');
  return failed === undefined ? { kind: 'right' } : { kind: 'untried', message: failed.said };
}

type Answer =
  | { readonly kind: 'admitted' }
  /** By the policy. */
  | { readonly kind: 'refused'; readonly said: string }
  /** By somebody else, or nobody decided. */
  | { readonly kind: 'failed'; readonly said: string };

async function knock(client: KubeClient, policy: string, image: ProbeImage, signal: AbortSignal): Promise<Answer> {
  try {
    await client.create(PODS, podWith(image), { dryRun: true, signal });
    return { kind: 'admitted' };
  } catch (error) {
    if (signal.aborted || !isKubeFailure(error)) throw error;
    const said = error.message;
    const isDenial = isKubeFailure(error, 'invalid', 'forbidden') && said.includes('denied the request');
    return { kind: isDenial && names(said, policy) ? 'refused' : 'failed', said };
  }
}

/** Kyverno names the policy in its refusal; one whose name goes on after it is another. */
function names(said: string, policy: string): boolean {
  return said.split(/[^a-z0-9.-]+/).some((word) => word.replace(/[.-]+$/, '') === policy);
}

/** A Pod that the strictest Pod security, a quota and a limit range would take. */
function podWith({ image, namespace, labels }: ProbeImage): {
  readonly apiVersion: 'v1';
  readonly kind: 'Pod';
  readonly metadata: { readonly name: string; readonly namespace: string; readonly labels: ProbeImage['labels'] };
  readonly spec: object;
} {
  const small = { cpu: '1m', memory: '4Mi' };
  const securityContext = {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    readOnlyRootFilesystem: true,
  };
  const container = { name: 'probe', image, securityContext, resources: { requests: small, limits: small } };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: PROBE_NAME, namespace, labels },
    spec: {
      automountServiceAccountToken: false,
      restartPolicy: 'Never',
      securityContext: { runAsNonRoot: true, runAsUser: 65_532, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [container],
    },
  };
}

/** Name of the Pods that are never there. */
const PROBE_NAME = 'image-trust-probe';
