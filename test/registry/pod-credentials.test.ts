/** What Pods pull with: which Secret of whom is read, when, and what is said where it cannot be. */
import { describe, expect, test } from 'vitest';
import { Failure } from '../../src/core/failure.ts';
import type { Puller } from '../../src/core/pull-index.ts';
import { podCredentials } from '../../src/registry/pod-credentials.ts';
import type { PullSecret } from '../../src/registry/secret-credentials.ts';
import { failureOf } from '../support/failures.ts';

const { signal } = new AbortController();
const FORBIDDEN = new Failure({ kind: 'unauthorized' }, 'Secret may not be read');
type Answer = PullSecret | Failure | undefined;

const secret = (host: string, username: string): PullSecret => ({
  where: 'Secret',
  type: 'kubernetes.io/dockerconfigjson',
  texts: new Map([['.dockerconfigjson', JSON.stringify({ auths: { [host]: { username, password: 'p' } } })]]),
});
const puller = (namespace: string, ...secrets: readonly string[]): Puller => ({
  namespace,
  serviceAccount: 'default',
  secrets,
});

function scene(
  pullers: readonly Puller[],
  secrets: Readonly<Record<string, Answer>>,
  accounts: Readonly<Record<string, readonly string[] | Failure>> = {},
) {
  const asked: string[] = [];
  const answer = <T>(kind: string, key: string, found: T | Failure | undefined): Promise<T | undefined> => {
    asked.push(`${kind} ${key}`);
    return found instanceof Failure ? Promise.reject(found) : Promise.resolve(found);
  };
  const index = { set: () => undefined, pullersOf: () => pullers };
  const provider = podCredentials(index, {
    secret: (namespace, name) => answer('secret', `${namespace}/${name}`, secrets[`${namespace}/${name}`]),
    serviceAccount: (namespace, name) => answer('account', `${namespace}/${name}`, accounts[`${namespace}/${name}`]),
  });
  const users = async (): Promise<readonly string[]> =>
    (await provider('r.example', 'app', signal)).map((one) => (one.type === 'basic' ? one.username : one.type));
  return { users, asked, provider };
}

describe('whose Secrets are read', () => {
  test('those that the Pod names, and no ServiceAccount', async () => {
    const { users, asked } = scene([puller('n', 'a', 'b')], {
      'n/a': secret('r.example', 'one'),
      'n/b': secret('r.example', 'two'),
    });
    expect(await users()).toEqual(['one', 'two']);
    expect(asked).toEqual(['secret n/a', 'secret n/b']);
  });

  test('those of the ServiceAccount, where the Pod names none for this registry', async () => {
    const { users, asked } = scene(
      [puller('n', 'a')],
      { 'n/a': secret('x.example', 'other'), 'n/sa': secret('r.example', 'account') },
      { 'n/default': ['a', 'sa'] },
    );
    expect(await users()).toEqual(['account']);
    expect(asked).toEqual(['secret n/a', 'account n/default', 'secret n/sa']);
  });

  test('those of all, each credential once, in their order', async () => {
    const { users } = scene([puller('m', 'a'), puller('n', 'a'), puller('o', 'a')], {
      'm/a': secret('r.example', 'one'),
      'n/a': secret('*.example', 'two'),
      'o/a': secret('r.example', 'one'),
    });
    expect(await users()).toEqual(['one', 'two']);
  });

  test.each<[string, Answer]>([
    ['is not there', undefined],
    ['is of another type', { where: 'Secret', type: 'Opaque', texts: new Map([['password', 's3cret']]) }],
    [
      'is a password without a registry',
      {
        where: 'Secret',
        type: 'kubernetes.io/basic-auth',
        texts: new Map([
          ['username', 'u'],
          ['password', 's3cret'],
        ]),
      },
    ],
    ['is for other registries', secret('x.example', 'other')],
  ])('one that %s is passed over', async (_, found) => {
    expect(await scene([puller('n', 'a')], { 'n/a': found }).users()).toEqual([]);
  });
});

describe('what cannot be read', () => {
  const broken: PullSecret = { where: 'Secret n/a', type: '', texts: new Map([['.dockerconfigjson', '{s3cret']]) };
  test.each<[string, Answer, string]>([
    ['may not be read', FORBIDDEN, 'may not be read'],
    ['makes no sense', broken, 'Secret n/a: .dockerconfigjson'],
  ])('a Secret that %s is told, where there is nothing else', async (_, found, message) => {
    const { provider } = scene([puller('n', 'a')], { 'n/a': found });
    const failure = await failureOf(provider('r.example', 'app', signal));
    expect(failure.detail.kind).toBe('unauthorized');
    expect(failure.message).toContain(message);
    expect(failure.message).not.toContain('s3cret');
  });

  test('it takes nothing from the others', async () => {
    const { users } = scene([puller('m', 'a'), puller('n', 'a')], {
      'm/a': FORBIDDEN,
      'n/a': secret('r.example', 'two'),
    });
    expect(await users()).toEqual(['two']);
  });

  test('a ServiceAccount that may not be read is told too', async () => {
    const { provider } = scene([puller('n')], {}, { 'n/default': FORBIDDEN });
    expect(await failureOf(provider('r.example', 'app', signal))).toBe(FORBIDDEN);
  });

  test('a bug is no failure of a Secret', async () => {
    const index = { set: () => undefined, pullersOf: () => [puller('n', 'a')] };
    const bug = (): Promise<never> => Promise.reject(new TypeError('bug'));
    const provider = podCredentials(index, { secret: bug, serviceAccount: bug });
    await expect(provider('r.example', 'app', signal)).rejects.toThrow(TypeError);
  });
});
