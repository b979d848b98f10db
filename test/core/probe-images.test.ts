/** Which images the door of a policy is tried with. */
import { describe, expect, it } from 'vitest';
import type { ImageUse } from '../../src/core/image-use.ts';
import type { KnownRow } from '../../src/core/known.ts';
import { probePair } from '../../src/core/probe-images.ts';
import { digestOf, evidenceOf, rejected, useOf, verified } from '../support/builders.ts';
import { exceptedKnownRow, knownRow } from '../support/known-rows.ts';

const [A, B] = [digestOf('a'), digestOf('b')];
const CART = 'registry.example.com/shop/cart';
const use = (name = 'app', fields: Partial<ImageUse> = {}): ImageUse =>
  useOf(`${CART}:v1`, { container: name, digest: A, digestSource: 'status', podLabels: { app: 'cart' }, ...fields });
const pair = (rows: readonly KnownRow[], covers: (one: ImageUse) => boolean = () => true) => probePair(rows, covers);
const refused = { reason: 'TagMoved', message: '' };

describe('the door is tried', () => {
  it('with an image that is trusted and runs, and with what carries its signature', () => {
    expect(pair([knownRow(use(), verified())])).toEqual({
      signed: { image: `${CART}:v1@${A}`, namespace: 'shop', labels: { app: 'cart' } },
      unsigned: { image: `${CART}:v1@${B}`, namespace: 'shop', labels: { app: 'cart' } },
    });
  });

  it('with the same whatever the order of rows', () => {
    const rows = ['b', 'a', 'c'].map((name) => knownRow(use(name, { image: `${CART}/${name}:v1` }), verified()));
    expect(pair(rows)).toEqual(pair(rows.toReversed()));
  });

  it('by the index where that is what was signed', () => {
    const index = digestOf('e');
    expect(pair([knownRow(use(), verified({ subject: index }))])?.signed.image).toBe(`${CART}:v1@${index}`);
  });

  it.each<[string, KnownRow]>([
    ['rejected', knownRow(use(), rejected())],
    ['excepted', exceptedKnownRow(use())],
    ['refused by Kyverno all the same', knownRow(use(), verified(), { refusal: refused })],
    ['known from a report alone', knownRow(use(), { ...verified(), evidence: [] })],
    ['in a namespace that Kyverno leaves out', knownRow(use('app', { namespace: 'kube-system' }), verified())],
    [
      'vouched for by itself and by its index',
      knownRow(use(), { ...verified(), evidence: [evidenceOf(), evidenceOf({ subject: B })] }),
    ],
  ])('not with one that is %s', (_, row) => {
    expect(pair([row])).toBeUndefined();
  });

  it('not with what the policy does not judge', () => {
    expect(pair([knownRow(use(), verified())], ({ image }) => !image.includes(B))).toBeUndefined();
    expect(pair([knownRow(use(), verified())], ({ image }) => !image.includes(A))).toBeUndefined();
  });
});
