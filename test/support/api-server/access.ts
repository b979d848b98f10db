/** Who asks and what they may: tokens, TokenReview and SubjectAccessReview. */
import { isMap, type JsonMap, listOf, mapOf, textOf } from './object.ts';
import { type Asked, bodyOf } from './request.ts';

export interface User {
  readonly username: string;
  readonly groups: readonly string[];
}

/** May this user do this? `attributes` are `resourceAttributes` or `nonResourceAttributes` of a review. */
export type Authorizer = (user: User, attributes: JsonMap) => boolean;

export interface Access {
  /** Users by bearer token. */
  readonly tokens: Map<string, User>;
  /** Default: members of system:masters may do everything. */
  authorize: Authorizer;
}

export const ANONYMOUS: User = { username: 'system:anonymous', groups: ['system:unauthenticated'] };

export function createAccess(): Access {
  return { tokens: new Map(), authorize: (user) => user.groups.includes('system:masters') };
}

/** The user behind an Authorization header; undefined where the token is nobody's. */
export function userOf({ tokens }: Access, authorization: string | undefined): User | undefined {
  if (authorization === undefined) return ANONYMOUS;
  return tokens.get(authorization.replace(/^Bearer /, ''));
}

/** Answers a review: what was sent, with its status. */
export function reviewed(access: Access, asked: Asked, caller: User): JsonMap {
  const body = bodyOf(asked);
  const spec = mapOf(body['spec']);
  return { ...body, metadata: { creationTimestamp: null }, status: statusFor(access, asked.kind.kind, spec, caller) };
}

function statusFor(access: Access, kind: string, spec: JsonMap, caller: User): JsonMap {
  if (kind === 'TokenReview') {
    const user = access.tokens.get(String(spec['token']));
    return user === undefined
      ? { authenticated: false, error: '[invalid bearer token]', user: {} }
      : { authenticated: true, user: { username: user.username, groups: user.groups } };
  }
  const subject =
    kind === 'SelfSubjectAccessReview'
      ? caller
      : { username: textOf(spec['user']), groups: listOf(spec['groups']).map(String) };
  const attributes = isMap(spec['resourceAttributes'])
    ? spec['resourceAttributes']
    : mapOf(spec['nonResourceAttributes']);
  return { allowed: access.authorize(subject, attributes) };
}
