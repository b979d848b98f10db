/** Values of single flags. */
import { describe, expect, test } from 'vitest';
import { keyValue } from '../../src/cli/flags.ts';

describe('key=value pairs, as cosign reads -a', () => {
  test.each<[string, Readonly<Record<string, string>>]>([
    ['env=prod', { env: 'prod' }],
    ['env=', { env: '' }],
    ['note=a=b c', { note: 'a=b c' }],
    ['env=prod,team=core', { env: 'prod', team: 'core' }],
    ['"note=a,b"', { note: 'a,b' }],
    ['"note=a,b",env=prod', { note: 'a,b', env: 'prod' }],
    ['env=prod,"note=he said ""no"", twice"', { env: 'prod', note: 'he said "no", twice' }],
    ['note=a "quoted" word', { note: 'a "quoted" word' }],
  ])('%s', (value, expected) => {
    expect(keyValue(value, {})).toEqual(expected);
  });

  test.each(['', '=prod', 'env', 'note=a,b', 'env=prod,', ',env=prod', 'env=prod,env=dev', '"note=a,b', '"note=a'])(
    'refused: %s',
    (value) => {
      expect(() => keyValue(value, {})).toThrow(/expected key=value|given twice/);
    },
  );

  test('a key that an earlier flag gave', () => {
    expect(() => keyValue('env=dev', { env: 'prod' })).toThrow('env is given twice.');
    expect(keyValue('team=core', { env: 'prod' })).toEqual({ env: 'prod', team: 'core' });
  });

  test('the advice names the way out', () => {
    expect(() => keyValue('note=a,b', {})).toThrow('in double quotes');
  });
});
