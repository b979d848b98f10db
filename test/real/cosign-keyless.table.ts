/** Keyless signatures, log entries and timestamps, live from a private Sigstore. */
import { attest, type CosignQuestion, sign } from './cosign.ts';
import type { CosignWorkshop } from './cosign-workshop.ts';
import type { Expected, Row } from './row.ts';
import { changeReferrersJson, copyReferrers, copyTag, type JsonObject } from './tamper.ts';

type CosignRow = Row<CosignWorkshop, CosignQuestion>;

const ISSUER = 'https://token.example.com';
const WORKFLOW = 'https://git.example.com/acme/app/.github/workflows/release.yaml@refs/heads/main';
const CLAIMS = {
  iss: ISSUER,
  sub: WORKFLOW,
  repository: 'acme/app',
  ref: 'refs/heads/main',
  event_name: 'push',
  workflow: 'release',
  sha: '0123456789abcdef0123456789abcdef01234567',
} as const;

const subject = (text: string) => ['--certificate-identity', text, '--certificate-oidc-issuer', ISSUER];
const issuer = (text: string) => ['--certificate-identity', WORKFLOW, '--certificate-oidc-issuer', text];
const patterns = (subjectLike: string, issuerLike: string) => [
  '--certificate-identity-regexp',
  subjectLike,
  '--certificate-oidc-issuer-regexp',
  issuerLike,
];
const github = (name: string, value: string) => [...subject(WORKFLOW), `--certificate-github-workflow-${name}`, value];

const accepted = { theirs: 'accept', ours: 'Verified' } as const;
const mismatch = { theirs: 'refuse', ours: 'IdentityMismatch' } as const;
const anchored = { theirs: 'accept', ours: 'IdentityMismatch', difference: 'anchored-patterns' } as const;

