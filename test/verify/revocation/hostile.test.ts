/** Whatever bytes a responder sends or a certificate holds: a value, or a Failure. */
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { readRevocationList } from '../../../src/verify/revocation/crl.ts';
import { readOcspResponse } from '../../../src/verify/revocation/ocsp.ts';
import { listsIn, respondersOf, REVOCATION } from '../../../src/verify/revocation/status.ts';
import { EXTENSION } from '../../../src/verify/x509/extensions.ts';
import { mutations, RUNS, valueOrFailure } from '../../support/hostile.ts';
import { openPki } from '../../support/pki.ts';
import { openAuthority } from '../../support/revocation.ts';

const pki = openPki();
afterAll(() => pki.dispose());
const authority = openAuthority(pki);
const CRL = 'crlDistributionPoints=URI:http://crl.example.com/a.crl';
const { certificate } = authority.issue(['authorityInfoAccess=OCSP;URI:http://ocsp.example.com', CRL]);
const question = {
  certificate,
  issuer: authority.root.certificate,
  now: new Date(),
  urls: ['http://crl.example.com/a.crl'],
};

test('lists that are nearly one', () => {
  fc.assert(
    fc.property(mutations(authority.list({})), (bytes) => {
      expect(valueOrFailure(() => readRevocationList(bytes, question))).toBeUndefined();
    }),
    { numRuns: RUNS },
  );
});

test('bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(valueOrFailure(() => readRevocationList(bytes, question))).toBeUndefined();
      const { issuer, now } = question;
      expect(valueOrFailure(() => readOcspResponse(bytes, certificate, issuer, now))).toBeUndefined();
    }),
    { numRuns: RUNS },
  );
});

test('addresses in a certificate that are nearly some', () => {
  const access = certificate.extensions.get(REVOCATION.authorityInfoAccess)?.value ?? new Uint8Array();
  const points = certificate.extensions.get(EXTENSION.crlDistributionPoints)?.value ?? new Uint8Array();
  fc.assert(
    fc.property(mutations(access), mutations(points), (first, second) => {
      const extensions = new Map([[REVOCATION.authorityInfoAccess, { critical: false, value: first }]]);
      const urls = [
        ...(valueOrFailure(() => respondersOf({ ...certificate, extensions })) ?? []),
        ...(valueOrFailure(() => listsIn(second)) ?? []),
      ];
      expect(urls.length).toBeLessThan(10);
    }),
    { numRuns: RUNS },
  );
});
