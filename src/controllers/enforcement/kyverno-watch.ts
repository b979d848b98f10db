/**
 * The Kyverno policies in the cluster that bear our label, of both kinds, whose CRDs may come and go at any time. Owns
 * what is known of the kinds; must never hold up anybody who does not ask for it.
 */
import { LABELS } from '../../api/group.ts';
import type { Clock } from '../../core/clock.ts';
import { createReflector, type Reflector, type ReflectorState } from '../../kube/reflector.ts';
import type { Resource } from '../../kube/resource.ts';
import type { KubeClient } from '../../kube/verbs.ts';
import type { KyvernoFormat } from '../../outputs/kyverno/rendering.ts';
import { MANAGER } from '../../outputs/kyverno/render.ts';
import type { Kind, Kinds } from './desired.ts';
import { KYVERNO_RESOURCES, observe, type ObservedPolicy } from './observed.ts';

/** What it is made of. */
export interface KyvernoWatchOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: () => number;
  readonly signal: AbortSignal;
  /** A policy is another now, or gone. */
  readonly onPolicy: (policy: ObservedPolicy) => void;
  /** A kind came, went, or cannot be read. */
  readonly onKinds: () => void;
  readonly onState: (resource: Resource, state: ReflectorState) => void;
  readonly onBug: (error: unknown) => void;
}

/** The watch. */
export interface KyvernoWatch {
  start(): void;
  kinds(): Kinds;
  policies(): Iterable<ObservedPolicy>;
}

/** Makes the watch; `start` starts it, the signal ends it. */
export function createKyvernoWatch(options: KyvernoWatchOptions): KyvernoWatch {
  const [legacy, current] = [watchKind('ClusterPolicy', options), watchKind('ImageValidatingPolicy', options)];
  return {
    start(): void {
      legacy.watch.start();
      current.watch.start();
    },
    kinds: () => ({ ClusterPolicy: legacy.kind(), ImageValidatingPolicy: current.kind() }),
    *policies(): Iterable<ObservedPolicy> {
      yield* legacy.watch.list();
      yield* current.watch.list();
    },
  };
}

interface KindWatch {
  readonly watch: Reflector<ObservedPolicy>;
  kind(): Kind;
}

function watchKind(format: KyvernoFormat, options: KyvernoWatchOptions): KindWatch {
  const { client, clock, random, signal, onPolicy, onKinds, onState, onBug } = options;
  const resource = KYVERNO_RESOURCES[format];
  let kind: Kind = { state: 'unread', message: `${resource.plural}.${resource.group} are being read` };
  const watch = createReflector<ObservedPolicy>({
    client,
    clock,
    random,
    signal,
    resource,
    labelSelector: `${LABELS.managedBy}=${MANAGER}`,
    project: (object) => observe(format, object),
    onEvent: ({ value }) => onPolicy(value),
    onState: (state) => {
      kind = kindBy(state, kind);
      onState(resource, state);
      onKinds();
    },
    onBug,
  });
  return { watch, kind: () => kind };
}

/** What was found out holds while the watch is in trouble: an outage neither installs Kyverno nor takes it away. */
function kindBy(state: ReflectorState, before: Kind): Kind {
  switch (state.phase) {
    case 'watching':
      return { state: 'served' };
    case 'unserved':
      return { state: 'absent' };
    case 'failing':
      return before.state === 'unread' ? { state: 'unread', message: state.failure.message } : before;
    case 'listing':
    case 'stopped':
      return before;
  }
}
