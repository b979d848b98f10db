/**
 * The world as the operator reads it: watches of policies, keys, Pods, namespaces, reports, and of the Secrets and
 * ConfigMaps that are named. Owns what is watched and that nothing is judged before all of it was read once.
 * Must never write.
 */
import type { ImageTrustPolicy } from '../api/image-trust-policy.ts';
import type { TrustedKey } from '../api/trusted-key.ts';
import type { Clock } from '../core/clock.ts';
import type { ObjectTexts } from '../core/manifests/read-data.ts';
import type { NamedObject } from '../core/named-object.ts';
import type { Labels } from '../core/selector.ts';
import type { Workload } from '../core/workload.ts';
import { createNamedWatch, type NamedWatch } from '../kube/named-watch.ts';
import { createReflector, type Reflector, type ReflectorOptions, type ReflectorState } from '../kube/reflector.ts';
import {
  CONFIGMAPS,
  IMAGE_TRUST_POLICIES,
  NAMESPACES,
  PODS,
  type Resource,
  SECRETS,
  TRUSTED_KEYS,
} from '../kube/resource.ts';
import type { KubeClient } from '../kube/verbs.ts';
import { LABELS } from '../api/group.ts';
import { REPORT_SOURCE } from '../outputs/policy-report.ts';
import { materialOf, type Materials, textsOf } from './materials.ts';
import { createPodProjection } from './pod-projection.ts';
import { projectKey, projectPolicy } from './our-objects.ts';
import type { ReportKeeper, ReportState } from './report-keeper.ts';

/** Who is told of what. `initial`: part of the first list. */
export interface WorldEvents {
  policy(name: string, policy: ImageTrustPolicy | undefined): void;
  key(name: string, key: TrustedKey | undefined): void;
  pod(key: string, initial: boolean): void;
  namespace(name: string, labels: Labels | undefined): void;
  report(report: ReportState, gone: boolean): void;
  reportsServed(served: boolean): void;
  material(object: NamedObject): void;
  /** A watch changed its state; for logs. */
  state(resource: Resource, state: ReflectorState): void;
  /** An object of ours that our own schema refuses: the API server takes it, so the CRD is another version. */
  unreadable(kind: string, name: string, message: string): void;
  bug(error: unknown): void;
}

/** What the world is read by. */
export interface WorldOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: () => number;
  readonly signal: AbortSignal;
  /** Pods of this namespace only; absent: of all. */
  readonly namespace: string | undefined;
  /** Keep what Pods are pulled with. */
  readonly withPulls: boolean;
  /** Absent: no reports are wanted. */
  readonly reports: (Pick<ReportKeeper, 'project'> & { readonly resource: Resource }) | undefined;
  readonly events: WorldEvents;
}

/** The world. */
export interface World {
  readonly pods: Reflector<Workload>;
  readonly materials: Materials;
  start(): void;
  /** Resolves when everything was read once. */
  readonly synced: Promise<unknown>;
  isSynced(): boolean;
  stop(): Promise<void>;
}

/**
 * Pods of one page. A page is parsed as a whole: 500 Pods of 6 KB and more stop the event loop for over 100 ms, and what
 * they leave to the collector grows the heap for good (make bench).
 */
const POD_PAGE = 100;

