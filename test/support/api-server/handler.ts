/** One request from its first byte to its log line: fault, route, answer. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Access, reviewed, type User, userOf } from './access.ts';
import { discovered } from './discovery.ts';
import { encoded } from './encode.ts';
import { type Fault, type Faults, type LoggedRequest, spoil, suffer } from './faults.ts';
import { type Kinds, keyOf } from './kinds.ts';
import type { Life } from './life.ts';
import { mapOf, Refused, statusOf } from './object.ts';
import { found, prefixOf, readList, readOne, selection, shapeOf } from './read.ts';
import { type Asked, askedBy, bodyOf } from './request.ts';
import type { Storage } from './storage.ts';
import type { Watches } from './watch.ts';
import { demandCurrent, write } from './write.ts';

export interface Served {
  readonly storage: Storage;
  readonly kinds: Kinds;
  readonly watches: Watches;
  readonly life: Life;
  readonly access: Access;
  /** Only bearers of known tokens come in. */
  readonly closed: boolean;
  readonly requests: LoggedRequest[];
  readonly faults: Faults;
  readonly now: () => Date;
}

interface Answer {
  readonly code: number;
  readonly body: string;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export function handlerOf(served: Served): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    handle(served, request, response).catch((error: unknown) => {
      if (response.destroyed) return;
      const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
      send(response, { code: 500, body: JSON.stringify(statusOf(new Refused(500, 'InternalError', message))) });
    });
  };
}

async function handle(served: Served, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://api');
  const body = await bodyText(request);
  const answered = (code: number): void => void served.requests.push(logged(served, request, { url, asked, code }));
  let asked: Asked | undefined;
  try {
    asked = askedBy(served.kinds, request.method ?? 'GET', url, { headers: request.headers, body });
  } catch (error) {
    answered(respond(response, refusal(error), undefined));
    return;
  }
  const fault = served.faults.take(lineOf(asked, url), request.headers['user-agent'] ?? '');
  if (fault !== undefined) await suffer(fault);
  if (
    fault !== undefined &&
    fault.after !== true &&
    (fault.status !== undefined || fault.action === 'reset' || fault.action === 'hang')
  ) {
    answered(respond(response, faultAnswer(fault), fault));
    return;
  }
  if (asked?.verb === 'watch' && fault?.action === undefined) {
    answered(startWatch(served, asked, request, response));
    return;
  }
  const answer = attempt(() => answerTo(served, asked, url, request));
  const shown = fault?.status === undefined ? answer : faultAnswer(fault);
  answered(respond(response, shown, fault));
}

function startWatch(served: Served, asked: Asked, request: IncomingMessage, response: ServerResponse): number {
  try {
    demandUser(served, request);
    served.watches.start(asked, response);
    return 200;
  } catch (error) {
    return respond(response, refusal(error), undefined);
  }
}

/** What a fault's `match` is tested against. */
function lineOf(asked: Asked | undefined, url: URL): string {
  if (asked === undefined) return `get ${url.pathname}`;
  const { verb, kind, subresource, namespace, name } = asked;
  const what = `${kind.plural}${subresource === undefined ? '' : `/${subresource}`}`;
  const which = [namespace, name].filter((part) => part !== undefined).join('/');
  return `${verb} ${what} ${which}${url.search}`;
}

function answerTo(served: Served, asked: Asked | undefined, url: URL, request: IncomingMessage): Answer {
  const user = demandUser(served, request);
  if (asked === undefined) return ofDiscovery(served, url.pathname);
  if (asked.kind.virtual) return { code: 201, body: JSON.stringify(reviewed(served.access, asked, user)) };
  switch (asked.verb) {
    case 'get':
      return { code: 200, body: readOne(served.storage, asked) };
    case 'list':
    case 'watch':
      return { code: 200, body: readList(served.storage, asked) };
    case 'create':
    case 'update':
    case 'patch':
      return written(served, asked);
    case 'delete':
      return deleted(served, asked);
    case 'deletecollection':
      return deletedAll(served, asked);
  }
}

