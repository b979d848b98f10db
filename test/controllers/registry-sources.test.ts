import { describe, expect, test } from 'vitest';
import { createRegistrySources } from '../../src/controllers/registry-sources.ts';
import { Failure } from '../../src/core/failure.ts';
import { keyOfNamed } from '../../src/core/named-object.ts';
import type { Material } from '../../src/store/materials.ts';
import { policyOf } from '../support/builders.ts';
import { MemorySource } from '../support/memory-source.ts';

const REGISTRIES = ['registry.example.com'];
const MINUTE = 60_000;
const through = (mirror: string) => ({ registry: { mirrors: [{ from: 'docker.io', to: mirror }] } });

/** Sources that are counted as they open and close; a fault stands for the next one that opens, or for every close. */
function opener() {
  const state = { now: 0, opened: 0, closed: [] as number[] };
  const faults: { open?: Error; close?: () => Promise<void> } = {};
  const held = new Map<string, Material>();
  const sources = createRegistrySources({
    materials: { get: (object) => held.get(keyOfNamed(object)) ?? { state: 'loading' } },
    now: () => state.now,
    cwd: '/',
    open: () => {
      const { open } = faults;
      delete faults.open;
      if (open !== undefined) return Promise.reject(open);
      const serial = (state.opened += 1);
      return Promise.resolve({
        source: new MemorySource(),
        close: async () => {
          state.closed.push(serial);
          await faults.close?.();
        },
      });
    },
  });
  return { sources, state, faults, held };
}

describe('two policies', () => {
  test('that reach their registries alike share a source, also when both ask at once', async () => {
    const { sources, state } = opener();
    const [first, second] = await Promise.all([
      sources.of(policyOf('a'), REGISTRIES),
      sources.of(policyOf('b'), REGISTRIES),
    ]);
    expect([first === second, state.opened]).toEqual([true, 1]);
    expect(await sources.of(policyOf('a'), ['other.example.com'])).toBe(first);
  });

  test.each<[string, object, object]>([
    ['mirrors', through('one.example.com/hub'), through('two.example.com/hub')],
    ['plain HTTP', { registry: { insecure: true } }, {}],
  ])('that differ in %s have one each', async (_, a, b) => {
    const { sources, state } = opener();
    const first = await sources.of(policyOf('a', { ...a }), REGISTRIES);
    expect(await sources.of(policyOf('b', { ...b }), REGISTRIES)).not.toBe(first);
    expect(state.opened).toBe(2);
  });

  test('with different credentials never share one, and a Secret that turns is a new source', async () => {
    const { sources, held } = opener();
    const login = (name: string) =>
      policyOf(name, {
        images: ['registry.example.com/*'],
        registry: { credentials: [{ secretRef: { namespace: 'security', name } }] },
      });
    const hold = (name: string, password: string): void => {
      const auth = Buffer.from(`me:${password}`).toString('base64');
      const config = JSON.stringify({ auths: { 'registry.example.com': { auth } } });
      held.set(keyOfNamed({ kind: 'Secret', namespace: 'security', name }), {
        state: 'present',
        texts: new Map([['.dockerconfigjson', config]]),
        type: 'kubernetes.io/dockerconfigjson',
      });
    };
    hold('a', 'same');
    hold('b', 'same');
    const first = await sources.of(login('a'), REGISTRIES);
    expect(await sources.of(login('b'), REGISTRIES)).not.toBe(first);
    hold('a', 'rotated');
    const rotated = await sources.of(login('a'), REGISTRIES);
    expect(rotated).not.toBe(first);
    expect(await sources.of(login('a'), REGISTRIES)).toBe(rotated);
  });
});

