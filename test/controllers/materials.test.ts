import { describe, expect, test } from 'vitest';
import { materialOf, textsOf } from '../../src/controllers/materials.ts';
import { KubeFailure, type KubeFailureDetail } from '../../src/kube/failure.ts';

const SECRET = { kind: 'Secret', namespace: 'security', name: 'cosign' } as const;
const failing = (kind: KubeFailureDetail['kind'], message: string) =>
  materialOf(SECRET, { state: 'failing', failure: new KubeFailure({ kind }, message) });

describe('a Secret that the operator may not read', () => {
  const refusal = (user: string): string =>
    `list secrets security/cosign: the API server answered 403: secrets "cosign" is forbidden: User "${user}" cannot list resource "secrets"`;

  test('says what to do, for the account that was refused', () => {
    expect(failing('forbidden', refusal('system:serviceaccount:trust:other'))).toEqual({
      state: 'unreadable',
      message: `${refusal('system:serviceaccount:trust:other')}; let the operator read it: kubectl create rolebinding image-trust-operator-trust-material --namespace security --clusterrole=image-trust-operator-trust-material --serviceaccount=trust:other, or a Role that allows list and watch of secrets with resourceNames [cosign]`,
    });
  });

  test('names the account of the manifests where the server does not say who was refused', () => {
    expect(failing('forbidden', refusal('somebody'))).toMatchObject({
      message: expect.stringContaining('--serviceaccount=image-trust-system:image-trust-operator,'),
    });
  });

  test('is a ConfigMap just as well', () => {
    const object = { ...SECRET, kind: 'ConfigMap' } as const;
    const failure = new KubeFailure({ kind: 'forbidden' }, 'no');
    expect(materialOf(object, { state: 'failing', failure })).toMatchObject({
      message: expect.stringContaining('list and watch of configmaps with resourceNames [cosign]'),
    });
  });
});

test.each(['unauthorized', 'invalid'] as const)('%s is told as it is: no role mends it', (kind) => {
  expect(failing(kind, 'refused')).toEqual({ state: 'unreadable', message: 'refused' });
});

test.each(['unavailable', 'timeout', 'rate-limited', 'gone', 'conflict', 'not-found'] as const)(
  '%s is no answer: it is still being read',
  (kind) => {
    expect(failing(kind, 'x')).toEqual({ state: 'loading' });
  },
);

test('what is known is what it is', () => {
  const value = { texts: new Map([['a', 'b']]), type: 'Opaque' };
  expect([
    materialOf(SECRET, { state: 'present', value }),
    materialOf(SECRET, { state: 'absent' }),
    materialOf(SECRET, { state: 'pending' }),
  ]).toEqual([{ state: 'present', ...value }, { state: 'absent' }, { state: 'loading' }]);
});

describe('the texts of an object', () => {
  const metadata = { name: 'cosign', namespace: 'security' };
  test('of a Secret are decoded, with its type', () => {
    const object = { metadata, type: 'kubernetes.io/basic-auth', data: { username: 'bWU=' } };
    expect(textsOf('Secret', object)).toEqual({
      texts: new Map([['username', 'me']]),
      type: 'kubernetes.io/basic-auth',
    });
  });

  test.each([
    ['data that is no mapping', { data: ['x'] }],
    ['a value that is no base64', { data: { key: '?' } }],
    ['a value that is no text', { data: { key: 7 } }],
    ['a type that is no text', { type: 7, data: {} }],
    ['nothing', {}],
  ])('with %s are none, and no fault', (_, fields) => {
    expect(textsOf('Secret', { metadata, ...fields })).toEqual({ texts: new Map(), type: '' });
  });

  test('of a ConfigMap are its data, and its binaryData as text', () => {
    expect(textsOf('ConfigMap', { metadata, data: { a: 'b' }, binaryData: { c: 'ZA==' } }).texts).toEqual(
      new Map([
        ['a', 'b'],
        ['c', 'd'],
      ]),
    );
  });
});
