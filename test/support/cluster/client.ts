/**
 * How suites speak to an API server, real or in-process: a few verbs over plain HTTP, apart from the client that is
 * tried. Finds plurals and scopes by discovery. A refusal is an ApiRefusal with the server's own sentence.
 */
import { Agent, request } from 'undici';
import type { ApiObject } from '../api-server/object.ts';

/** Where a server is and as whom to go in. */
export interface Entrance {
  readonly server: string;
  /** PEM. */
  readonly ca?: string;
  readonly token?: string;
  /** PEM. */
  readonly certificate?: { readonly cert: string; readonly key: string };
}

/** Which object. */
export interface Target {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
}

export interface ClusterClient extends AsyncDisposable {
  /** Server-side apply of all, in order, as manager `tests`; gives what the server then has. */
  apply(...objects: readonly Loose[]): Promise<readonly ApiObject[]>;
  /** The same of one object's status. */
  applyStatus(object: Loose): Promise<ApiObject>;
  /** Would it be taken? Gives what would be stored. */
  tryApply(object: Loose): Promise<ApiObject>;
  /** Would it be taken as a new object? Strict about unknown fields, as kubectl is. */
  tryCreate(object: Loose): Promise<ApiObject>;
  /** Sets annotations by merge patch. */
  annotate(target: Target, annotations: Readonly<Record<string, string | null>>): Promise<ApiObject>;
  /** A merge patch of anything. */
  patch(target: Target, change: object, subresource?: string): Promise<ApiObject>;
  get(target: Target): Promise<ApiObject | undefined>;
  list(apiVersion: string, kind: string, namespace?: string): Promise<readonly ApiObject[]>;
  /** Deletes at once, without a grace period. Not there: nothing happens. */
  remove(target: Target): Promise<void>;
  /** A request as it is; throws ApiRefusal from 400 on. */
  send(method: string, path: string, body?: unknown, media?: Media): Promise<unknown>;
  /** Watches a path until it is stopped; what came is in `events`, in order. */
  watch(path: string, media?: Media): Promise<Watching>;
}

/** Content types of a request. */
export interface Media {
  readonly contentType?: string;
  readonly accept?: string;
}

export interface WatchEvent {
  readonly type: string;
  readonly object: ApiObject;
}

export interface Watching extends AsyncDisposable {
  readonly events: readonly WatchEvent[];
  /** Has the server ended it? */
  readonly ended: () => boolean;
}

/** An object to send. */
export type Loose = Readonly<Record<string, unknown>> & { readonly apiVersion: string; readonly kind: string };

/** The server said no. */
export class ApiRefusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const APPLY = 'application/apply-patch+yaml';
const TIMEOUT_MS = 20_000;

