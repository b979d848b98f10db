import { describe, expect, test } from 'vitest';
import type { ImageTrustPolicy } from '../../src/api/image-trust-policy.ts';
import type { Material, MaterialSource } from '../../src/store/materials.ts';
import { lookupIn } from '../../src/store/materials.ts';
import { registryReferences, registrySettings, registrySettingsId } from '../../src/store/registry-settings.ts';
import { policyOf } from '../support/builders.ts';

const { signal } = new AbortController();
const SECRET = { secretRef: { namespace: 'security', name: 'pull' } };
const CA = { namespace: 'security', name: 'ca', key: 'ca.crt' };

function materials(known: Readonly<Record<string, Material>>): MaterialSource {
  return { get: ({ kind, namespace, name }) => known[`${kind} ${namespace}/${name}`] ?? { state: 'absent' } };
}

function present(texts: Readonly<Record<string, string>>, type = ''): Material {
  return { state: 'present', texts: new Map(Object.entries(texts)), type };
}

const dockerConfig = (host: string, user: string): Material =>
  present({ '.dockerconfigjson': JSON.stringify({ auths: { [host]: { username: user, password: 'p' } } }) });
const basicAuth = present({ username: 'me', password: 's3cret' }, 'kubernetes.io/basic-auth');

function policy(registry: object, images: readonly string[] = ['r.example/*']): ImageTrustPolicy {
  return policyOf('p', { images: [...images], registry });
}

describe('what a policy adds', () => {
  test('is nothing where it says nothing', () => {
    expect(registrySettings(policy({}), ['r.example'], materials({})).additions('/')).toEqual({
      mirrors: [],
      plainHttp: [],
      ca: undefined,
      credentials: undefined,
    });
  });

  test('is plain HTTP to its own registries, where it allows that', () => {
    const { additions } = registrySettings(policy({ insecure: true }), ['b.example', 'a.example'], materials({}));
    expect(additions('/').plainHttp).toEqual(['a.example', 'b.example']);
  });

  test.each([
    ['ConfigMap', { configMapRef: CA }],
    ['Secret', { secretRef: CA }],
  ])('is the text of a CA out of a %s', (kind, caRef) => {
    const known = materials({ [`${kind} security/ca`]: present({ 'ca.crt': 'PEM' }) });
    expect(registrySettings(policy({ caRef }), [], known).additions('/').ca).toBe('PEM');
  });

  test('is the credentials of its Secrets, for the hosts that they name', async () => {
    const known = materials({ 'Secret security/pull': dockerConfig('r.example', 'puller') });
    const { credentials } = registrySettings(policy({ credentials: [SECRET] }), [], known).additions('/');
    expect(await credentials?.('r.example', 'app', signal)).toMatchObject([{ username: 'puller' }]);
    expect(await credentials?.('other.example', 'app', signal)).toEqual([]);
  });

  test.each([
    ['one registry', ['r.example/*', 'r.example/b/*'], 'r.example', 'me'],
    ['one registry, another host', ['r.example/*'], 'x.example', undefined],
  ])('basic-auth serves %s', async (_, images, host, user) => {
    const known = materials({ 'Secret security/pull': basicAuth });
    const { credentials } = registrySettings(policy({ credentials: [SECRET] }, images), [], known).additions('/');
    const [found] = (await credentials?.(host, 'app', signal)) ?? [];
    expect(found?.type === 'basic' ? found.username : undefined).toBe(user);
  });
});