const rowsOf = (format: 'bundle' | 'legacy'): readonly CosignRow[] => {
  const signed = [sign({ format, keyless: CLAIMS, services: 'log', annotations: { env: 'prod' } })];
  const asked = (name: string, keyless: readonly string[], expected: Expected): CosignRow => ({
    name: `keyless ${format}: ${name}`,
    prepare: signed,
    ask: { by: { keyless }, log: 'required' },
    ...expected,
  });
  const keyed = [sign({ format, services: 'log' })];
  const me = { keyless: subject(WORKFLOW) } as const;
  const moved = format === 'bundle' ? copyReferrers : copyTag('sig');
  return [
    asked('its subject and issuer', subject(WORKFLOW), accepted),
    asked('another subject', subject(`${WORKFLOW}s`), mismatch),
    asked('part of the subject, literally', subject('https://git.example.com/acme/app'), mismatch),
    asked('another issuer', issuer('https://token.example.org'), mismatch),
    asked(
      'patterns of the whole',
      patterns('https://git\\.example\\.com/acme/.*', '^https://token\\.example\\.com$'),
      accepted,
    ),
    asked('a pattern of another subject', patterns('https://git\\.example\\.org/.*', '.*'), mismatch),
    asked('a pattern of part of the subject', patterns('acme/app', '.*'), anchored),
    asked('a pattern of part of the issuer', patterns('.*', 'token'), anchored),
    asked('its repository', github('repository', 'acme/app'), accepted),
    asked('another repository', github('repository', 'acme/ap'), mismatch),
    asked('its ref', github('ref', 'refs/heads/main'), accepted),
    asked('another trigger', github('trigger', 'pull_request'), mismatch),
    {
      name: `keyless ${format}: an e-mail address as the subject`,
      prepare: [
        sign({
          format,
          keyless: { iss: ISSUER, sub: 'dev@example.com', email: 'dev@example.com', email_verified: true },
          services: 'log',
        }),
      ],
      ask: { by: { keyless: subject('dev@example.com') }, log: 'required' },
      ...accepted,
    },
    {
      name: `keyless ${format}: another Sigstore is trusted`,
      prepare: signed,
      ask: { by: { ...me, root: 'fixtures' }, log: 'required' },
      theirs: 'refuse',
      ours: 'CertificateUntrusted',
    },
    {
      name: `keyless ${format}: a key is asked for`,
      prepare: signed,
      ask: { log: 'required' },
      theirs: 'refuse',
      ours: 'UntrustedSigner',
    },
    {
      name: `keyless ${format}: an identity is asked for, a key signed`,
      prepare: keyed,
      ask: { by: me, log: 'required' },
      theirs: 'refuse',
      ours: 'UntrustedSigner',
    },
    {
      name: `keyless ${format}: annotations that match`,
      prepare: signed,
      ask: { by: me, log: 'required', annotations: { env: 'prod' } },
      ...accepted,
    },
    {
      name: `keyless ${format}: annotations that differ`,
      prepare: signed,
      ask: { by: me, log: 'required', annotations: { env: 'dev' } },
      theirs: 'refuse',
      ours: 'AnnotationMismatch',
    },
    {
      name: `keyless ${format}: given to another image`,
      prepare: [...signed, moved],
      ask: { by: me, log: 'required', subject: 'other' },
      theirs: 'refuse',
      ours: 'DigestMismatch',
    },
    {
      name: `keyless ${format}: the log is ignored, but an entry is there`,
      prepare: signed,
      ask: { by: me },
      ...accepted,
    },
    {
      name: `keyless ${format}: a timestamp beside the log entry`,
      prepare: [sign({ format, keyless: CLAIMS, services: 'log and timestamps' })],
      ask: { by: me, log: 'required', theirFlags: ['--use-signed-timestamps'] },
      ...accepted,
    },
    {
      name: `keyless ${format}: a timestamp alone, the log is ignored`,
      prepare: [sign({ format, keyless: CLAIMS, services: 'timestamps' })],
      ask: { by: me, theirFlags: ['--use-signed-timestamps'] },
      ...accepted,
    },
    { name: `${format}: a key and a log entry`, prepare: keyed, ask: { log: 'required' }, ...accepted },
    {
      name: `${format}: a log entry, another key`,
      prepare: keyed,
      ask: { by: { key: 'stranger' }, log: 'required' },
      theirs: 'refuse',
      ours: 'UntrustedSigner',
    },
    {
      name: `keyless ${format}: an attestation`,
      prepare: [attest({ format, keyless: CLAIMS, services: 'log', type: 'slsaprovenance1' })],
      ask: { by: me, log: 'required', type: 'slsaprovenance1' },
      ...accepted,
    },
    {
      name: `keyless ${format}: an attestation by another subject`,
      prepare: [
        attest({ format, keyless: { ...CLAIMS, sub: `${WORKFLOW}s` }, services: 'log', type: 'slsaprovenance1' }),
      ],
      ask: { by: me, log: 'required', type: 'slsaprovenance1' },
      ...mismatch,
    },
  ];
};

const signedBundle = sign({ format: 'bundle', keyless: CLAIMS, services: 'log' });
const altered = (name: string, change: (material: JsonObject) => JsonObject, ours: Expected['ours']): CosignRow => ({
  name: `keyless bundle: ${name}`,
  prepare: [
    signedBundle,
    changeReferrersJson((value) => ({
      ...value,
      verificationMaterial: change(value['verificationMaterial'] as JsonObject),
    })),
  ],
  ask: { by: { keyless: subject(WORKFLOW) }, log: 'required' },
  theirs: 'refuse',
  ours,
});

const withEntry = (material: JsonObject, change: (entry: JsonObject) => JsonObject): JsonObject => ({
  ...material,
  tlogEntries: (material['tlogEntries'] as readonly JsonObject[]).map(change),
});

export const KEYLESS_ROWS: readonly CosignRow[] = [
  ...rowsOf('bundle'),
  ...rowsOf('legacy'),
  altered('its log entry taken out', (material) => ({ ...material, tlogEntries: [] }), 'TransparencyLogMissing'),
  altered(
    'the time in its log entry changed',
    (material) =>
      withEntry(material, (entry) => ({ ...entry, integratedTime: String(Number(entry['integratedTime']) - 60) })),
    'TransparencyLogMissing',
  ),
  altered(
    'the promise of its log entry taken out',
    (material) => withEntry(material, (entry) => ({ ...entry, inclusionPromise: undefined })),
    'TimestampMissing',
  ),
];