export function clusterClient(entrance: Entrance): ClusterClient {
  const { ca, certificate } = entrance;
  const agent = new Agent({ allowH2: false, connect: { ...(ca === undefined ? {} : { ca }), ...certificate } });
  const paths = pathsBy((path) => send('GET', path));

  const headersFor = ({ contentType = 'application/json', accept = 'application/json' }: Media) => ({
    'user-agent': 'tests',
    accept,
    'content-type': contentType,
    ...authorization(entrance),
  });
  async function send(method: string, path: string, body?: unknown, media: Media = {}): Promise<unknown> {
    const headers = headersFor(media);
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const text = body === undefined ? null : JSON.stringify(body);
    const options = { method, headers, body: text, dispatcher: agent, signal };
    const response = await request(`${entrance.server}${path}`, options);
    const answer = await response.body.text();
    if (response.statusCode >= 400) throw new ApiRefusal(response.statusCode, sentenceOf(answer));
    return answer.startsWith('{') ? JSON.parse(answer) : answer;
  }
  const at = async (target: Target, rest = ''): Promise<string> => `${await paths(target)}/${target.name}${rest}`;
  const applyAt = async (object: Loose, rest: string): Promise<ApiObject> =>
    (await send('PATCH', await at(targetOf(object), rest), object, { contentType: APPLY })) as ApiObject;

  const client: ClusterClient = {
    send,
    async apply(...objects) {
      const done: ApiObject[] = [];
      for (const object of objects)
        done.push(await applyAt(object, '?fieldManager=tests&force=true&fieldValidation=Strict'));
      return done;
    },
    applyStatus: (object) => applyAt(object, '/status?fieldManager=tests-status&force=true'),
    tryApply: (object) => applyAt(object, '?fieldManager=tests&force=true&fieldValidation=Strict&dryRun=All'),
    async tryCreate(object) {
      const path = await paths(targetOf(object));
      return (await send('POST', `${path}?fieldValidation=Strict&dryRun=All`, object)) as ApiObject;
    },
    annotate: (target, annotations) => client.patch(target, { metadata: { annotations } }),
    async patch(target, change, subresource) {
      const rest = subresource === undefined ? '' : `/${subresource}`;
      return (await send('PATCH', await at(target, rest), change, {
        contentType: 'application/merge-patch+json',
      })) as ApiObject;
    },
    get: (target) => orAbsent(async () => (await send('GET', await at(target))) as ApiObject),
    async list(apiVersion, kind, namespace) {
      const path = await paths({ apiVersion, kind, ...(namespace === undefined ? {} : { namespace }) });
      return ((await send('GET', path)) as { items: readonly ApiObject[] }).items;
    },
    async remove(target) {
      await orAbsent(async () =>
        send('DELETE', await at(target), { kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds: 0 }),
      );
    },
    async watch(path, media = {}) {
      const stop = new AbortController();
      const options = { headers: headersFor(media), dispatcher: agent, signal: stop.signal };
      const response = await request(`${entrance.server}${path}`, options);
      if (response.statusCode >= 400) throw new ApiRefusal(response.statusCode, sentenceOf(await response.body.text()));
      return watching(response.body, stop);
    },
    [Symbol.asyncDispose]: () => agent.destroy(),
  };
  return client;
}

/** What a target is called in a path, by discovery, remembered. Kinds of new CRDs are looked for again. */
function pathsBy(read: (path: string) => Promise<unknown>) {
  const known = new Map<string, { readonly name: string; readonly namespaced: boolean }>();
  return async ({ apiVersion, kind, namespace }: Omit<Target, 'name'>): Promise<string> => {
    const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const key = `${apiVersion} ${kind}`;
    if (!known.has(key)) {
      const { resources } = (await read(root)) as { resources: { name: string; kind: string; namespaced: boolean }[] };
      for (const each of resources.filter(({ name }) => !name.includes('/')))
        known.set(`${apiVersion} ${each.kind}`, each);
    }
    const found = known.get(key);
    if (found === undefined) throw new ApiRefusal(404, `${key} is not served`);
    return found.namespaced && namespace !== undefined
      ? `${root}/namespaces/${namespace}/${found.name}`
      : `${root}/${found.name}`;
  };
}

/** Which object this is; a namespaced one without a namespace is not completed. */
export function targetOf(object: Loose): Target {
  const { name = '', namespace } = object['metadata'] as { name?: string; namespace?: string };
  return { apiVersion: object.apiVersion, kind: object.kind, name, ...(namespace === undefined ? {} : { namespace }) };
}

function watching(body: AsyncIterable<Buffer>, stop: AbortController): Watching {
  const events: WatchEvent[] = [];
  const state = { ended: false };
  const read = async (): Promise<void> => {
    let rest = '';
    for await (const chunk of body) {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) events.push(JSON.parse(line) as WatchEvent);
    }
  };
  const done = read().then(
    () => (state.ended = true),
    () => (state.ended = true),
  );
  return {
    events,
    ended: () => state.ended,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await done;
    },
  };
}

async function orAbsent<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof ApiRefusal && error.status === 404) return undefined;
    throw error;
  }
}

function authorization({ token }: Entrance): Readonly<Record<string, string>> {
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}

function sentenceOf(answer: string): string {
  try {
    const { message } = JSON.parse(answer) as { message?: string };
    return message ?? answer;
  } catch {
    return answer;
  }
}
