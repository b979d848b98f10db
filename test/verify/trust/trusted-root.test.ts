import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Failure } from '../../../src/core/failure.ts';
import { canonicalJson, parseTrustedRoot } from '../../../src/verify/trust/trusted-root.ts';

const text = readFileSync(new URL('../../fixtures/keys/trusted_root.json', import.meta.url), 'utf8');

/** The fixture with a value put at a path; `undefined` removes. */
function changed(path: readonly (string | number)[], value: unknown): string {
  const root: unknown = JSON.parse(text);
  let at: unknown = root;
  for (const part of path.slice(0, -1)) at = Reflect.get(Object(at), part);
  Reflect.set(Object(at), path.at(-1) ?? '', value);
  return JSON.stringify(root);
}

test('a trusted root is read', () => {
  const { root, id } = parseTrustedRoot(text);
  expect(root.tlogs).toHaveLength(1);
  expect(root.certificateAuthorities[0]?.certChain?.certificates).toHaveLength(1);
  expect(root.ctlogs).toHaveLength(1);
  expect(id).toMatch(/^[0-9a-f]{64}$/);
});

test('its identity does not depend on spaces or the order of keys, and does on content', () => {
  const reversed = JSON.stringify(
    Object.fromEntries(Object.entries(JSON.parse(text) as object).toReversed()),
    undefined,
    2,
  );
  expect(parseTrustedRoot(reversed).id).toBe(parseTrustedRoot(text).id);
  expect(parseTrustedRoot(changed(['tlogs', 0, 'baseUrl'], 'https://other.example.com')).id).not.toBe(
    parseTrustedRoot(text).id,
  );
});

test.each([
  ['an end', ['tlogs', 0, 'publicKey', 'validFor', 'end']],
  ['a period', ['certificateAuthorities', 0, 'validFor']],
  ['a list', ['timestampAuthorities']],
])('%s that is null is not set', (_name, path) => {
  expect(parseTrustedRoot(changed(path, null)).root).toEqual(parseTrustedRoot(changed(path, undefined)).root);
});

describe('what is refused, with its place', () => {
  test.each([
    ['no JSON', 'tlogs:', 'JSON'],
    ['a key twice', '{"mediaType":"a","mediaType":"b"}', 'JSON'],
    ['a list', '[]', 'trusted root: expected an object'],
    ['nothing in it', '{}', 'mediaType: expected application/vnd.dev.sigstore.trustedroot'],
    ['a signing config', changed(['mediaType'], 'application/vnd.dev.sigstore.signingconfig.v0.2+json'), 'mediaType'],
    [
      'a mediaType and nothing else',
      '{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}',
      'at least one of',
    ],
    ['logs that are no list', changed(['tlogs'], {}), 'tlogs: expected a list'],
    ['a log that is no object', changed(['tlogs', 0], 'x'), 'tlogs[0]: expected an object'],
    [
      'a log without key',
      changed(['tlogs', 0, 'publicKey'], undefined),
      'tlogs[0].publicKey: expected an object, found nothing',
    ],
    [
      'a log key that is none',
      changed(['tlogs', 0, 'publicKey', 'rawBytes'], 'AAAA'),
      'tlogs[0].publicKey.rawBytes: expected the DER encoding',
    ],
    [
      'a log key that is no base64',
      changed(['ctlogs', 0, 'publicKey', 'rawBytes'], '?'),
      'ctlogs[0].publicKey.rawBytes: expected base64',
    ],
    ['a log without id', changed(['tlogs', 0, 'logId'], undefined), 'tlogs[0].logId: expected an object'],
    [
      'a date that is none',
      changed(['tlogs', 0, 'publicKey', 'validFor', 'start'], 'yesterday'),
      'validFor.start: expected a time',
    ],
    [
      'an authority without chain',
      changed(['certificateAuthorities', 0, 'certChain'], {}),
      'certificateAuthorities[0].certChain.certificates: expected 1 to 64 certificates, found nothing',
    ],
    [
      'a certificate that is none',
      changed(['certificateAuthorities', 0, 'certChain', 'certificates', 0, 'rawBytes'], 'AAAA'),
      'certificates[0].rawBytes: expected the DER encoding of a certificate',
    ],
    [
      'an end that is none',
      changed(['certificateAuthorities', 0, 'validFor', 'end'], 5),
      'certificateAuthorities[0].validFor.end',
    ],
    ['an unknown hash', changed(['tlogs', 0, 'hashAlgorithm'], 'MD5'), 'trusted root:'],
    ['too much', ' '.repeat(2 * 1024 * 1024), 'JSON'],
  ])('%s', (_, json, message) => {
    expect(() => parseTrustedRoot(json)).toThrow(Failure);
    expect(() => parseTrustedRoot(json)).toThrow(message);
  });

  test('whatever is put anywhere, the outcome is a root or a Failure', () => {
    const paths = [
      ['tlogs'],
      ['tlogs', 0],
      ['tlogs', 0, 'publicKey'],
      ['tlogs', 0, 'logId', 'keyId'],
      ['ctlogs', 0, 'publicKey', 'keyDetails'],
      ['certificateAuthorities', 0, 'subject'],
      ['timestampAuthorities'],
    ];
    fc.assert(
      fc.property(fc.constantFrom(...paths), fc.jsonValue(), (path, value) => {
        try {
          parseTrustedRoot(changed(path, value));
        } catch (error) {
          if (!(error instanceof Failure)) throw error;
        }
      }),
    );
  });
});

test('canonical JSON sorts keys at every depth', () => {
  expect(canonicalJson({ b: [{ d: 1, c: undefined }], a: null })).toBe('{"a":null,"b":[{"c":null,"d":1}]}');
});
