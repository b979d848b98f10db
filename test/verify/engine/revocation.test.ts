/** From a Notary signature to what revocation makes of it, over loopback responders that openssl feeds. */
import { afterAll, describe, expect, test } from 'vitest';
import { createReach } from '../../../src/registry/reach.ts';
import { createRevocationFetch } from '../../../src/registry/revocation-fetch.ts';
import { createTransport } from '../../../src/registry/transport.ts';
import { withAnswers, withRevocation } from '../../../src/verify/engine/revocation.ts';
import type { Outcome } from '../../../src/verify/family.ts';
import { notary } from '../../../src/verify/notary/index.ts';
import { createRevocationSource } from '../../../src/verify/revocation/source.ts';
import type { NotaryLevel } from '../../../src/verify/signer.ts';
import { openAuthority, requestIn, type ResponseOrder, startResponder } from '../../support/revocation.ts';
import { AUDIT, claimOn, openWorkshop, PERMISSIVE, rawOf, STRICT, SUBJECT } from '../notary/scene.ts';

const shop = openWorkshop();
afterAll(() => shop.dispose());
const authority = openAuthority(shop.pki);
const never = new AbortController().signal;

interface Told {
  readonly outcome: Outcome;
  readonly requests: readonly string[];
}

/** A signature whose certificate names a responder on loopback, judged at this level. */
async function judged(
  order: ResponseOrder | undefined,
  { level = STRICT, allow = ['127.0.0.1'] }: { level?: NotaryLevel; allow?: readonly string[] } = {},
): Promise<Told> {
  let answer: ResponseOrder | undefined;
  await using responder = await startResponder((path) =>
    answer === undefined ? undefined : authority.respond(requestIn(path), answer),
  );
  const signer = authority.issue([`authorityInfoAccess=OCSP;URI:${responder.url}/ocsp`]);
  answer = order === undefined ? undefined : { ...order, knows: [signer] };
  if (answer?.revoked !== undefined) answer = { ...answer, revoked: [{ issued: signer }] };
  const transport = createTransport({
    connectionsPerHost: 1,
    connectTimeoutMs: 2_000,
    idleTimeoutMs: 2_000,
    reach: createReach(),
    allowPrivate: new Set(allow),
  });
  const source = createRevocationSource({ fetch: createRevocationFetch(transport), now: () => Date.now() });
  const raw = rawOf(shop.jws({ signer, chain: [signer, authority.root] }));
  const claim = claimOn(SUBJECT, { ca: [authority.root.certificate], level });
  const outcome = await withAnswers((answers) => withRevocation(notary.prove(raw, claim), answers), source, never);
  await transport.close();
  return { outcome, requests: responder.requests };
}

const REVOKED = { revoked: [] };

describe('levels', () => {
  test.each([
    ['strict, good', STRICT, {}, { ok: true, notes: [] }],
    ['strict, revoked', STRICT, REVOKED, { ok: false, reason: 'CertificateRevoked' }],
    ['strict, no answer', STRICT, undefined, { ok: false, reason: 'RevocationUnavailable' }],
    ['permissive, good', PERMISSIVE, {}, { ok: true, notes: [] }],
    [
      'permissive, revoked',
      PERMISSIVE,
      REVOKED,
      { ok: true, notes: [expect.stringMatching(/^revocation: logged, not enforced: certificate .* was revoked/)] },
    ],
    [
      'permissive, no answer',
      PERMISSIVE,
      undefined,
      { ok: true, notes: [expect.stringMatching(/^revocation: logged, not enforced: whether/)] },
    ],
    ['audit, revoked', AUDIT, REVOKED, { ok: true }],
  ])('%s', async (_, level, order, expected) => {
    expect((await judged(order, { level })).outcome).toMatchObject(expected);
  });

  test('skip asks nobody', async () => {
    const { outcome, requests } = await judged(REVOKED, { level: { ...STRICT, revocation: 'skip' } });
    expect(outcome).toMatchObject({ ok: true, notes: [] });
    expect(requests).toEqual([]);
  });
});

test('a certificate sends nobody to a private address, unless that host is allowed', async () => {
  const { outcome, requests } = await judged({}, { allow: [] });
  expect(outcome).toMatchObject({
    ok: false,
    reason: 'RevocationUnavailable',
    message: expect.stringContaining('--allow-private 127.0.0.1'),
  });
  expect(requests).toEqual([]);
});

test('a certificate that names nobody is not looked up, and the evidence says so', async () => {
  const source = { statusOf: () => Promise.reject(new Error('nobody is asked')) };
  const outcome = notary.prove(rawOf(shop.jws()), shop.trust());
  expect(await withAnswers((answers) => withRevocation(outcome, answers), source, never)).toMatchObject({
    ok: true,
    notes: ['revocation: not checked'],
  });
});

test('a proof that does not hold asks nobody', async () => {
  const signer = authority.issue(['authorityInfoAccess=OCSP;URI:http://127.0.0.1:9/']);
  const raw = rawOf(shop.jws({ signer, chain: [signer, authority.root] }));
  const source = { statusOf: () => Promise.reject(new Error('nobody is asked')) };
  const judge = withAnswers((answers) => withRevocation(notary.prove(raw, shop.trust()), answers), source, never);
  expect(await judge).toMatchObject({ ok: false, reason: 'CertificateUntrusted' });
});

test('a certificate that became suspect after the proven time of signing leaves the signature as it was', () => {
  const certificate = authority.root.certificate.raw;
  const revocation = { step: 'enforce', links: [{ certificate, issuer: certificate }] } as const;
  const at = (signedAt: string) => ({
    ok: true as const,
    signerId: 'a',
    fingerprint: 'a',
    timeSource: 'timestamp-authority' as const,
    signedAt: new Date(signedAt),
    annotations: {},
    notes: [],
    revocation,
  });
  const until = new Date('2027-01-01T00:00:00Z');
  const status = {
    state: 'revoked',
    since: new Date('2026-03-01'),
    invalidSince: new Date('2026-02-01'),
    until,
  } as const;
  const answers = { of: () => status };
  expect(withRevocation(at('2026-01-31T00:00:00Z'), answers)).toMatchObject({ ok: true });
  expect(withRevocation(at('2026-02-02T00:00:00Z'), answers)).toMatchObject({ reason: 'CertificateRevoked' });
});
