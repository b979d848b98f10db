import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { TrustedKey } from '../../src/api/trusted-key.ts';
import { createSignerBook } from '../../src/controllers/signers.ts';
import { keyOfNamed, type NamedObject } from '../../src/core/named-object.ts';
import type { Material } from '../../src/store/materials.ts';

const pem = (name: string): string =>
  readFileSync(join(import.meta.dirname, '../fixtures/keys', `${name}.pub`), 'utf8');
const NOW = new Date('2026-11-21T00:00:00Z');
const secretRef = (name: string) => ({ publicKey: { secretRef: { namespace: 'security', name, key: 'pub' } } });
const secret = (name: string): NamedObject => ({ kind: 'Secret', namespace: 'security', name });

function keyOf(spec: object, metadata: object = {}): TrustedKey {
  return TrustedKey.parse({
    apiVersion: 'imagetrust.dev/v1alpha1',
    kind: 'TrustedKey',
    metadata: { name: 'release', uid: 'u1', generation: 1, ...metadata },
    spec: { transparencyLog: 'Ignored', ...spec },
  });
}

/** A book over materials that the test sets; what nobody set is being read. */
function bookOf() {
  const held = new Map<string, Material>();
  const wanted = new Map<string, readonly string[]>();
  const changed: string[] = [];
  const book = createSignerBook({
    materials: {
      get: (object) => held.get(keyOfNamed(object)) ?? { state: 'loading' },
      want: (owner, objects) => void wanted.set(owner, objects.map(keyOfNamed)),
      settled: () => Promise.resolve(),
    },
    kms: {
      want: () => undefined,
      get: () => ({ state: 'loading' }),
      settled: () => Promise.resolve(),
      stop: () => Promise.resolve(),
    },
    roots: {},
    tuf: {
      want: () => undefined,
      get: () => ({ state: 'loading' }),
      rootOf: () => ({ ok: false, message: 'nothing is fetched' }),
      settled: () => Promise.resolve(),
      close: () => Promise.resolve(),
    },
    onChange: (name) => changed.push(name),
  });
  const hold = (name: string, material: Material): void => {
    held.set(keyOfNamed(secret(name)), material);
    book.materialChanged(secret(name));
  };
  const present = (key: string): Material => ({
    state: 'present',
    texts: new Map([['pub', pem(key)]]),
    type: 'Opaque',
  });
  const state = (): string => {
    const signer = book.signers().get('release');
    return signer === undefined ? 'none' : signer.state === 'usable' ? signer.lifecycle.state : signer.reason;
  };
  const id = (now = NOW): string => book.idOf('release', now);
  return { book, hold, present, state, id, changed, wanted };
}