describe('what cannot be had', () => {
  test('is a failure of the policy that needs it, and of no other', async () => {
    const { sources, held } = opener();
    const secured = policyOf('a', { registry: { credentials: [{ secretRef: { namespace: 'security', name: 'x' } }] } });
    await expect(sources.of(secured, REGISTRIES)).rejects.toThrow('Secret security/x has not been read yet');
    held.set(keyOfNamed({ kind: 'Secret', namespace: 'security', name: 'x' }), { state: 'absent' });
    await expect(sources.of(secured, REGISTRIES)).rejects.toThrow(Failure);
    await expect(sources.of(policyOf('b'), REGISTRIES)).resolves.toBeDefined();
  });

  test('is tried again by whoever asks next', async () => {
    const { sources, faults, state } = opener();
    faults.open = new Failure({ kind: 'unavailable' }, 'no CA');
    const both = await Promise.allSettled([
      sources.of(policyOf('a'), REGISTRIES),
      sources.of(policyOf('b'), REGISTRIES),
    ]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await expect(sources.of(policyOf('a'), REGISTRIES)).resolves.toBeDefined();
    expect(state.opened).toBe(1);
  });
});

describe('a source that nobody uses any more', () => {
  const [old, next] = [policyOf('a'), policyOf('a', through('one.example.com/hub'))];

  test('ends five minutes after the last policy turned to another', async () => {
    const { sources, state } = opener();
    await sources.of(old, REGISTRIES);
    await sources.of(next, REGISTRIES);
    state.now = 5 * MINUTE - 1;
    await sources.of(next, REGISTRIES);
    expect(state.closed).toEqual([]);
    state.now = 5 * MINUTE;
    await sources.of(next, REGISTRIES);
    await expect.poll(() => state.closed).toEqual([1]);
  });

  test('goes on for another policy, and for the one that comes back in time', async () => {
    const { sources, state } = opener();
    const kept = await sources.of(old, REGISTRIES);
    await sources.of(policyOf('b'), REGISTRIES);
    sources.forget('b');
    state.now = 20 * MINUTE;
    expect(await sources.of(old, REGISTRIES)).toBe(kept);
    await sources.of(next, REGISTRIES);
    state.now = 22 * MINUTE;
    expect(await sources.of(old, REGISTRIES)).toBe(kept);
    state.now = 40 * MINUTE;
    expect(await sources.of(old, REGISTRIES)).toBe(kept);
    expect(state.closed).toEqual([2]);
  });

  test('that is forgotten with its policy ends too, and the next policy opens one anew', async () => {
    const { sources, state } = opener();
    const first = await sources.of(old, REGISTRIES);
    sources.forget('a');
    state.now = 5 * MINUTE;
    await sources.of(policyOf('b', through('one.example.com/hub')), REGISTRIES);
    await expect.poll(() => state.closed).toEqual([1]);
    expect(await sources.of(policyOf('c'), REGISTRIES)).not.toBe(first);
  });

  test.each<[string, () => Promise<void>]>([
    ['fails to end', () => Promise.reject(new Error('reset'))],
    ['never ends', () => new Promise<void>(() => undefined)],
  ])('and %s keeps nobody from his own', async (_, close) => {
    const { sources, state, faults } = opener();
    await sources.of(old, REGISTRIES);
    const mine = await sources.of(next, REGISTRIES);
    faults.close = close;
    state.now = 5 * MINUTE;
    expect(await sources.of(next, REGISTRIES)).toBe(mine);
    expect(await sources.of(next, REGISTRIES)).toBe(mine);
    expect([state.opened, state.closed]).toEqual([2, [1]]);
  });
});

test('the end waits for all of them, also for those that end already, and for none that could not be opened', async () => {
  const { sources, state, faults } = opener();
  const gate = Promise.withResolvers<void>();
  await sources.of(policyOf('a'), REGISTRIES);
  await sources.of(policyOf('a', through('one.example.com/hub')), REGISTRIES);
  faults.open = new Error('no CA');
  const failing = sources.of(policyOf('b', through('two.example.com/hub')), REGISTRIES);
  faults.close = () => gate.promise;
  state.now = 5 * MINUTE;
  await sources.of(policyOf('a', through('one.example.com/hub')), REGISTRIES);
  let ended = false;
  const end = sources.close().then(() => (ended = true));
  await expect(failing).rejects.toThrow('no CA');
  await expect.poll(() => state.closed.toSorted((a, b) => a - b)).toEqual([1, 2]);
  expect(ended).toBe(false);
  gate.resolve();
  await end;
});
