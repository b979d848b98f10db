import { describe, expect, test } from 'vitest';
import { firstCredential } from '../../src/registry/credential.ts';
import { credentialsOfSecrets } from '../../src/registry/secret-credentials.ts';

const { signal } = new AbortController();
const entry = (user: string) => ({ auth: Buffer.from(`${user}:p`).toString('base64') });
const secret = (where: string, key: string, value: unknown) => ({
  where,
  type: '',
  texts: new Map([[key, JSON.stringify(value)]]),
});
const basic = (type: string, keys: Readonly<Record<string, string>>) => ({
  where: 'Secret a/b',
  type,
  texts: new Map(Object.entries(keys)),
});
const userOf = async (provider: ReturnType<typeof credentialsOfSecrets>, host: string, path: string) => {
  const [credential] = await provider(host, path, signal);
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

  test('all that fit are given, the most specific first, each once', async () => {
    const third = secret('Secret a/three', '.dockercfg', {
      '*.example': entry('any'),
      'r.example': entry('one'),
      'https://r.example/team': entry('team2'),
    });
    const all = await credentialsOfSecrets([
      secret('Secret a/one', '.dockerconfigjson', {
        auths: { 'r.example': entry('one'), 'r.example/team': entry('team') },
      }),
      third,
      third,
    ])('r.example', 'team/app', signal);
    expect(all.map((one) => (one.type === 'basic' ? one.username : one))).toEqual(['team', 'team2', 'one', 'any']);
  });

  const BASIC = 'kubernetes.io/basic-auth';
  const NAMED = { username: 'me', password: 's3cret' };
  test('basic-auth serves the one registry that the policy names, and no other', async () => {
    const own = credentialsOfSecrets([basic(BASIC, NAMED)], 'own.example:5000');
    expect(await userOf(own, 'own.example:5000', 'any/path')).toBe('me');
    expect(await userOf(own, 'own.example', 'any/path')).toBeUndefined();
  });

  test.each([
    ['of another type', 'Opaque', NAMED, 'own.example', 'found type Opaque'],
    ['without a type', '', NAMED, 'own.example', 'found a Secret without a type'],
    ['of basic-auth without a password', BASIC, { username: 'me' }, 'own.example', `found type ${BASIC}`],
    ['of basic-auth where there are several registries', BASIC, NAMED, undefined, 'which names no registry'],
  ])('a Secret %s is refused by name, and no value is told', (_, type, keys, host, found) => {
    const read = () => credentialsOfSecrets([basic(type, keys)], host);
    expect(read).toThrow(expect.objectContaining({ detail: { kind: 'unauthorized' } }));
    expect(read).toThrow(/^Secret a\/b: expected /);
    expect(read).toThrow(found);
    expect(read).not.toThrow('s3cret');
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