describe('a key whose material lies in a Secret', () => {
  test('vouches for nothing until it is read, and is read by name', () => {
    const { book, hold, present, state, id, wanted, changed } = bookOf();
    book.set(keyOf(secretRef('cosign')));
    expect([state(), id(), wanted.get('TrustedKey/release')]).toEqual([
      'none',
      'missing',
      [keyOfNamed(secret('cosign'))],
    ]);
    hold('cosign', present('k1'));
    expect(state()).toBe('Active');
    expect(changed).toEqual(['release', 'release']);
  });

  test.each<[string, Material]>([
    ['is not there', { state: 'absent' }],
    ['may not be read', { state: 'unreadable', message: 'forbidden' }],
    ['has no such entry', { state: 'present', texts: new Map(), type: 'Opaque' }],
    ['holds no key', { state: 'present', texts: new Map([['pub', 'no key']]), type: 'Opaque' }],
  ])('that %s vouches for nothing, whatever it was before', (_, material) => {
    const { book, hold, present, state } = bookOf();
    book.set(keyOf(secretRef('cosign')));
    hold('cosign', present('k1'));
    hold('cosign', material);
    expect(state()).toBe('TrustedKeyNotReady');
    hold('cosign', present('k1'));
    expect(state()).toBe('Active');
  });

  test('is another when the Secret holds another, and the same when it holds the same again', () => {
    const { book, hold, present, id } = bookOf();
    book.set(keyOf(secretRef('cosign')));
    hold('cosign', present('k1'));
    const first = id();
    hold('cosign', present('other'));
    expect(id()).not.toBe(first);
    hold('cosign', present('k1'));
    expect(id()).toBe(first);
  });

  test('is not touched by Secrets that it does not name', () => {
    const { book, hold, present, changed } = bookOf();
    book.set(keyOf(secretRef('cosign')));
    hold('stranger', present('k1'));
    expect(changed).toEqual(['release']);
  });

  test('stays what it was while another Secret is read, and turns then', () => {
    const { book, hold, present, id, wanted } = bookOf();
    book.set(keyOf(secretRef('cosign')));
    hold('cosign', present('k1'));
    const first = id();
    book.set(keyOf(secretRef('next'), { generation: 2 }));
    expect([id(), wanted.get('TrustedKey/release')]).toEqual([first, [keyOfNamed(secret('next'))]]);
    hold('next', present('other'));
    expect(id()).not.toBe(first);
  });

  test('is revoked at once, also while another Secret is read', () => {
    const { book, hold, present, state } = bookOf();
    book.set(keyOf(secretRef('cosign')));
    hold('cosign', present('k1'));
    book.set(keyOf({ ...secretRef('next'), lifecycle: { state: 'Revoked' } }, { generation: 2 }));
    expect(state()).toBe('Revoked');
    hold('next', present('other'));
    expect(state()).toBe('Revoked');
  });

  test('that was removed and made anew, unseen, has nothing of the one before', () => {
    const { book, hold, present, state } = bookOf();
    book.set(keyOf(secretRef('cosign')));
    hold('cosign', present('k1'));
    book.set(keyOf(secretRef('next'), { uid: 'u2' }));
    expect(state()).toBe('none');
  });
});

describe('a key', () => {
  const inline = { publicKey: { pem: pem('k1') } };

  test('whose status alone is another is no other key, and its status is kept', () => {
    const { book, changed } = bookOf();
    book.set(keyOf(inline));
    const signer = book.signers().get('release');
    const status = { observedGeneration: 1 };
    book.set({ ...keyOf(inline), status });
    expect(changed).toEqual(['release']);
    expect(book.key('release')?.status).toEqual(status);
    expect(book.signers().get('release')).toBe(signer);
  });

  test('that is removed is missing, is wanted no more, and is told once', () => {
    const { book, state, id, changed, wanted } = bookOf();
    book.set(keyOf(secretRef('cosign')));
    book.remove('release');
    book.remove('release');
    expect([state(), id(), book.keys()]).toEqual(['none', 'missing', []]);
    expect(changed).toEqual(['release', 'release']);
    expect(wanted.get('TrustedKey/release')).toEqual([]);
  });

  test('that retires vouches as before: its identity is the same; one that is revoked is another', () => {
    const { book, id } = bookOf();
    const ids = ['Active', 'Retiring', 'Revoked', 'Active'].map((state, index) => {
      book.set(keyOf({ ...inline, lifecycle: { state } }, { generation: index + 1 }));
      return id();
    });
    expect(new Set(ids).size).toBe(2);
    expect([ids[0], ids[0]]).toEqual([ids[1], ids[3]]);
  });

  test('changes its identity at each edge of its window, and says when the next one comes', () => {
    const { book, id } = bookOf();
    const [from, until] = ['2026-12-01T00:00:00Z', '2027-01-01T00:00:00Z'];
    book.set(keyOf({ ...inline, lifecycle: { validFrom: from, validUntil: until } }));
    const inside = new Date('2026-12-15T00:00:00Z');
    const after = new Date('2027-02-01T00:00:00Z');
    expect(new Set([id(NOW), id(inside), id(after)]).size).toBe(3);
    expect(id(new Date(from))).toBe(id(inside));
    expect([NOW, inside, after].map((now) => book.nextEdge('release', now)?.toISOString().replace('.000', ''))).toEqual(
      [from, until, undefined],
    );
    expect(book.nextEdge('nobody', NOW)).toBeUndefined();
  });
});
