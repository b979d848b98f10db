/** Which realm may see a credential, away from loopback. */
import { expect, test } from 'vitest';
import { Failure } from '../../src/core/failure.ts';
import type { Credential } from '../../src/registry/credential.ts';
import { fetchToken, type TokenRequest } from '../../src/registry/tokens.ts';
import type { HttpRequest } from '../../src/registry/transport.ts';
import type { Wire } from '../../src/registry/wire.ts';
import { fakeClock } from '../support/clock.ts';

const USER: Credential = { type: 'basic', username: 'u', password: 'p' };

function setUp(scheme: 'https:' | 'http:', answer = '{"token":"t"}') {
  const sent: HttpRequest[] = [];
  const wire: Wire = {
    schemeOf: () => scheme,
    toRegistry: () => Promise.reject(new Error('not here')),
    toAddress: (request, host) => {
      sent.push({ ...request, sentBy: host });
      return Promise.resolve({ status: 200, headers: {}, body: Buffer.from(answer) });
    },
  };
  const ask = (realm: string, credential: Credential | undefined, host = 'registry.example.com') => {
    const parameters = new Map([['realm', realm]]);
    const request: TokenRequest = {
      host,
      scope: 's',
      challenge: { scheme: 'bearer', parameters },
      credential,
      signal: new AbortController().signal,
      where: 'w',
    };
    return fetchToken(wire, fakeClock(0), request);
  };
  return { sent, ask };
}

test.each([
  ['https elsewhere', 'https:', 'https://auth.example.org/token', true],
  ['http elsewhere', 'https:', 'http://auth.example.org/token', false],
  ['http on the same host, where the registry speaks https', 'https:', 'http://registry.example.com/token', false],
  ['http on the same host, where the registry speaks http', 'http:', 'http://registry.example.com:8080/token', true],
  ['http elsewhere, where the registry speaks http', 'http:', 'http://auth.example.org/token', false],
  ['http on a host that only begins alike', 'http:', 'http://registry.example.com.evil.example/token', false],
  ['http with the host as user', 'http:', 'http://registry.example.com@evil.example/token', false],
  ['another scheme', 'http:', 'ftp://registry.example.com/token', false],
  ['no address', 'https:', '/token', false],
] as const)('%s', async (_, scheme, realm, allowed) => {
  const { sent, ask } = setUp(scheme);
  const outcome = await ask(realm, USER).then(
    ({ value }) => value,
    (error: unknown) => (error instanceof Failure ? 'refused' : error),
  );
  const registries = sent.map(({ sentBy }) => sentBy);
  expect([outcome, registries]).toEqual(allowed ? ['t', ['registry.example.com']] : ['refused', []]);
});

test('an identity token travels in the body of a POST only', async () => {
  const { sent, ask } = setUp('https:');
  await ask('https://auth.example.org/token', { type: 'identity-token', token: 'refresh' });
  expect(sent[0]?.method).toBe('POST');
  expect(sent[0]?.url.search).toBe('');
  expect(sent[0]?.headers['authorization']).toBeUndefined();
  expect(new URLSearchParams(sent[0]?.body).get('refresh_token')).toBe('refresh');
});

test.each([
  ['{"token":"t","expires_in":300}', 270_000],
  ['{"access_token":"t"}', 54_000],
  ['{"token":"t","expires_in":0}', 54_000],
  ['{"token":"t","expires_in":"x"}', 54_000],
])('%s is renewed after nine tenths of its life', async (answer, renewAt) => {
  expect(await setUp('https:', answer).ask('https://a.example/token', undefined)).toEqual({ value: 't', renewAt });
});