/** Makes the watches; `start` starts them. */
export function watchWorld(options: WorldOptions): World {
  const { events, namespace, reports } = options;
  const named = namedObjects(options);
  const unreadable: WorldEvents['unreadable'] = (kind, name, message) => events.unreadable(kind, name, message);
  const pods = reflect(options, PODS, {
    project: createPodProjection(options.withPulls),
    pageSize: POD_PAGE,
    ...(namespace === undefined ? {} : { namespace }),
    onEvent: (event) => events.pod(event.key, event.initial),
  });
  const all: readonly Reflector<unknown>[] = [
    reflect(options, TRUSTED_KEYS, {
      project: (object) => projectKey(object, unreadable),
      onEvent: (event) => events.key(event.key, event.type === 'set' ? event.value : undefined),
    }),
    reflect(options, IMAGE_TRUST_POLICIES, {
      project: (object) => projectPolicy(object, unreadable),
      onEvent: (event) => events.policy(event.key, event.type === 'set' ? event.value : undefined),
    }),
    reflect(options, NAMESPACES, {
      metadataOnly: true,
      project: ({ metadata }): Labels => metadata.labels ?? {},
      onEvent: (event) => events.namespace(event.key, event.type === 'set' ? event.value : undefined),
    }),
    pods,
    ...(reports === undefined ? [] : [reflectReports(options, reports)]),
  ];
  return {
    pods,
    materials: named,
    start: () => all.forEach((reflector) => reflector.start()),
    synced: Promise.all(all.map((reflector) => reflector.synced)),
    isSynced: () => all.every((reflector) => reflector.isSynced()),
    stop: async () => void (await Promise.all([...all.map((reflector) => reflector.stop()), named.stop()])),
  };
}

type Told<T> = Pick<ReflectorOptions<T>, 'project' | 'namespace' | 'labelSelector' | 'metadataOnly' | 'pageSize'> &
  Required<Pick<ReflectorOptions<T>, 'onEvent'>> &
  Pick<ReflectorOptions<T>, 'onState'>;

function reflect<T>(
  { client, clock, random, signal, events }: WorldOptions,
  resource: Resource,
  told: Told<T>,
): Reflector<T> {
  return createReflector<T>({
    client,
    clock,
    random,
    signal,
    resource,
    onBug: (error) => events.bug(error),
    onState: (state) => events.state(resource, state),
    ...told,
  });
}

function reflectReports(
  options: WorldOptions,
  { resource, project }: NonNullable<WorldOptions['reports']>,
): Reflector<ReportState> {
  const { events, namespace } = options;
  return reflect(options, resource, {
    // Who looks at one namespace has no say in the reports of the others.
    ...(namespace === undefined ? {} : { namespace }),
    labelSelector: `${LABELS.managedBy}=${REPORT_SOURCE}`,
    project,
    onEvent: (event) => events.report(event.value, event.type === 'gone'),
    onState: (state) => {
      if (state.phase === 'unserved' || state.phase === 'watching') events.reportsServed(state.phase === 'watching');
      events.state(resource, state);
    },
  });
}

/** Secrets and ConfigMaps by name, as one. */
function namedObjects(options: WorldOptions): Materials & { stop(): Promise<void> } {
  const secrets = namedWatch(options, SECRETS, 'Secret');
  const configMaps = namedWatch(options, CONFIGMAPS, 'ConfigMap');
  const watchOf = ({ kind }: NamedObject): NamedWatch<ObjectTexts> => (kind === 'Secret' ? secrets : configMaps);
  return {
    get: (object) => materialOf(object, watchOf(object).get(object)),
    want(owner, objects): void {
      secrets.want(
        owner,
        objects.filter(({ kind }) => kind === 'Secret'),
      );
      configMaps.want(
        owner,
        objects.filter(({ kind }) => kind === 'ConfigMap'),
      );
    },
    settled: async () => void (await Promise.all([secrets.settled(), configMaps.settled()])),
    stop: async () => void (await Promise.all([secrets.stop(), configMaps.stop()])),
  };
}

function namedWatch(
  { client, clock, random, signal, events }: WorldOptions,
  resource: Resource,
  kind: NamedObject['kind'],
): NamedWatch<ObjectTexts> {
  return createNamedWatch<ObjectTexts>({
    client,
    clock,
    random,
    signal,
    resource,
    project: (object) => textsOf(kind, object),
    onBug: (error) => events.bug(error),
    onChange: (key) => {
      const slash = key.indexOf('/');
      events.material({ kind, namespace: key.slice(0, slash), name: key.slice(slash + 1) });
    },
  });
}