function written({ storage, life, now }: Served, asked: Asked): Answer {
  const { object, code } = write(
    { storage, now, demandPlace: (kind, namespace) => life.demandPlace(kind, namespace) },
    asked,
  );
  if (asked.query.get('dryRun') !== 'All') life.follow(asked.kind, object);
  return { code, body: encoded(asked.kind, object, shapeOf(asked)) };
}

function deleted({ storage, life }: Served, asked: Asked): Answer {
  const object = found(storage, asked);
  const preconditions = asked.body.length === 0 ? {} : mapOf(bodyOf(asked)['preconditions']);
  const text = (field: string): string => (typeof preconditions[field] === 'string' ? preconditions[field] : '');
  demandCurrent(asked.kind, object, { resourceVersion: text('resourceVersion'), uid: text('uid') });
  if (asked.query.get('dryRun') !== 'All') life.remove(asked.kind, object);
  const { name, uid } = object.metadata;
  const details = { name, group: asked.kind.group, kind: asked.kind.plural, uid };
  return {
    code: 200,
    body: JSON.stringify({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details }),
  };
}

function deletedAll({ storage, life }: Served, asked: Asked): Answer {
  const objects = storage.list(keyOf(asked.kind), prefixOf(asked)).filter(selection(asked));
  for (const object of objects) life.remove(asked.kind, object);
  return { code: 200, body: JSON.stringify({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' }) };
}

function ofDiscovery({ kinds }: Served, path: string): Answer {
  const answer = discovered(kinds, path);
  if (answer === undefined) return { code: 404, body: '404 page not found\n', type: 'text/plain; charset=utf-8' };
  return answer === 'ok' ? { code: 200, body: 'ok', type: 'text/plain' } : { code: 200, body: JSON.stringify(answer) };
}

function demandUser({ access, closed }: Served, request: IncomingMessage): User {
  const user = userOf(access, request.headers.authorization);
  if (closed && (user === undefined || request.headers.authorization === undefined))
    throw new Refused(401, 'Unauthorized', 'Unauthorized');
  return user ?? { username: 'unknown', groups: [] };
}

function attempt(answer: () => Answer): Answer {
  try {
    return answer();
  } catch (error) {
    return refusal(error);
  }
}

function refusal(error: unknown): Answer {
  if (!(error instanceof Refused)) throw error;
  return { code: error.code, body: JSON.stringify(statusOf(error)), headers: error.headers };
}

const REASONS: Readonly<Record<number, string>> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  410: 'Expired',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

function faultAnswer({ status = 500, reason, message = 'injected by a test', retryAfter }: Fault): Answer {
  const more = retryAfter === undefined ? {} : { retryAfter };
  return refusal(new Refused(status, reason ?? REASONS[status] ?? 'InternalError', message, more));
}

/** Sends, spoilt where the fault says so; gives the status that the client could see. */
function respond(response: ServerResponse, answer: Answer, fault: Fault | undefined): number {
  if (spoil(fault, response, answer.body)) return 0;
  send(response, answer);
  return answer.code;
}

function send(response: ServerResponse, { code, body, type = 'application/json', headers = {} }: Answer): void {
  if (response.headersSent) return;
  response.writeHead(code, { 'content-type': type, 'content-length': Buffer.byteLength(body), ...headers });
  response.end(body);
}

async function bodyText(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** A create has its name in the body alone. */
function nameOf(asked: Asked): string | undefined {
  if (asked.verb !== 'create') return asked.name;
  return /"metadata":\{[^{}]*?"name":"([^"]*)"/.exec(asked.body.toString('utf8', 0, 2000))?.[1];
}

function logged(
  { access, now }: Served,
  { headers, url: path = '/' }: IncomingMessage,
  { asked, url, code }: { asked: Asked | undefined; url: URL; code: number },
): LoggedRequest {
  return {
    verb: asked?.verb ?? 'get',
    resource: asked === undefined ? url.pathname : keyOf(asked.kind),
    subresource: asked?.subresource,
    namespace: asked?.namespace,
    name: asked === undefined ? undefined : nameOf(asked),
    path,
    contentType: headers['content-type'],
    userAgent: headers['user-agent'] ?? '',
    user: userOf(access, headers.authorization)?.username ?? 'unknown',
    fieldManager: url.searchParams.get('fieldManager') ?? undefined,
    status: code,
    at: now().getTime(),
  };
}
