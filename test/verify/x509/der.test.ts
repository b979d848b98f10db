import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Failure } from '../../../src/core/failure.ts';
import {
  children,
  readBoolean,
  readNamedBits,
  readOid,
  readOnly,
  readSmallInteger,
  TAG,
} from '../../../src/verify/x509/der.ts';
import { readCertificateTime, readGeneralizedTime } from '../../../src/verify/x509/time.ts';
import { valueOrFailure, RUNS } from '../../support/hostile.ts';

const der = (hex: string) => new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
const only = (hex: string, tag: number) => readOnly(der(hex), tag, 'test');
const time = (tag: number, text: string) => ({
  tag,
  der: new Uint8Array(),
  content: new Uint8Array(Buffer.from(text, 'latin1')),
});

describe('the reader takes DER and not BER', () => {
  test.each([
    ['an indefinite length', '30 80 00 00'],
    ['a long form that fits the short one', '30 81 01 00'],
    ['a padded long form', '30 82 00 01 00'],
    ['a length beyond the end', '30 05 00'],
    ['a length of five octets', '30 85 00 00 00 00 01 00'],
    ['a high tag number', '3f 1f 00'],
    ['trailing bytes', '30 00 00'],
    ['no length', '30'],
    ['nothing', ''],
    ['another tag', '31 00'],
  ])('%s is refused', (_, hex) => {
    expect(() => only(hex, TAG.sequence)).toThrow(Failure);
  });

  test('a child that ends outside its parent is refused', () => {
    expect(() => children(only('30 03 02 02 01', TAG.sequence), 'test')).toThrow(/2 bytes/);
  });

  test('the number of children is bounded', () => {
    const many = Buffer.concat([der('30 82 10 00'), Buffer.alloc(4096, 0)]);
    expect(() => children(readOnly(new Uint8Array(many), TAG.sequence, 'test'), 'test')).toThrow(/at most 1024/);
  });
});

describe('primitive values', () => {
  test.each([
    ['06 03 55 04 03', '2.5.4.3'],
    ['06 09 2a 86 48 86 f7 0d 01 01 0b', '1.2.840.113549.1.1.11'],
    ['06 02 88 37', '2.999'],
    ['06 01 00', '0.0'],
  ])('the object identifier %s', (hex, dotted) => {
    expect(readOid(only(hex, TAG.oid), 'test')).toBe(dotted);
  });
  test.each(['06 00', '06 02 80 01', '06 01 80', '06 0b 2a ff ff ff ff ff ff ff ff ff 7f'])(
    'no object identifier: %s',
    (hex) => {
      expect(() => readOid(only(hex, TAG.oid), 'test')).toThrow(Failure);
    },
  );
  test.each(['02 00', '02 02 00 01', '02 01 ff', '02 06 01 00 00 00 00 00'])('no small integer: %s', (hex) => {
    expect(() => readSmallInteger(only(hex, TAG.integer), 'test')).toThrow(Failure);
  });
  test('small integers', () => {
    expect(readSmallInteger(only('02 02 00 ff', TAG.integer), 'test')).toBe(255);
  });
  test.each(['01 01 01', '01 00', '01 02 ff ff'])('no boolean: %s', (hex) => {
    expect(() => readBoolean(only(hex, TAG.boolean), 'test')).toThrow(Failure);
  });
  test('named bits: key usage as authorities write it; padding bits that are set are refused', () => {
    expect([...readNamedBits(only('03 02 01 06', TAG.bitString), 'test')]).toEqual([5, 6]);
    expect([...readNamedBits(only('03 02 00 a0', TAG.bitString), 'test')]).toEqual([0, 2]);
    expect(() => readNamedBits(only('03 02 02 07', TAG.bitString), 'test')).toThrow(Failure);
    expect(() => readNamedBits(only('03 01 01', TAG.bitString), 'test')).toThrow(Failure);
  });
});

describe('times', () => {
  test.each([
    [TAG.utcTime, '491231235959Z', '2049-12-31T23:59:59.000Z'],
    [TAG.utcTime, '500101000000Z', '1950-01-01T00:00:00.000Z'],
    [TAG.generalizedTime, '99991231235959Z', '9999-12-31T23:59:59.000Z'],
  ])('certificate time %d %s', (tag, text, iso) => {
    expect(readCertificateTime(time(tag, text), 'test').toISOString()).toBe(iso);
  });
  test.each([
    [TAG.utcTime, '4912312359Z'],
    [TAG.utcTime, '491231235959+0100'],
    [TAG.utcTime, '230229000000Z'],
    [TAG.utcTime, '230101240000Z'],
    [TAG.generalizedTime, '20230101000000.5Z'],
    [TAG.generalizedTime, '20230101000060Z'],
    [TAG.ia5String, '230101000000Z'],
  ])('no certificate time: %d %s', (tag, text) => {
    expect(() => readCertificateTime(time(tag, text), 'test')).toThrow(Failure);
  });
  test('a fraction of a second in a time-stamp', () => {
    expect(readGeneralizedTime(time(TAG.generalizedTime, '20230101000000.0625Z'), 't').toISOString()).toBe(
      '2023-01-01T00:00:00.062Z',
    );
    expect(() => readGeneralizedTime(time(TAG.generalizedTime, '20230101000000.50Z'), 't')).toThrow(Failure);
    expect(() => readGeneralizedTime(time(TAG.generalizedTime, '20230101000000.Z'), 't')).toThrow(Failure);
  });
});

test('random bytes end in a value or a Failure', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      const found = valueOrFailure(() => children(readOnly(bytes, TAG.sequence, 'test'), 'test')) ?? [];
      expect(found.reduce((sum, child) => sum + child.der.length, 0)).toBeLessThanOrEqual(bytes.length);
    }),
    { numRuns: RUNS },
  );
});
