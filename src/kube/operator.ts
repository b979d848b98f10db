/**
 * The life cycle of @dot-i/k8s-operator over our own connection and reflectors: `start` runs `init`, `stop` ends every
 * watch. Owns the replacement of what is unsound in that package (facts machinery.md I.b): process.exit on a broken
 * watch, watches without a version, errors that end in a log line, a second HTTP client. Its vocabulary stays.
 */
import dotI, {
  type OperatorLogger,
  type ResourceEvent,
  ResourceEventType,
  type ResourceMeta,
  ResourceMetaImpl,
} from '@dot-i/k8s-operator';
import { CoreV1Api } from '@kubernetes/client-node';
import type { Clock } from '../core/clock.ts';
import type { KubeConnection } from './connection.ts';
import { createReflector } from './reflector.ts';
import type { ReplicaEvent } from './replica.ts';
import { apiVersionOf, collectionPath, type KubeBody, type KubeObject, RESOURCES, type Resource } from './resource.ts';
import type { KubeClient } from './verbs.ts';

export type { OperatorLogger, ResourceEvent, ResourceMeta } from '@dot-i/k8s-operator';
export { ResourceEventType } from '@dot-i/k8s-operator';

/** Something that runs while the operator runs: a reflector, named watches, a controller. */
export interface LifeCycle {
  start?(): void;
  stop(): Promise<void>;
}

/** What an operator is made of. */
export interface OperatorOptions {
  readonly connection: KubeConnection;
  readonly client: KubeClient;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly fieldManager: string;
  readonly logger: OperatorLogger;
  /** Adopts what shall run. Called once, by `start`. */
  readonly init: (operator: ClusterOperator) => Promise<void>;
}

/** Makes an operator. */
export function createOperator(options: OperatorOptions): ClusterOperator {
  return withoutKubeconfig(() => new ClusterOperator(options));
}

/** An operator: starts what `init` adopts, and stops it. */
export class ClusterOperator extends dotI.default {
  private readonly options: OperatorOptions;
  private readonly stopper = new AbortController();
  private readonly adopted: LifeCycle[] = [];
  private ending: Promise<void> | undefined;

  constructor(options: OperatorOptions) {
    super(options.logger);
    this.options = options;
    this.kubeConfig = options.connection.config;
    this.k8sApi = this.kubeConfig.makeApiClient(CoreV1Api);
  }

  /** Fires when the operator stops. */
  get signal(): AbortSignal {
    return this.stopper.signal;
  }

  /** Starts it, and stops it with the operator. Adopted after the stop, it is stopped at once. */
  adopt<T extends LifeCycle>(part: T): T {
    this.adopted.push(part);
    if (this.stopper.signal.aborted) this.ending = this.endAll();
    else part.start?.();
    return part;
  }

  /** Begins to stop; `stopped` waits for the end. */
  override stop(): void {
    this.stopper.abort(new DOMException('The operator was stopped', 'AbortError'));
    this.ending = this.endAll();
  }

  /** Stops what is left, the last adopted first, and resolves when nothing runs any more. */
  async stopped(): Promise<void> {
    this.stop();
    await this.ending;
  }

  /** Every change of a resource, in order, one at a time; a callback that throws is logged and costs its event only. */
  override watchResource(...[group, version, plural, onEvent, namespace]: WatchArguments): Promise<void> {
    const { client, clock, random, logger } = this.options;
    const resource = demandResource(`${plural}.${apiVersionOf({ group, version })}`);
    const report = (error: unknown): void => logger.error(`watch on ${plural}: ${messageOf(error)}`);
    let turn: Promise<void> = Promise.resolve();
    const reflector = createReflector<KubeObject>({
      client,
      clock,
      random,
      resource,
      namespace,
      signal: this.signal,
      // A list leaves out the kind of its items; the vocabulary of events needs it.
      project: (object) => ({ ...object, apiVersion: apiVersionOf(resource), kind: resource.kind }),
      onEvent: (event) => {
        turn = turn.then(() => onEvent(resourceEvent(resource, event))).catch(report);
      },
      onState: (state) => {
        if (state.phase === 'failing') report(state.failure);
      },
      onBug: report,
    });
    this.adopt(reflector);
    return Promise.resolve();
  }

  override getCustomResourceApiUri(group: string, version: string, plural: string, namespace?: string): string {
    const resource = demandResource(`${plural}.${apiVersionOf({ group, version })}`);
    return `${this.options.connection.server.href.replace(/\/$/, '')}${collectionPath(resource, namespace)}`;
  }

  /** CRDs come from manifests: a role that may write CRDs is more than an operator should have. */
  override registerCustomResourceDefinition(crdFile: string): Promise<never> {
    return Promise.reject(
      new Error(`${crdFile}: CRDs are installed from manifests (kubectl apply -f), not by the operator`),
    );
  }

