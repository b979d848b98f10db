/**
 * Would a Pod that runs be let in again, were it created now? Our verdict, and where Kyverno 1.19 decides otherwise than
 * we do for the same signature (measured: kyverno-live.md 1). Pure. Must never say that something is let in: only what
 * is known to be refused is told.
 */
import type { ImageTrustPolicy } from '../api/image-trust-policy.ts';
import type { ImageUse } from './image-use.ts';
import type { RestartRefusal } from './scan-result.ts';
import type { Evidence, SignatureForm, Verdict } from './verdict.ts';

/** What of the Kyverno policy decides how it reads signatures. */
export interface Admission {
  readonly format: 'ClusterPolicy' | 'ImageValidatingPolicy';
  /** TrustedKeys that are left out of it: revoked, or outside their window, though older signatures still count here. */
  readonly leftOut: ReadonlySet<string>;
  /** TrustedKeys whose signatures in bundles Kyverno cannot verify. */
  readonly unreadBundles: ReadonlyMap<string, 'Ed25519' | 'certificate'>;
  /** Attestor sets that nobody can meet at the door now: every image in scope is refused. */
  readonly unmeetable: readonly string[];
}

/** What a Pod meets when it is created. `open`: no policy of ours is there. */
export type Door = Admission | 'open';

/** Namespaces that Kyverno's webhooks leave out unless its configuration says otherwise. */
export const EXEMPT_NAMESPACES: readonly string[] = ['kube-system', 'kyverno'];

/** An image that runs, and what we say of it. */
export interface Running {
  readonly policy: ImageTrustPolicy;
  readonly use: Pick<ImageUse, 'namespace'>;
  readonly verdict: Verdict;
}

/** Why an image would be refused; undefined where nothing says so. */
export function refusalOnRestart({ policy, use, verdict }: Running, door: Door): RestartRefusal | undefined {
  if (door === 'open' || EXEMPT_NAMESPACES.includes(use.namespace)) return undefined;
  switch (verdict.state) {
    case 'unknown':
      return refusalByNobody(door);
    case 'rejected':
      return { reason: verdict.reason, message: verdict.message };
    case 'verified':
      return refusalByNobody(door) ?? refusalByKyverno(policy, verdict.evidence, door);
  }
}

/** Keys that are missing, revoked or outside their window leave a set that no image can satisfy. */
function refusalByNobody({ unmeetable }: Admission): RestartRefusal | undefined {
  if (unmeetable.length === 0) return undefined;
  const sets = unmeetable.map((name) => `"${name}"`).join(', ');
  const message = `nobody can meet attestor set ${sets} at admission now, for its TrustedKeys are missing, revoked or outside their window: Kyverno refuses every image in scope`;
  return { reason: 'NobodyVouches', message };
}

/** A set that was met for us, and would not be for Kyverno. */
function refusalByKyverno(
  policy: ImageTrustPolicy,
  evidence: readonly Evidence[],
  admission: Admission,
): RestartRefusal | undefined {
  for (const group of Map.groupBy(evidence, setOf).values()) {
    const [first] = group;
    if (first === undefined) continue;
    const answers = group.map((one) => ({ key: one.trustedKey, problem: problemWith(one, policy, admission) }));
    const readable = new Set(answers.flatMap(({ key, problem }) => (problem === undefined ? [key] : [])));
    const [problem] = answers.flatMap((answer) => answer.problem ?? []);
    if (problem !== undefined && readable.size < neededFor(first, policy)) return problem;
  }
  return undefined;
}

function setOf({ set, proves }: Evidence): string {
  return JSON.stringify([set, proves]);
}

/** How many entries of the set have to vouch. */
function neededFor({ set, proves }: Evidence, { spec }: ImageTrustPolicy): number {
  const attestation =
    proves === 'signature' ? undefined : spec.attestations.find((one) => one.type === proves.predicateType);
  const sets = attestation?.attestors ?? spec.attestors;
  const demanded = sets.find(({ name }) => name === set);
  return demanded?.count ?? demanded?.entries.length ?? 1;
}

