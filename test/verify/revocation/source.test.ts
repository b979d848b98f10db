/** What is found out of a certificate's revocation, from responses and lists that the real openssl made. */
import { afterAll, expect, test } from 'vitest';
import { Failure } from '../../../src/core/failure.ts';
import { createRevocationSource } from '../../../src/verify/revocation/source.ts';
import type { CertificateStatus, RevocationFetch } from '../../../src/verify/revocation/status.ts';
import { type Issued, openPki } from '../../support/pki.ts';
import { type ListOrder, openAuthority, requestIn, type ResponseOrder } from '../../support/revocation.ts';

const pki = openPki();
afterAll(() => pki.dispose());
const authority = openAuthority(pki);
const stranger = openAuthority(pki);
const never = new AbortController().signal;

const OCSP = 'authorityInfoAccess=OCSP;URI:http://ocsp.example.com/a';
const CRL = 'crlDistributionPoints=URI:http://crl.example.com/a.crl';
const byOcsp = authority.issue([OCSP]);
const byList = authority.issue([CRL]);
const byBoth = authority.issue([OCSP, CRL]);
const other = authority.issue([]);
const delegate = authority.issue([], {
  subject: '/CN=Responder',
  extensions: ['keyUsage=critical,digitalSignature', 'extendedKeyUsage=OCSPSigning'],
});
const noDelegate = authority.issue([], { subject: '/CN=Another' });

type Place = ((path: string) => Uint8Array) | Uint8Array | Failure;

function down(): Failure {
  return new Failure({ kind: 'unavailable' }, 'nobody listens');
}
function responding(order: ResponseOrder, who = authority): Place {
  return (url) => who.respond(requestIn(url), order);
}
function listing(order: ListOrder): Place {
  return () => authority.list(order);
}

function scene(places: Readonly<Record<string, Place>>, now = () => Date.now()) {
  const asked: string[] = [];
  const fetch: RevocationFetch = (url) => {
    asked.push(url);
    const found = Object.entries(places).find(([prefix]) => url.startsWith(prefix))?.[1] ?? down();
    if (found instanceof Failure) return Promise.reject(found);
    return Promise.resolve(typeof found === 'function' ? found(url) : found);
  };
  const source = createRevocationSource({ fetch, now });
  const statusOf = ({ certificate }: Issued): Promise<CertificateStatus> =>
    source.statusOf({ certificate: certificate.raw, issuer: authority.root.certificate.raw }, never);
  return { statusOf, asked };
}

const AT_OCSP = 'http://ocsp.example.com/a/';
const AT_CRL = 'http://crl.example.com/a.crl';
const revoked = (issued: Issued, reason?: string) => [{ issued, ...(reason === undefined ? {} : { reason }) }];

