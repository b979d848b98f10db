import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { keyFactsOf } from '../../../src/verify/trust/key-facts.ts';
import { parsePublicKeys } from '../../../src/verify/trust/public-keys.ts';
import { CA, openPki } from '../../support/pki.ts';

const authority = openPki();
afterAll(() => authority.dispose());

const read = (name: string): string => readFileSync(new URL(`../../fixtures/keys/${name}`, import.meta.url), 'utf8');

describe('keyFactsOf', () => {
  it('names public keys by fingerprint and algorithm', () => {
    const keys = parsePublicKeys(read('k1.pub'));
    expect(keyFactsOf({ type: 'publicKey', keys, transparencyLog: 'Ignored' })).toEqual([
      { fingerprint: keys[0]?.fingerprint, algorithm: 'ECDSA-P256' },
    ]);
  });

  it('lets the longest certificate of one key speak, and keeps others apart', () => {
    const old = authority.issue({ subject: '/CN=root', extensions: CA, until: '20300101000000Z' });
    const renewed = authority.issue({ subject: '/CN=root', extensions: CA, until: '20400101000000Z', reuse: old });
    const other = authority.issue({ subject: '/CN=other', extensions: CA, until: '20350101000000Z' });
    const facts = keyFactsOf({
      type: 'certificate',
      roots: [renewed.certificate, old.certificate],
      intermediates: [other.certificate],
      identities: [],
      transparencyLog: 'Ignored',
    });
    expect(facts.map(({ notAfter }) => notAfter?.toISOString())).toEqual([
      '2040-01-01T00:00:00.000Z',
      '2035-01-01T00:00:00.000Z',
    ]);
    expect(new Set(facts.map(({ fingerprint }) => fingerprint)).size).toBe(2);
  });
});
