/**
 * Images of test/fixtures that need more than a key to be signed live: keyless signatures, log entries and timestamps of
 * a private Sigstore. The flags have the same names on both sides.
 */
import type { Expected } from './row.ts';

export interface FixtureRow extends Expected {
  readonly name: string;
  readonly fixture: string;
  /** Flags that both sides get. */
  readonly flags: readonly string[];
  readonly theirFlags?: readonly string[];
  readonly type?: string;
}

const KEYS = 'test/fixtures/keys';
const ROOT = ['--trusted-root', `${KEYS}/trusted_root.json`];
const K1 = ['--key', `${KEYS}/k1.pub`];
const NO_LOG = ['--insecure-ignore-tlog'];

const SUBJECT = 'https://ci.example.com/org/repo@refs/heads/main';
const ISSUER = 'https://issuer.example.com';
const subject = (text: string) => ['--certificate-identity', text];
const subjectLike = (pattern: string) => ['--certificate-identity-regexp', pattern];
const issuer = (text: string) => ['--certificate-oidc-issuer', text];
const issuerLike = (pattern: string) => ['--certificate-oidc-issuer-regexp', pattern];

const accepted = { theirs: 'accept', ours: 'Verified' } as const;
const identity = { theirs: 'refuse', ours: 'IdentityMismatch' } as const;

const keyless = (fixture: string, type?: string): readonly FixtureRow[] => {
  const row = (name: string, flags: readonly string[], expected: Expected): FixtureRow => ({
    name: `${fixture}: ${name}`,
    fixture,
    flags: [...ROOT, ...flags],
    ...(type === undefined ? {} : { type }),
    ...expected,
  });
  return [
    row('its subject and issuer', [...subject(SUBJECT), ...issuer(ISSUER)], accepted),
    row('another subject', [...subject(`${SUBJECT}x`), ...issuer(ISSUER)], identity),
    row('another issuer', [...subject(SUBJECT), ...issuer('https://issuer.example.org')], identity),
    row(
      'patterns of the whole',
      [...subjectLike('https://ci\\.example\\.com/.*'), ...issuerLike('https://issuer\\..*')],
      accepted,
    ),
    row('a pattern of another subject', [...subjectLike('https://ci\\.example\\.org/.*'), ...issuer(ISSUER)], identity),
    row('a pattern of part of the subject', [...subjectLike('ci\\.example\\.com'), ...issuer(ISSUER)], {
      theirs: 'accept',
      ours: 'IdentityMismatch',
      difference: 'anchored-patterns',
    }),
    row('a pattern of part of the issuer', [...subject(SUBJECT), ...issuerLike('issuer')], {
      theirs: 'accept',
      ours: 'IdentityMismatch',
      difference: 'anchored-patterns',
    }),
    row('a key instead', K1, { theirs: 'refuse', ours: 'UntrustedSigner' }),
  ];
};

const logged = (fixture: string, expected: Expected): FixtureRow => ({
  name: `${fixture}: a key, and a log entry is required`,
  fixture,
  flags: [...K1, ...ROOT],
  ...expected,
});

const forged = (fixture: string, ours: Expected['ours']): FixtureRow => ({
  name: `${fixture}: a key`,
  fixture,
  flags: [...K1, ...NO_LOG],
  theirs: 'refuse',
  ours,
});

export const FIXTURE_ROWS: readonly FixtureRow[] = [
  ...keyless('keyless3'),
  ...keyless('keyless3-legacy'),
  ...keyless('keyless3-tsa'),
  ...keyless('keyless3-attest', 'slsaprovenance1'),
  {
    name: 'keyless3-tsa: timestamps are demanded',
    fixture: 'keyless3-tsa',
    flags: [...ROOT, ...subject(SUBJECT), ...issuer(ISSUER)],
    theirFlags: ['--use-signed-timestamps'],
    ...accepted,
  },
  {
    name: 'keyless3-attest: as a signature',
    fixture: 'keyless3-attest',
    flags: [...ROOT, ...subject(SUBJECT), ...issuer(ISSUER)],
    theirs: 'accept',
    ours: 'NoSignature',
    difference: 'attestation-as-signature',
  },
  {
    name: 'keyless3: as an attestation',
    fixture: 'keyless3',
    type: 'slsaprovenance1',
    flags: [...ROOT, ...subject(SUBJECT), ...issuer(ISSUER)],
    theirs: 'refuse',
    ours: 'AttestationMissing',
  },
  logged('bundle3-k1-tlog', accepted),
  logged('legacy2-k1-tlog', accepted),
  logged('bundle3-k1', { theirs: 'refuse', ours: 'TransparencyLogMissing' }),
  logged('legacy3-k1', { theirs: 'refuse', ours: 'TransparencyLogMissing' }),
  forged('neg-blob-corrupt', 'SignatureInvalid'),
  forged('neg-bundle-payload-tampered', 'SignatureInvalid'),
  forged('neg-moved-legacy', 'DigestMismatch'),
  forged('neg-otherkey-bundle', 'UntrustedSigner'),
  forged('neg-otherkey-legacy', 'UntrustedSigner'),
  forged('neg-payload-tampered', 'UntrustedSigner'),
  forged('neg-payload-wrong-digest', 'DigestMismatch'),
  forged('neg-sig-tampered', 'UntrustedSigner'),
  forged('unsigned', 'NoSignature'),
];
