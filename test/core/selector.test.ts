import { describe, expect, it } from 'vitest';
import { LabelSelector } from '../../src/api/label-selector.ts';
import { selects } from '../../src/core/selector.ts';

const LABELS = { app: 'web', tier: '' };

describe('selects', () => {
  it.each([
    ['the empty selector selects everything', {}, true],
    ['an equal label', { matchLabels: { app: 'web' } }, true],
    ['another value', { matchLabels: { app: 'db' } }, false],
    ['a label that is not there', { matchLabels: { env: 'x' } }, false],
    ['an empty value is a value', { matchLabels: { tier: '' } }, true],
    ['an absent label is no empty value', { matchLabels: { env: '' } }, false],
    ['all labels must match', { matchLabels: { app: 'web', env: 'x' } }, false],
    ['In with the value', expression('app', 'In', 'db', 'web'), true],
    ['In without the value', expression('app', 'In', 'db'), false],
    ['In on an absent label', expression('env', 'In', 'x'), false],
    ['NotIn with the value', expression('app', 'NotIn', 'web'), false],
    ['NotIn without the value', expression('app', 'NotIn', 'db'), true],
    ['NotIn on an absent label holds', expression('env', 'NotIn', 'x'), true],
    ['Exists', expression('app', 'Exists'), true],
    ['Exists for an empty value', expression('tier', 'Exists'), true],
    ['Exists on an absent label', expression('env', 'Exists'), false],
    ['DoesNotExist', expression('app', 'DoesNotExist'), false],
    ['DoesNotExist on an absent label', expression('env', 'DoesNotExist'), true],
    ['a label that every object inherits is not there', expression('constructor', 'Exists'), false],
    ['labels and expressions both', { matchLabels: { app: 'web' }, ...expression('env', 'Exists') }, false],
  ])('%s', (_, selector, expected) => {
    expect(selects(LabelSelector.parse(selector), LABELS)).toBe(expected);
  });
});

function expression(key: string, operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist', ...values: string[]) {
  return { matchExpressions: [{ key, operator, values }] };
}
