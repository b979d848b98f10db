import { describe, expect, it } from 'vitest';
import { parseDuration } from '../../src/core/duration.ts';

describe('parseDuration', () => {
  it.each([
    ['500ms', 500],
    ['30s', 30_000],
    ['2m', 120_000],
    ['24h', 86_400_000],
    ['90d', 7_776_000_000],
    ['1h30m', 5_400_000],
    ['1d1h1m1s1ms', 90_061_001],
  ])('%s', (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds);
  });

  it.each([
    '',
    '0s',
    '0d0h',
    '30',
    's',
    '-1s',
    '1.5h',
    '30m1h',
    '1h 30m',
    ' 30s',
    '30s\n',
    '30S',
    '1w',
    '9'.repeat(40),
  ])('refuses %j', (text) => {
    expect(() => parseDuration(text)).toThrow(/expected whole numbers with the units/);
  });
});
