import { describe, expect, test } from 'vitest';
import { credentialsOfSecrets, firstCredential } from '../../src/registry/secret-credentials.ts';

const { signal } = new AbortController();
const entry = (user: string) => ({ auth: Buffer.from(`${user}:p`).toString('base64') });
const secret = (where: string, key: string, value: unknown) => ({
  where,
  data: { [key]: Buffer.from(JSON.stringify(value)) },
});
const userOf = async (provider: ReturnType<typeof credentialsOfSecrets>, host: string, path: string) => {
  const credential = await provider(host, path, signal);
  return credential?.type === 'basic' ? credential.username : credential;
};

describe('pull secrets', () => {
  const provider = credentialsOfSecrets([
    secret('Secret a/one', '.dockerconfigjson', {
      auths: { 'r.example': entry('one'), 'r.example/team': entry('team') },
      credsStore: 'evil',
      credHelpers: { 'h.example': 'evil' },
    }),
    secret('Secret a/two', '.dockerconfigjson', {
      auths: { 'r.example': entry('two'), 'r.example/team/app': entry('app') },
    }),
    secret('Secret a/old', '.dockercfg', { 'https://index.docker.io/v1/': entry('hub') }),
  ]);
  test.each([
    ['r.example', 'x', 'one'],
    ['r.example', 'team/x', 'team'],
    ['r.example', 'team/app', 'app'],
    ['docker.io', 'library/nginx', 'hub'],
    ['h.example', 'x', undefined],
  ])('%s/%s', async (host, path, user) => {
    expect(await userOf(provider, host, path)).toBe(user);
  });

  test('a Secret of another type is named', () => {
    expect(() => credentialsOfSecrets([secret('Secret a/b', 'password', {})])).toThrow(
      'Secret a/b: expected .dockerconfigjson or .dockercfg',
    );
  });

  test('a broken Secret is named with the place, and no value', () => {
    const read = () =>
      credentialsOfSecrets([secret('Secret a/b', '.dockerconfigjson', { auths: { 'r.example': { auth: 's3cret' } } })]);
    expect(read).toThrow('Secret a/b: .dockerconfigjson: auths["r.example"].auth');
    expect(read).not.toThrow('s3cret');
  });

  test('providers are asked in order', async () => {
    const other = credentialsOfSecrets([
      secret('s', '.dockercfg', { 'r.example': entry('later'), 'x.example': entry('x') }),
    ]);
    expect(await userOf(firstCredential([provider, other]), 'r.example', 'x')).toBe('one');
    expect(await userOf(firstCredential([provider, other]), 'x.example', 'x')).toBe('x');
  });
});