/** Which certificate, what is served, and what is found. */
const ROWS: readonly (readonly [string, Issued, Readonly<Record<string, Place>>, object])[] = [
  ['names nobody', other, {}, { state: 'none' }],
  ['good, by OCSP', byOcsp, { [AT_OCSP]: responding({ knows: [byOcsp] }) }, { state: 'good' }],
  [
    'revoked, by OCSP',
    byOcsp,
    { [AT_OCSP]: responding({ revoked: revoked(byOcsp, 'keyCompromise') }) },
    { state: 'revoked', since: new Date('2026-03-01T00:00:00Z') },
  ],
  [
    'good, by a delegate of the issuer',
    byOcsp,
    { [AT_OCSP]: responding({ knows: [byOcsp], by: delegate }) },
    { state: 'good' },
  ],
  [
    'by one without the purpose',
    byOcsp,
    { [AT_OCSP]: responding({ knows: [byOcsp], by: noDelegate }) },
    {
      state: 'unknown',
      message: expect.stringContaining('a signature by the issuer of the certificate or its delegate'),
    },
  ],
  [
    'by another authority',
    byOcsp,
    { [AT_OCSP]: responding({ knows: [byOcsp], by: stranger.root }) },
    { state: 'unknown' },
  ],
  [
    'unknown to the responder',
    byOcsp,
    { [AT_OCSP]: responding({}) },
    { state: 'unknown', message: expect.stringContaining('does not know it') },
  ],
  [
    'without a nextUpdate',
    byOcsp,
    { [AT_OCSP]: responding({ knows: [byOcsp], minutes: 0 }) },
    { state: 'unknown', message: expect.stringContaining('a nextUpdate') },
  ],
  [
    'of another certificate',
    byOcsp,
    { [AT_OCSP]: () => authority.respond(requestFor(byBoth), { knows: [byBoth] }) },
    { state: 'unknown', message: expect.stringContaining('the certificate that was asked for') },
  ],
  [
    'refused by the responder',
    byOcsp,
    { [AT_OCSP]: Buffer.from('30030a0106', 'hex') },
    { state: 'unknown', message: expect.stringContaining('unauthorized') },
  ],
  ['no response at all', byOcsp, { [AT_OCSP]: Buffer.from('<html>') }, { state: 'unknown' }],
  [
    'a responder that is down',
    byOcsp,
    {},
    { state: 'unknown', message: 'OCSP http://ocsp.example.com/a: nobody listens' },
  ],
  ['good, by a list', byList, { [AT_CRL]: listing({ revoked: revoked(other) }) }, { state: 'good' }],
  ['good, by a list without entries', byList, { [AT_CRL]: listing({}) }, { state: 'good' }],
  [
    'revoked, by a list',
    byList,
    { [AT_CRL]: listing({ revoked: revoked(byList) }) },
    { state: 'revoked', since: new Date('2026-03-01T00:00:00Z') },
  ],
  [
    'on hold, by a list',
    byList,
    { [AT_CRL]: listing({ revoked: revoked(byList, 'holdInstruction,holdInstructionReject') }) },
    { state: 'revoked' },
  ],
  [
    'suspect since a day, by a list',
    byList,
    { [AT_CRL]: listing({ revoked: revoked(byList, 'keyTime,20260201000000Z') }) },
    { state: 'revoked', invalidSince: new Date('2026-02-01T00:00:00Z') },
  ],
  [
    'a list of another authority',
    byList,
    { [AT_CRL]: stranger.list({}) },
    { state: 'unknown', message: expect.stringContaining('a signature by the issuer') },
  ],
  [
    'a list for authorities only',
    byList,
    { [AT_CRL]: listing({ extensions: ['issuingDistributionPoint=critical,@idp', '[idp]', 'onlyCA=TRUE'] }) },
    { state: 'unknown', message: expect.stringContaining('a list that covers the certificate') },
  ],
  [
    'a list for users',
    byList,
    { [AT_CRL]: listing({ extensions: ['issuingDistributionPoint=critical,@idp', '[idp]', 'onlyuser=TRUE'] }) },
    { state: 'good' },
  ],
  [
    'the list of another place',
    byList,
    {
      [AT_CRL]: listing({
        extensions: ['issuingDistributionPoint=critical,@idp', '[idp]', 'fullname=URI:http://crl.example.com/b.crl'],
      }),
    },
    { state: 'unknown', message: expect.stringContaining('that of another') },
  ],
  [
    'an unknown critical extension',
    byList,
    { [AT_CRL]: listing({ extensions: ['1.2.3.4=critical,ASN1:NULL'] }) },
    { state: 'unknown', message: expect.stringContaining('1.2.3.4') },
  ],
  [
    'a delta in place of a list',
    byList,
    { [AT_CRL]: listing({ extensions: ['2.5.29.27=critical,DER:020101'] }) },
    { state: 'unknown', message: expect.stringContaining('a base list') },
  ],
  ['a list where OCSP is down', byBoth, { [AT_CRL]: listing({ revoked: revoked(byBoth) }) }, { state: 'revoked' }],
  [
    'OCSP before a list',
    byBoth,
    { [AT_OCSP]: responding({ knows: [byBoth] }), [AT_CRL]: listing({ revoked: revoked(byBoth) }) },
    { state: 'good' },
  ],
  [
    'neither OCSP nor a list',
    byBoth,
    {},
    {
      state: 'unknown',
      message: 'OCSP http://ocsp.example.com/a: nobody listens; CRL http://crl.example.com/a.crl: nobody listens',
    },
  ],
];

let request: Buffer = Buffer.alloc(0);
/** The request for a certificate, as we make it. */
function requestFor(issued: Issued): Buffer {
  void scene({
    [AT_OCSP]: (url) => {
      request = requestIn(url);
      return Buffer.alloc(0);
    },
  }).statusOf(issued);
  return request;
}

test.each(ROWS)('%s', async (_, issued, places, expected) => {
  expect(await scene(places).statusOf(issued)).toMatchObject(expected);
});