/** What keeps Kyverno from each form in which the key vouches; undefined where it reads one of them. */
function problemWith(evidence: Evidence, policy: ImageTrustPolicy, admission: Admission): RestartRefusal | undefined {
  const { trustedKey, forms = [] } = evidence;
  if (admission.leftOut.has(trustedKey)) {
    const message = `the signature by "${trustedKey}" is older than the end of that key, which vouches for nothing at admission: sign again with another key`;
    return { reason: 'TrustedKeyLeftOut', message };
  }
  if (forms.length === 0) return undefined;
  const problems = forms.map((form) => whyUnread(form, evidence, policy, admission));
  const [first] = problems;
  if (first === undefined || problems.includes(undefined)) return undefined;
  const what = evidence.proves === 'signature' ? 'signature' : `attestation ${evidence.proves.predicateType}`;
  const [reason, why] = first;
  return { reason, message: `Kyverno does not read the ${what} by "${trustedKey}": ${why}` };
}

type Why = readonly [reason: string, why: string];

/** What keeps Kyverno from a form; undefined where nothing does. */
function whyUnread(
  form: SignatureForm,
  { trustedKey, proves }: Evidence,
  policy: ImageTrustPolicy,
  admission: Admission,
): Why | undefined {
  const reads = readingOf(policy, admission.format, proves);
  const [family = '', via = ''] = form.split(' ');
  switch (family) {
    case 'sigstore-bundle':
      return reads.bundles ? whyUnreadBundle(via, trustedKey, admission) : ['SignatureFormat', BUNDLE];
    case 'cosign-simple':
      if (!reads.tags) return ['SignatureFormat', TAG];
      return via === 'signature-tag' ? undefined : ['SignaturePlace', OCI_11];
    case 'notary-timestamped':
      return admission.format === 'ClusterPolicy' ? ['SignatureTime', TIMESTAMP] : undefined;
    case 'cosign-dsse':
      return reads.tags ? undefined : ['SignatureFormat', ATT];
    default:
      return undefined;
  }
}

function whyUnreadBundle(via: string, trustedKey: string, { format, unreadBundles }: Admission): Why | undefined {
  const unable = unreadBundles.get(trustedKey);
  if (unable !== undefined) return ['KeyAlgorithm', UNABLE[unable]];
  const isFound = format === 'ImageValidatingPolicy' || via === 'referrers-api';
  return isFound ? undefined : ['SignaturePlace', NO_REFERRERS];
}

const BUNDLE =
  'it is a bundle, and this policy reads tags; set spec.enforcement.kyverno.signatureFormat: Bundle, or format: ImageValidatingPolicy';
const TAG = 'it is a tag, and this policy reads bundles; set spec.enforcement.kyverno.signatureFormat: Any or Legacy';
const ATT =
  'it is a tag (.att), and this policy reads bundles; attach it with cosign 3, or set format: ClusterPolicy and signatureFormat: Legacy';
const NO_REFERRERS = 'its registry has no referrers API; set spec.enforcement.kyverno.format: ImageValidatingPolicy';
const OCI_11 = 'it is attached as a referrer without being a bundle (OCI 1.1 mode of cosign 2); attach it by tag';
const TIMESTAMP =
  'its certificate has expired, and ClusterPolicy does not read the timestamp that proves it older; sign again, or set spec.enforcement.kyverno.format: ImageValidatingPolicy';
const UNABLE = {
  Ed25519: 'it is a bundle by an Ed25519 key, which cosign 3 uses as Ed25519ph; attach it by tag',
  certificate: 'it is a bundle by a certificate of a private authority; attach it by tag',
} as const;

/** ClusterPolicy reads one format; ImageValidatingPolicy reads both, but attestations from bundles alone. */
function readingOf(
  { spec }: ImageTrustPolicy,
  format: Admission['format'],
  proves: Evidence['proves'],
): { readonly tags: boolean; readonly bundles: boolean } {
  const bundle = spec.enforcement.kyverno.signatureFormat === 'Bundle';
  if (format === 'ClusterPolicy') return { tags: !bundle, bundles: bundle };
  return { tags: !bundle && proves === 'signature', bundles: true };
}
