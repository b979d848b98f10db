/** How the test registry lets in: anybody, a user by password, or the bearer of a token that its own realm issued. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Reply } from './registry-faults.ts';

export type AuthMode =
  | { readonly type: 'none' }
  | { readonly type: 'basic'; readonly username: string; readonly password: string }
  | {
      readonly type: 'bearer';
      /** Without a user, anonymous tokens are issued. */
      readonly username?: string;
      readonly password?: string;
      /** An identity token that is accepted at POST /token. */
      readonly identityToken?: string;
      /** Seconds; default 60. */
      readonly expiresIn?: number;
      /** Address of the realm; default the registry's own /token. */
      readonly realm?: string;
      /** Milliseconds; default the machine's clock. */
      readonly now?: () => number;
    };

export interface Gatekeeper {
  /** The refusal, or undefined: come in. */
  refuse(request: IncomingMessage, repository: string, push: boolean): Reply | undefined;
  /** GET or POST /token. */
  issue(request: IncomingMessage, url: URL, form: URLSearchParams): Reply;
  readonly issued: number;
}

export function createGatekeeper(mode: AuthMode, base: () => string): Gatekeeper {
  const tokens = new Map<string, { scopes: readonly string[]; expires: number }>();
  let issued = 0;
  const now = (): number => (mode.type === 'bearer' && mode.now !== undefined ? mode.now() : Date.now());

  const challenge = (repository: string, push: boolean): Reply => {
    const scope = `repository:${repository}:pull${push ? ',push' : ''}`;
    const realm = mode.type === 'bearer' ? (mode.realm ?? `${base()}/token`) : '';
    const value =
      mode.type === 'bearer'
        ? `Bearer realm="${realm}",service="test, \\"registry\\"",scope="${scope}"`
        : 'Basic realm="test registry"';
    return {
      status: 401,
      headers: { 'www-authenticate': value },
      body: Buffer.from('{"errors":[{"code":"UNAUTHORIZED"}]}'),
    };
  };

  return {
    get issued() {
      return issued;
    },
    refuse(request, repository, push) {
      const given = request.headers.authorization ?? '';
      if (mode.type === 'none') return undefined;
      if (mode.type === 'basic')
        return given === basicOf(mode.username, mode.password) ? undefined : challenge(repository, push);
      const token = tokens.get(given.replace(/^Bearer /, ''));
      const lets = token?.scopes.some(
        (scope) => scope.startsWith(`repository:${repository}:`) && (!push || scope.includes('push')),
      );
      return token !== undefined && now() < token.expires && (lets === true || repository === '')
        ? undefined
        : challenge(repository, push);
    },
    issue(request, url, form) {
      if (mode.type !== 'bearer' || !entitled(mode, request, form))
        return { status: 401, body: Buffer.from('{"details":"no"}') };
      const token = randomUUID();
      const life = mode.expiresIn ?? 60;
      const scopes = [...url.searchParams.getAll('scope'), ...(form.get('scope')?.split(' ') ?? [])];
      tokens.set(token, { scopes, expires: now() + life * 1000 });
      issued += 1;
      return {
        status: 200,
        headers: { 'content-type': 'application/json' },
        body: Buffer.from(JSON.stringify({ token, expires_in: life })),
      };
    },
  };
}

export const basicOf = (username: string, password: string): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

function entitled(
  mode: Extract<AuthMode, { type: 'bearer' }>,
  request: IncomingMessage,
  form: URLSearchParams,
): boolean {
  if (request.method === 'POST') {
    if (form.get('grant_type') === 'refresh_token')
      return mode.identityToken !== undefined && form.get('refresh_token') === mode.identityToken;
    return (
      form.get('grant_type') === 'password' &&
      form.get('username') === mode.username &&
      form.get('password') === mode.password
    );
  }
  return mode.username === undefined || request.headers.authorization === basicOf(mode.username, mode.password ?? '');
}