  /** Puts the status in place of the one that `meta` was read with. Throws KubeFailure, `conflict` where it changed since. */
  override async setResourceStatus(meta: ResourceMeta, status: unknown): Promise<ResourceMeta> {
    const { client } = this.options;
    const body = { ...headOf(meta, meta.resourceVersion), status };
    const written = await client.replace(demandResource(meta.id), body, { subresource: 'status', signal: this.signal });
    return ResourceMetaImpl.createWithId(meta.id, copyOf(written));
  }

  /** Applies the fields of a status, server-side. Throws KubeFailure. */
  override async patchResourceStatus(meta: ResourceMeta, status: unknown): Promise<ResourceMeta> {
    const { client, fieldManager } = this.options;
    const written = await client.apply(
      demandResource(meta.id),
      { ...headOf(meta), status },
      { subresource: 'status', fieldManager, signal: this.signal },
    );
    return ResourceMetaImpl.createWithId(meta.id, copyOf(written));
  }

  /** Over a copy of the event: the package adds to the finalizers of what it is given. */
  override handleResourceFinalizer(
    event: ResourceEvent,
    finalizer: string,
    deleteAction: (event: ResourceEvent) => Promise<void>,
  ): Promise<boolean> {
    return super.handleResourceFinalizer({ ...event, object: structuredClone(event.object) }, finalizer, deleteAction);
  }

  /** Throws KubeFailure, `conflict` where the object changed since `meta` was read. */
  override async setResourceFinalizers(meta: ResourceMeta, finalizers: string[]): Promise<void> {
    const { client } = this.options;
    const resource = demandResource(meta.id);
    const current = await client.get(resource, meta, { signal: this.signal });
    const metadata = { ...current.metadata, finalizers, resourceVersion: meta.resourceVersion };
    const body = { ...current, apiVersion: meta.apiVersion, kind: meta.kind, metadata };
    await client.replace(resource, body, { signal: this.signal });
  }

  protected override init(): Promise<void> {
    return this.options.init(this);
  }

  /** A part that does not stop well is logged, and keeps none of the others running. */
  private async endAll(): Promise<void> {
    await this.ending;
    for (let part = this.adopted.pop(); part !== undefined; part = this.adopted.pop())
      await part.stop().catch((error: unknown) => this.logger.error(`stopping: ${messageOf(error)}`));
  }
}

/** Of the package: group, version, plural, callback, namespace. */
type WatchArguments = readonly [string, string, string, (event: ResourceEvent) => Promise<void>, string?];

/**
 * The package reads a kubeconfig of its own choice before we can give it ours; one that is broken would throw. Without
 * these two variables it finds none and invents a cluster, which is then replaced.
 */
function withoutKubeconfig<T>(make: () => T): T {
  const { KUBECONFIG, HOME } = process.env;
  delete process.env.KUBECONFIG;
  delete process.env.HOME;
  try {
    return make();
  } finally {
    if (KUBECONFIG !== undefined) process.env.KUBECONFIG = KUBECONFIG;
    if (HOME !== undefined) process.env.HOME = HOME;
  }
}

/** The resource of an id as the package writes it: `plural.apiVersion`. */
function demandResource(id: string): Resource {
  const resource = RESOURCES.find((one) => `${one.plural}.${apiVersionOf(one)}` === id);
  if (resource === undefined) throw new Error(`${id}: expected a resource that src/kube/resource.ts knows`);
  return resource;
}

function resourceEvent(resource: Resource, event: ReplicaEvent<KubeObject>): ResourceEvent {
  const object = copyOf(event.value);
  const type =
    event.type === 'gone'
      ? ResourceEventType.Deleted
      : event.old === undefined
        ? ResourceEventType.Added
        : ResourceEventType.Modified;
  return { meta: ResourceMetaImpl.createWithPlural(resource.plural, object), object, type };
}

/** The same object in client-node's type, whose fields may be written to and whose times are Dates. */
function copyOf(object: KubeObject): ResourceEvent['object'] {
  const { creationTimestamp, deletionTimestamp, ...metadata } = structuredClone(object.metadata);
  return {
    ...structuredClone({ ...object }),
    metadata: {
      ...metadata,
      labels: { ...metadata.labels },
      annotations: { ...metadata.annotations },
      finalizers: [...(metadata.finalizers ?? [])],
      ownerReferences: [...(metadata.ownerReferences ?? [])],
      ...(creationTimestamp === undefined ? {} : { creationTimestamp: new Date(creationTimestamp) }),
      ...(deletionTimestamp === undefined ? {} : { deletionTimestamp: new Date(deletionTimestamp) }),
    },
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function headOf({ apiVersion, kind, name, namespace }: ResourceMeta, resourceVersion?: string): KubeBody {
  return {
    apiVersion,
    kind,
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    },
  };
}
