/**
 * What can be asked of the API server, verb by verb: the shapes of calls and answers. Owns shapes only; client.ts
 * fulfils them, and tests may.
 */
import type { KubeBody, KubeObject, ObjectName, Resource } from './resource.ts';

/** Ends a call: its promise rejects with the signal's reason (with KubeFailure `timeout` for a TimeoutError). */
export interface CallOptions {
  readonly signal: AbortSignal;
}

/** Which objects of a collection. */
export interface Selection {
  /** Absent: all namespaces. */
  readonly namespace?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly labelSelector?: string | undefined;
  /** Ask for PartialObjectMetadata: `spec`, `status` and `data` stay on the server. */
  readonly metadataOnly?: boolean | undefined;
}

/** A page of a list. */
export interface ListOptions extends Selection, CallOptions {
  /** Objects per page. Default: all at once. */
  readonly limit?: number;
  /** From the page before. */
  readonly continue?: string | undefined;
}

/** Objects of a page; `kind` and `apiVersion` may be missing in them, as the API server leaves them out. */
export interface ListPage {
  readonly items: readonly KubeObject[];
  readonly resourceVersion: string;
  /** Absent on the last page. */
  readonly continue?: string;
}

/** A watch from a resourceVersion on. */
export interface WatchOptions extends Selection, CallOptions {
  readonly resourceVersion: string;
  /** After this many seconds the server ends the watch; a little later we do. */
  readonly timeoutSeconds: number;
  /** The server accepted the watch. */
  readonly onOpen?: () => void;
}

/** One event of a watch. `ERROR` carries a Status, `BOOKMARK` an object with nothing but a resourceVersion. */
export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: unknown;
}

/** A server-side apply. */
export interface ApplyOptions extends CallOptions {
  readonly fieldManager: string;
  readonly subresource?: 'status';
  /** Take fields from whoever else wrote them. Default true, since what we apply is ours; else a conflict (409). */
  readonly force?: boolean;
}

/** A create. */
export interface CreateOptions extends CallOptions {
  /** Admission decides, and nothing is stored. Default false. */
  readonly dryRun?: boolean;
}

/** A write of a whole object. */
export interface WriteOptions extends CallOptions {
  readonly subresource?: 'status';
  /** Default: the name of the program. */
  readonly fieldManager?: string;
}

/** A delete, possibly only of the very object that was seen. */
export interface RemoveOptions extends CallOptions {
  readonly uid?: string;
  readonly resourceVersion?: string;
}

/** The verbs. Everything throws KubeFailure, or the reason of the signal. */
export interface KubeClient {
  get(resource: Resource, name: ObjectName, options: CallOptions): Promise<KubeObject>;
  /** Metadata only (PartialObjectMetadata). */
  getMetadata(resource: Resource, name: ObjectName, options: CallOptions): Promise<KubeObject>;
  listPage(resource: Resource, options: ListOptions): Promise<ListPage>;
  /** Ends when the server ends it. Errors that come as events are events here. */
  watch(resource: Resource, options: WatchOptions): AsyncIterable<WatchEvent>;
  apply(resource: Resource, object: KubeBody, options: ApplyOptions): Promise<KubeObject>;
  /** Reviews (TokenReview and its like) are created too: the answer holds their status. */
  create(resource: Resource, object: KubeBody, options: CreateOptions): Promise<KubeObject>;
  /** A conflict (409) where the object's resourceVersion is not the current one. */
  replace(resource: Resource, object: KubeBody, options: WriteOptions): Promise<KubeObject>;
  /** False where it was not there. */
  remove(resource: Resource, name: ObjectName, options: RemoveOptions): Promise<boolean>;
  /**
   * The resource of a kind (discovery); undefined where the server serves none. What is found is remembered for as long
   * as the client lives: a kind does not change its plural.
   */
  resourceOf(
    type: { readonly apiVersion: string; readonly kind: string },
    options: CallOptions,
  ): Promise<Resource | undefined>;
  /** Does the server serve this resource (discovery)? */
  serves(resource: Resource, options: CallOptions): Promise<boolean>;
}
