import { describe, expect, it } from 'vitest';
import { compilePolicy, labelsOfNamespace } from '../../src/core/policy-match.ts';
import { policyOf, useOf } from '../support/builders.ts';

const NAMESPACES = new Map([['shop', { env: 'production' }]]);
const NOW = new Date('2026-06-01T12:00:00Z');

describe('covers', () => {
  it.each([
    ['every image', { images: ['*'] }, true],
    ['no image of the list', { images: ['ghcr.io/*'] }, false],
    ['one image of the list', { images: ['ghcr.io/*', 'registry.example.com/*'] }, true],
    ['an excluded image', { excludeImages: ['registry.example.com/shop/*'] }, false],
    ['an exclusion of something else', { excludeImages: ['registry.example.com/sandbox/*'] }, true],
    ['the namespace by name', { match: { namespaces: ['shop'] } }, true],
    ['another namespace', { match: { namespaces: ['team-a'] } }, false],
    ['the namespace by glob', { match: { namespaces: ['sh*'] } }, true],
    ['a name is no prefix', { match: { namespaces: ['sho'] } }, false],
    ['an excluded namespace', { match: { namespaces: ['*'], excludeNamespaces: ['sh?p'] } }, false],
    ['a namespace with the label', { match: { namespaceSelector: { matchLabels: { env: 'production' } } } }, true],
    ['a namespace without the label', { match: { namespaceSelector: { matchLabels: { env: 'test' } } } }, false],
    [
      'the label that every namespace has',
      { match: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'shop' } } } },
      true,
    ],
    ['a Pod with the label', { match: { podSelector: { matchLabels: { app: 'cart' } } } }, true],
    ['a Pod without the label', { match: { podSelector: { matchLabels: { app: 'web' } } } }, false],
    ['an empty selector', { match: { podSelector: {}, namespaceSelector: {} } }, true],
    ['all parts together', { match: { namespaces: ['shop'], podSelector: { matchLabels: { app: 'web' } } } }, false],
  ])('%s', (_, spec, expected) => {
    const use = useOf('registry.example.com/shop/cart:v1', { podLabels: { app: 'cart' } });
    expect(compilePolicy(policyOf('p', spec)).covers(use, NAMESPACES)).toBe(expected);
  });

  it('a namespace that no manifest shows has the label with its name, and no other', () => {
    expect(labelsOfNamespace('elsewhere', NAMESPACES)).toEqual({ 'kubernetes.io/metadata.name': 'elsewhere' });
  });

  it('nobody can give a namespace another name by a label', () => {
    const namespaces = new Map([['evil', { 'kubernetes.io/metadata.name': 'kube-system' }]]);
    expect(labelsOfNamespace('evil', namespaces)).toEqual({ 'kubernetes.io/metadata.name': 'evil' });
  });
});

describe('exceptionFor', () => {
  const image = 'registry.example.com/shop/cart:v1';
  it.each([
    ['an exception without an end', {}, true],
    ['an exception that ends later', { expiresAt: '2026-06-01T12:00:01Z' }, true],
    ['an exception that ends now', { expiresAt: '2026-06-01T12:00:00Z' }, false],
    ['an exception that has ended', { expiresAt: '2026-05-01T00:00:00Z' }, false],
    ['an end in another time zone', { expiresAt: '2026-06-01T13:00:00+02:00' }, false],
    ['another image', { images: ['ghcr.io/*'] }, false],
    ['the namespace', { namespaces: ['sh*'] }, true],
    ['another namespace', { namespaces: ['team-*'] }, false],
  ])('%s', (_, fields, expected) => {
    const exceptions = [{ images: ['registry.example.com/*'], reason: 'INC-42', ...fields }];
    const found = compilePolicy(policyOf('p', { exceptions })).exceptionFor(useOf(image), NOW);
    expect(found?.reason).toBe(expected ? 'INC-42' : undefined);
  });

  it('takes the next one where the first has ended', () => {
    const exceptions = [
      { images: ['*'], reason: 'old', expiresAt: '2026-01-01T00:00:00Z' },
      { images: ['*'], reason: 'new' },
    ];
    expect(compilePolicy(policyOf('p', { exceptions })).exceptionFor(useOf(image), NOW)?.reason).toBe('new');
  });
});