const DELTA = 'http://crl.example.com/a-delta.crl';
const FRESHEST = '2.5.29.46=ASN1:SEQUENCE:points';
const FRESHEST_POINTS = [
  '[points]',
  'p=SEQUENCE:point',
  '[point]',
  'n=EXPLICIT:0C,IMPLICIT:0C,SEQUENCE:names',
  '[names]',
  `u=IMPLICIT:6,IA5STRING:${DELTA}`,
];
const base = (revokedOnes: ListOrder['revoked'], number = 5): Place =>
  listing({
    number,
    extensions: [FRESHEST, ...FRESHEST_POINTS],
    ...(revokedOnes === undefined ? {} : { revoked: revokedOnes }),
  });
const delta = (revokedOnes: ListOrder['revoked'], { number = 6, on = '05' } = {}): Place =>
  listing({
    number,
    extensions: [`2.5.29.27=critical,DER:0201${on}`],
    ...(revokedOnes === undefined ? {} : { revoked: revokedOnes }),
  });

test.each([
  ['revokes what the base does not', base([]), delta(revoked(byList)), { state: 'revoked' }],
  [
    'takes back what the base holds',
    base(revoked(byList, 'holdInstruction,holdInstructionReject')),
    delta(revoked(byList, 'removeFromCRL')),
    { state: 'good' },
  ],
  ['says nothing, and the base speaks', base(revoked(byList)), delta([]), { state: 'revoked' }],
  ['of a later base does not fit', base([]), delta([], { number: 9, on: '08' }), { state: 'unknown' }],
  ['older than the base does not fit', base([], 7), delta([]), { state: 'unknown' }],
  ['that is none does not fit', base([]), listing({ number: 6 }), { state: 'unknown' }],
  ['that is not there leaves it open', base([]), down(), { state: 'unknown' }],
])('a delta that %s', async (_, list, change, expected) => {
  expect(await scene({ [DELTA]: change, [AT_CRL]: list }).statusOf(byList)).toMatchObject(expected);
});

test('an answer serves for an hour, then it is asked for again, and serves on until its end where none comes', async () => {
  let now = Date.now();
  const places: Record<string, Place> = { [AT_OCSP]: responding({ knows: [byOcsp], minutes: 180 }) };
  const { statusOf, asked } = scene(places, () => now);
  await statusOf(byOcsp);
  await statusOf(byOcsp);
  expect(asked).toHaveLength(1);
  places[AT_OCSP] = down();
  now += 61 * 60_000;
  expect(await statusOf(byOcsp)).toMatchObject({ state: 'good' });
  expect(asked).toHaveLength(2);
  now += 130 * 60_000;
  expect(await statusOf(byOcsp)).toMatchObject({ state: 'unknown' });
});

test('a place that gives no answer is left alone for half a minute', async () => {
  let now = Date.now();
  const places: Record<string, Place> = {};
  const { statusOf, asked } = scene(places, () => now);
  await Promise.all([statusOf(byOcsp), statusOf(byOcsp)]);
  await statusOf(byOcsp);
  expect(asked).toHaveLength(1);
  places[AT_OCSP] = responding({ knows: [byOcsp] });
  now += 31_000;
  expect(await statusOf(byOcsp)).toMatchObject({ state: 'good' });
});

test('certificates that are asked about at the same moment share the fetch of their list', async () => {
  const second = authority.issue([CRL]);
  const { statusOf, asked } = scene({ [AT_CRL]: listing({ revoked: revoked(second) }) });
  const found = await Promise.all([byList, second].map(statusOf));
  expect(found.map(({ state }) => state)).toEqual(['good', 'revoked']);
  expect(asked).toEqual([AT_CRL]);
});

test('a list that has expired is no answer', async () => {
  const { statusOf } = scene({ [AT_CRL]: listing({ seconds: 3_600 }) }, () => Date.now() + 7_200_000);
  expect(await statusOf(byList)).toMatchObject({
    state: 'unknown',
    message: expect.stringContaining('one that has not expired'),
  });
});

test('of a list every byte counts', async () => {
  const bytes = authority.list({ revoked: revoked(byList) });
  for (let at = 3; at < bytes.length; at += 7) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 0x01;
    expect(await scene({ [AT_CRL]: changed }).statusOf(byList)).toMatchObject({ state: 'unknown' });
  }
});

test('of a response every byte that is signed counts', async () => {
  const bytes = authority.respond(requestFor(byOcsp), { revoked: revoked(byOcsp) });
  for (let at = 0; at < bytes.length; at += 5) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 0x01;
    const { state } = await scene({ [AT_OCSP]: changed }).statusOf(byOcsp);
    expect(['unknown', 'revoked']).toContain(state);
  }
});