describe('what cannot be had ends the look, and is named', () => {
  const credentials = { credentials: [SECRET] };
  const caRef = { caRef: { configMapRef: CA } };
  test.each<[string, object, string, Material, string, string]>([
    [
      'a missing Secret',
      credentials,
      'Secret security/pull',
      { state: 'absent' },
      'unauthorized',
      'there is no Secret',
    ],
    [
      'a Secret that may not be read',
      credentials,
      'Secret security/pull',
      { state: 'unreadable', message: 'forbidden' },
      'unauthorized',
      'Secret security/pull cannot be read: forbidden',
    ],
    [
      'a Secret that is not read yet',
      credentials,
      'Secret security/pull',
      { state: 'loading' },
      'unauthorized',
      'Secret security/pull has not been read yet',
    ],
    [
      'a Secret of another kind',
      credentials,
      'Secret security/pull',
      present({ token: 's3cret' }, 'Opaque'),
      'unauthorized',
      'Secret security/pull: expected a Secret of type',
    ],
    [
      'a broken Secret',
      credentials,
      'Secret security/pull',
      present({ '.dockerconfigjson': 's3cret' }),
      'unauthorized',
      'Secret security/pull: .dockerconfigjson: expected JSON',
    ],
    [
      'a missing ConfigMap',
      caRef,
      'ConfigMap security/ca',
      { state: 'absent' },
      'unavailable',
      'there is no ConfigMap',
    ],
    [
      'a ConfigMap without the key',
      caRef,
      'ConfigMap security/ca',
      present({}),
      'unavailable',
      'ConfigMap security/ca, key ca.crt is not there',
    ],
  ])('%s', (_, registry, name, material, kind, message) => {
    const { additions } = registrySettings(policy(registry), [], materials({ [name]: material }));
    const field = kind === 'unavailable' ? 'caRef' : 'credentials';
    expect(() => additions('/')).toThrow(expect.objectContaining({ detail: { kind } }));
    expect(() => additions('/')).toThrow(`spec.registry.${field}: ${message}`);
    expect(() => additions('/')).not.toThrow('s3cret');
  });

  test('basic-auth where the images lie in several registries, or in any', () => {
    const known = materials({ 'Secret security/pull': basicAuth });
    for (const images of [['a.example/*', 'b.example/*'], ['*'], ['*.example/*']])
      expect(() => registrySettings(policy(credentials, images), [], known).additions('/')).toThrow(
        'which names no registry',
      );
  });
});

describe('two policies share a source', () => {
  const known = materials({
    'Secret security/pull': dockerConfig('r.example', 'one'),
    'Secret security/same': dockerConfig('r.example', 'one'),
  });
  const key = (registry: object, registries: readonly string[] = [], images?: readonly string[]): string =>
    registrySettings(policy(registry, images), registries, known).key;

  test('where all is equal', () => {
    expect(key({ credentials: [SECRET] })).toBe(key({ credentials: [SECRET] }));
    expect(key({})).toBe(key({}, ['r.example'], ['x.example/*']));
  });

  test.each<[string, object, readonly string[], readonly string[] | undefined]>([
    ['credentials', { credentials: [SECRET] }, [], undefined],
    ['another Secret', { credentials: [{ secretRef: { namespace: 'security', name: 'same' } }] }, [], undefined],
    ['mirrors', { mirrors: [{ from: 'r.example', to: 'm.example' }] }, [], undefined],
    ['plain HTTP', { insecure: true }, ['r.example'], undefined],
    ['plain HTTP to another host', { insecure: true }, ['x.example'], undefined],
    ['the host that a Secret without one serves', { credentials: [SECRET] }, [], ['x.example/*']],
  ])('but not with other %s', (_, registry, registries, images) => {
    const all = [key({}), key({ credentials: [SECRET] }), key({ insecure: true }, ['r.example'])];
    const own = key(registry, registries, images);
    expect(all.filter((other) => other === own).length).toBeLessThanOrEqual(1);
    expect(own).not.toBe(key({}));
  });

  test('a Secret that changes, goes or is refused changes the identity', () => {
    const wanting = policy({ credentials: [SECRET] });
    const states: readonly Material[] = [
      dockerConfig('r.example', 'one'),
      dockerConfig('r.example', 'two'),
      basicAuth,
      present({ username: 'me', password: 's3cret' }, 'Opaque'),
      { state: 'absent' },
      { state: 'unreadable', message: 'forbidden' },
    ];
    const ids = states.map((state) => registrySettingsId(wanting, materials({ 'Secret security/pull': state })));
    expect(new Set(ids).size).toBe(states.length);
  });
});

test('references are those of the registry settings alone', () => {
  expect(registryReferences(policy({ credentials: [SECRET], caRef: { configMapRef: CA } }))).toEqual([
    { kind: 'ConfigMap', namespace: 'security', name: 'ca' },
    { kind: 'Secret', namespace: 'security', name: 'pull' },
  ]);
});

test.each<[Material, object]>([
  [present({ k: 'v' }), { ok: true, text: 'v' }],
  [present({}), { ok: false, message: 'Secret a/b, key k is not there' }],
  [{ state: 'absent' }, { ok: false, message: 'there is no Secret a/b' }],
  [{ state: 'loading' }, { ok: false, message: 'Secret a/b has not been read yet' }],
  [
    { state: 'unreadable', message: 'no' },
    { ok: false, message: 'Secret a/b cannot be read: no' },
  ],
])('a text is looked up where it lies: %o', (material, answer) => {
  const lookup = lookupIn(materials({ 'Secret a/b': material }));
  expect(lookup.text({ kind: 'Secret', namespace: 'a', name: 'b', key: 'k' })).toEqual(answer);
});
