/** What a request to the in-process API server asks: its path, query and headers as one value. */
import type { IncomingHttpHeaders } from 'node:http';
import { parse } from 'yaml';
import type { Kinds, ServedKind } from './kinds.ts';
import { isMap, type JsonMap, Refused } from './object.ts';

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection';

/** A request for objects. */
export interface Asked {
  readonly verb: Verb;
  readonly kind: ServedKind;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

const PATH =
  /^\/(?:api|apis\/([^/]+))\/([^/]+)\/(?:namespaces\/([^/]+)\/(?!status$|finalize$))?([^/]+)(?:\/([^/]+)(?:\/([^/]+))?)?$/;

/** The request for objects behind a path; undefined where the path is not served. */
export function askedBy(
  kinds: Kinds,
  method: string,
  url: URL,
  rest: Pick<Asked, 'headers' | 'body'>,
): Asked | undefined {
  const found = PATH.exec(url.pathname);
  if (found === null) return undefined;
  const [group = '', version = '', namespace, plural = '', name, subresource] = found.slice(1).map(decoded);
  const kind = kinds.find(group, version, plural);
  if (kind === undefined || (namespace !== undefined && !kind.namespaced)) return undefined;
  if (subresource !== undefined && !(subresource === 'status' && kind.status)) return undefined;
  const verb = verbOf(method, name, url.searchParams);
  return { verb, kind, namespace, name, subresource, query: url.searchParams, ...rest };
}

function decoded(part: string | undefined): string | undefined {
  return part === undefined ? undefined : decodeURIComponent(part);
}

function verbOf(method: string, name: string | undefined, query: URLSearchParams): Verb {
  switch (method) {
    case 'GET':
      if (isTrue(query.get('watch'))) return 'watch';
      return name === undefined ? 'list' : 'get';
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return name === undefined ? 'deletecollection' : 'delete';
    default:
      throw new Refused(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource');
  }
}

/** A flag of a query. */
export function isTrue(value: string | null): boolean {
  return value === 'true' || value === '1';
}

/** The body as an object: JSON, or YAML where it is none. */
export function bodyOf({ body }: Pick<Asked, 'body'>): JsonMap {
  const text = body.toString('utf8');
  let value: unknown;
  try {
    value = text.trimStart().startsWith('{') ? JSON.parse(text) : parse(text);
  } catch {
    throw new Refused(400, 'BadRequest', 'the body of the request is neither JSON nor YAML');
  }
  if (isMap(value)) return value;
  throw new Refused(400, 'BadRequest', 'the body of the request is not an object');
}

/** The content type without parameters. */
export function contentType({ headers }: Pick<Asked, 'headers'>): string {
  return (headers['content-type'] ?? 'application/json').split(';')[0]?.trim() ?? '';
}

/** Is only the metadata of objects asked for? Tables are not made here: what asks for one gets the next it accepts. */
export function wantsMetadata({ headers }: Pick<Asked, 'headers'>): boolean {
  const accepted = (headers.accept ?? '').split(',').filter((type) => !type.includes('as=Table'));
  return /as=PartialObjectMetadata(List)?(;|$)/.test(accepted[0]?.trim() ?? '');
}
