/**
 * Every metric by name, with its type, its labels and what it says: the source of the registry and of docs/metrics.md.
 * Owns names, labels and buckets. No label ever holds an image, a digest or a Pod: their number has no bound.
 */
import { CONTROLLER_METRICS, type MetricDefinition } from './controller-metric-definitions.ts';

export type { MetricDefinition };

/** From a conditional request to a time-out. */
const VERIFICATION = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];
const PASS = [0.1, 0.5, 1, 5, 10, 30, 60, 120, 300, 600, 1800, 3600];
/** The metrics, in the order of the documentation. */
export const METRICS = {
  images: {
    name: 'image_trust_images',
    type: 'gauge',
    help: 'Distinct images (digests) that run under a policy, by the worst verdict of their uses and its reason.',
    labels: ['policy', 'state', 'reason'],
  },
  workloads: {
    name: 'image_trust_workloads',
    type: 'gauge',
    help: 'Workloads under a policy, by the worst verdict of their images.',
    labels: ['policy', 'state'],
  },
  imagesUnchecked: {
    name: 'image_trust_images_unchecked',
    type: 'gauge',
    help: 'Images of which the latest check could not be made, by its reason, whether or not an older verdict of theirs still stands in image_trust_images.',
    labels: ['policy', 'reason'],
  },
  imagesPending: {
    name: 'image_trust_images_pending',
    type: 'gauge',
    help: 'Images that have not been verified yet under the policy and the trust of now.',
    labels: ['policy'],
  },
  usesExcepted: {
    name: 'image_trust_uses_excepted',
    type: 'gauge',
    help: 'Containers whose image an exception of the policy covers.',
    labels: ['policy'],
  },
  usesUncovered: {
    name: 'image_trust_uses_uncovered',
    type: 'gauge',
    help: 'Containers whose image no policy covers.',
    labels: [],
  },
  lastPass: {
    name: 'image_trust_last_pass_timestamp_seconds',
    type: 'gauge',
    help: 'When the last complete pass over all images of a policy ended, Unix time. Absent before the first.',
    labels: ['policy'],
  },
  nextPass: {
    name: 'image_trust_next_pass_timestamp_seconds',
    type: 'gauge',
    help: 'When the next pass of a policy is due, Unix time. Absent while it is suspended.',
    labels: ['policy'],
  },
  policyCondition: {
    name: 'image_trust_policy_condition',
    type: 'gauge',
    help: 'Conditions of an ImageTrustPolicy: 1 while True, else 0.',
    labels: ['policy', 'condition'],
  },
  keyCondition: {
    name: 'image_trust_key_condition',
    type: 'gauge',
    help: 'Conditions of a TrustedKey: 1 while True, else 0.',
    labels: ['key', 'condition'],
  },
  keyExpiry: {
    name: 'image_trust_key_expiry_timestamp_seconds',
    type: 'gauge',
    help: 'When the first certificate of a TrustedKey, its trust root, or its validity ends, Unix time. Absent where nothing ends.',
    labels: ['key'],
  },
  rootExpiry: {
    name: 'image_trust_trust_root_expiry_timestamp_seconds',
    type: 'gauge',
    help: 'When the Sigstore trust root that a TrustedKey goes by expires unless its TUF repository renews it, Unix time. Absent for roots from ConfigMaps and files.',
    labels: ['key'],
  },
  rootRefreshed: {
    name: 'image_trust_trust_root_refreshed_timestamp_seconds',
    type: 'gauge',
    help: 'When the TUF repository of a TrustedKey last gave its trust root, Unix time. Absent until it first did.',
    labels: ['key'],
  },
  keyDependents: {
    name: 'image_trust_key_dependent_workloads',
    type: 'gauge',
    help: 'Workloads with an image for which a TrustedKey vouches.',
    labels: ['key'],
  },
  keySoleDependents: {
    name: 'image_trust_key_solely_dependent_workloads',
    type: 'gauge',
    help: 'Workloads that would lose their trust with this TrustedKey.',
    labels: ['key'],
  },
  refusedOnRestart: {
    name: 'image_trust_workloads_refused_on_restart',
    type: 'gauge',
    help: 'Workloads that run and whose Pods the Kyverno policy would refuse (in mode Audit: report), were they created again now.',
    labels: ['policy'],
  },
  enforcementMode: {
    name: 'image_trust_policy_enforcement',
    type: 'gauge',
    help: 'What guards the door for a policy: 1 for the mode of its Kyverno policy (None: there is none, or Kyverno is not ready to enforce it), else 0.',
    labels: ['policy', 'mode'],
  },
  enforcementWrites: {
    name: 'image_trust_enforcement_writes_total',
    type: 'counter',
    help: 'Writes of Kyverno policies by what came of them; taken: somebody else has the name.',
    labels: ['result'],
  },
  verifications: {
    name: 'image_trust_verifications_total',
    type: 'counter',
    help: 'Checks of one image under one policy, by why they were due and what came of them.',
    labels: ['why', 'state'],
  },
  verificationDuration: {
    name: 'image_trust_verification_duration_seconds',
    type: 'histogram',
    help: 'How long the check of one image under one policy took.',
    labels: ['state'],
    buckets: VERIFICATION,
  },
  passDuration: {
    name: 'image_trust_pass_duration_seconds',
    type: 'histogram',
    help: 'How long a pass over all images of a policy took.',
    labels: [],
    buckets: PASS,
  },
  registryRequests: {
    name: 'image_trust_registry_requests_total',
    type: 'counter',
    help: 'Requests to registries by host and status code; code is error where no answer came. Hosts beyond the first hundred count as other.',
    labels: ['host', 'code'],
  },
  registryInFlight: {
    name: 'image_trust_registry_requests_in_flight',
    type: 'gauge',
    help: 'Requests under way to a registry.',
    labels: ['host'],
  },
  registryWaiting: {
    name: 'image_trust_registry_requests_waiting',
    type: 'gauge',
    help: 'Requests that wait for a slot to a registry.',
    labels: ['host'],
  },
  registryLimit: {
    name: 'image_trust_registry_in_flight_limit',
    type: 'gauge',
    help: 'Requests that may be under way to a registry at once; shrinks where it answers 429 or 503.',
    labels: ['host'],
  },
  reportWrites: {
    name: 'image_trust_report_writes_total',
    type: 'counter',
    help: 'Reports that were to be published, by what came of it; same: nothing had changed, and nothing was written.',
    labels: ['result'],
  },
  reports: { name: 'image_trust_reports', type: 'gauge', help: 'Reports of ours in the cluster.', labels: [] },
  ...CONTROLLER_METRICS,
  buildInfo: {
    name: 'image_trust_build_info',
    type: 'gauge',
    help: 'Always 1, with the version of the program and of Node.js.',
    labels: ['version', 'node_version'],
  },
} as const satisfies Record<string, MetricDefinition>;
