/**
 * Which Kyverno policy an ImageTrustPolicy wants now. Pure. Must never want a policy while a key is still being read, or
 * while nobody knows which kinds the cluster has: what is there stays until then.
 */
import type { ImageTrustPolicy } from '../../api/image-trust-policy.ts';
import type { AdmissionKey } from '../../core/admission-key.ts';
import type { Absences } from './admission.ts';
import type {
  AdmissionMode,
  KyvernoFormat,
  KyvernoObject,
  Rendering,
  RenderRequest,
  ServedKyverno,
} from '../../outputs/kyverno/rendering.ts';

/** A kind of Kyverno policies, as the API server has it. */
export type Kind =
  | { readonly state: 'served' }
  | { readonly state: 'absent' }
  /** Not read yet; `message`: what keeps us from it. */
  | { readonly state: 'unread'; readonly message: string };

/** Both kinds. */
export type Kinds = Readonly<Record<KyvernoFormat, Kind>>;

/** Says policies in Kyverno's words: outputs/kyverno. */
export interface Renderer {
  /** The kind for this policy where these are served; undefined: none is. */
  chooseFormat(policy: ImageTrustPolicy, served: ServedKyverno): KyvernoFormat | undefined;
  render(request: RenderRequest): Rendering;
}

/** What the answer depends on beside the policy. */
export interface DesireSources {
  readonly renderer: Renderer;
  readonly kinds: Kinds;
  /** By name of the TrustedKey; undefined while one of them is being read. */
  readonly keys: ReadonlyMap<string, AdmissionKey> | undefined;
  readonly now: Date;
}

/** What is wanted. */
export type Desired =
  /** Mode Disabled. */
  | { readonly kind: 'none' }
  | { readonly kind: 'waiting'; readonly reason: 'PolicyPending' | 'KyvernoUnavailable'; readonly message: string }
  | { readonly kind: 'absent'; readonly message: string }
  | {
      readonly kind: 'not-expressible';
      readonly mode: AdmissionMode;
      readonly problems: readonly string[];
      readonly changesAt?: Date;
    }
  | {
      readonly kind: 'policy';
      readonly mode: AdmissionMode;
      readonly object: KyvernoObject;
      readonly gaps: readonly string[];
      /** What a reader should know of it: keys that are left out, sets that nobody can meet. */
      readonly notes: readonly string[];
      readonly absences: Absences;
      readonly changesAt?: Date;
    };

/** What the policy wants now. */
export function desire(policy: ImageTrustPolicy, { renderer, kinds, keys, now }: DesireSources): Desired {
  const mode = admissionMode(policy);
  if (mode === undefined) return { kind: 'none' };
  if (keys === undefined) return { kind: 'waiting', reason: 'PolicyPending', message: 'a TrustedKey is being read' };
  const unread = asked(policy).flatMap((format) => (kinds[format].state === 'unread' ? [kinds[format]] : []));
  const [first] = unread;
  if (first !== undefined) return { kind: 'waiting', reason: 'KyvernoUnavailable', message: first.message };
  const served = servedIn(kinds);
  const format = renderer.chooseFormat(policy, served);
  if (format === undefined || kinds[format].state !== 'served') return { kind: 'absent', message: absence(policy) };
  return desiredOf(renderer.render({ policy, keys, format, mode, now }), mode);
}

/** What the Kyverno policy is to do with what it refuses; undefined: there is to be none. Progressive: by the status. */
export function admissionMode({ spec, status }: ImageTrustPolicy): AdmissionMode | undefined {
  switch (spec.enforcement.mode) {
    case 'Disabled':
      return undefined;
    case 'Audit':
    case 'Enforce':
      return spec.enforcement.mode;
    case 'Progressive':
      return status?.progressive?.phase ?? 'Audit';
  }
}

/** The kinds that have to be known before one can be chosen. */
function asked({ spec }: ImageTrustPolicy): readonly KyvernoFormat[] {
  const { format } = spec.enforcement.kyverno;
  return format === 'Auto' ? ['ImageValidatingPolicy', 'ClusterPolicy'] : [format];
}

function servedIn(kinds: Kinds): ServedKyverno {
  return {
    clusterPolicy: kinds.ClusterPolicy.state === 'served',
    imageValidatingPolicy: kinds.ImageValidatingPolicy.state === 'served',
  };
}

function absence(policy: ImageTrustPolicy): string {
  const wanted = asked(policy).map((format) => `${GROUPS[format]} ${format}`);
  return `the API server serves no ${wanted.join(' and no ')}: install Kyverno, or set spec.enforcement.mode: Disabled`;
}

const GROUPS: Readonly<Record<KyvernoFormat, string>> = {
  ClusterPolicy: 'kyverno.io/v1',
  ImageValidatingPolicy: 'policies.kyverno.io/v1',
};

function desiredOf(rendering: Rendering, mode: AdmissionMode): Desired {
  const { changesAt } = rendering;
  const end = changesAt === undefined ? {} : { changesAt };
  if (rendering.kind === 'not-expressible') {
    const problems = rendering.problems.map(({ where, message }) => `${where}: ${message}`);
    return { kind: 'not-expressible', mode, problems, ...end };
  }
  const { object, gaps, leftOut, unmeetable } = rendering;
  const verb = mode === 'Enforce' ? 'refused' : 'reported';
  const notes = [
    ...leftOut.map(({ message }) => message),
    ...unmeetable.map((set) => `nobody can meet set "${set}" now: every image in scope is ${verb}`),
  ];
  return {
    kind: 'policy',
    mode,
    object,
    gaps: gaps.map(({ where, message }) => `${where}: ${message}`),
    notes,
    absences: { leftOut, unmeetable },
    ...end,
  };
}
