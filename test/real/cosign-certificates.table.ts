/** Signers under a private certificate authority: chain, identity, purpose and validity. */
import { IDENTITY } from './authority.ts';
import { type CosignQuestion, sign } from './cosign.ts';
import type { CosignWorkshop } from './cosign-workshop.ts';
import type { Row } from './row.ts';

type CosignRow = Row<CosignWorkshop, CosignQuestion>;

const company = { ca: 'company', identity: IDENTITY } as const;

const rowsOf = (format: 'bundle' | 'legacy'): readonly CosignRow[] => {
  const good = sign({ format, certificate: 'good' });
  return [
    {
      name: `${format}: certificate of the company, its identity`,
      prepare: [good],
      ask: { by: company },
      theirs: 'accept',
      ours: 'Verified',
    },
    {
      name: `${format}: another identity`,
      prepare: [good],
      ask: { by: { ca: 'company', identity: 'other@example.com' } },
      theirs: 'refuse',
      ours: 'IdentityMismatch',
    },
    {
      name: `${format}: part of the identity, given literally`,
      prepare: [good],
      ask: { by: { ca: 'company', identity: 'example.com' } },
      theirs: 'refuse',
      ours: 'IdentityMismatch',
    },
    {
      name: `${format}: a pattern of the whole identity`,
      prepare: [good],
      ask: { by: { ca: 'company', pattern: '^.*@example\\.com$' } },
      theirs: 'accept',
      ours: 'Verified',
    },
    {
      name: `${format}: a pattern of another identity`,
      prepare: [good],
      ask: { by: { ca: 'company', pattern: '.*@example\\.org' } },
      theirs: 'refuse',
      ours: 'IdentityMismatch',
    },
    {
      name: `${format}: a pattern of part of the identity`,
      prepare: [good],
      ask: { by: { ca: 'company', pattern: 'example' } },
      theirs: 'accept',
      ours: 'IdentityMismatch',
      difference: 'anchored-patterns',
    },
    {
      name: `${format}: certificate of another authority`,
      prepare: [sign({ format, certificate: 'of a stranger' })],
      ask: { by: company },
      theirs: 'refuse',
      ours: 'CertificateUntrusted',
    },
    {
      name: `${format}: asked for the other authority`,
      prepare: [good],
      ask: { by: { ca: 'stranger', identity: IDENTITY } },
      theirs: 'refuse',
      ours: 'CertificateUntrusted',
    },
    {
      name: `${format}: a key asked for where a certificate signed`,
      prepare: [good],
      ask: {},
      theirs: 'refuse',
      ours: 'UntrustedSigner',
    },
    {
      name: `${format}: a certificate asked for where a key signed`,
      prepare: [sign({ format })],
      ask: { by: company },
      theirs: 'refuse',
      ours: 'UntrustedSigner',
    },
    {
      name: `${format}: expired certificate, time of signing unproven`,
      prepare: [sign({ format, certificate: 'expired' })],
      ask: { by: company },
      theirs: 'refuse',
      ours: 'CertificateExpired',
    },
    {
      name: `${format}: certificate for servers`,
      prepare: [sign({ format, certificate: 'for servers' })],
      ask: { by: company },
      theirs: 'refuse',
      ours: 'CertificateUntrusted',
    },
    {
      name: `${format}: certificate and annotations that match`,
      prepare: [sign({ format, certificate: 'good', annotations: { env: 'prod' } })],
      ask: { by: company, annotations: { env: 'prod' } },
      theirs: 'accept',
      ours: 'Verified',
    },
    {
      name: `${format}: certificate and annotations that differ`,
      prepare: [sign({ format, certificate: 'good', annotations: { env: 'prod' } })],
      ask: { by: company, annotations: { env: 'dev' } },
      theirs: 'refuse',
      ours: 'AnnotationMismatch',
    },
  ];
};

const chained = (format: 'bundle' | 'legacy') => [sign({ format, certificate: 'good', withChain: true })];

export const CERTIFICATE_ROWS: readonly CosignRow[] = [
  ...rowsOf('bundle'),
  ...rowsOf('legacy'),
  {
    name: 'legacy: signed with the chain beside the certificate',
    prepare: chained('legacy'),
    ask: { by: company },
    theirs: 'accept',
    ours: 'Verified',
  },
  {
    name: 'bundle: signed with the chain in the bundle',
    prepare: chained('bundle'),
    ask: { by: company },
    theirs: 'refuse',
    ours: 'Verified',
    difference: 'chain-in-bundle',
  },
  {
    name: 'bundle: the chain in the bundle, cosign is told to allow it',
    prepare: chained('bundle'),
    ask: { by: company, theirFlags: ['--allow-certificate-chain'] },
    theirs: 'accept',
    ours: 'Verified',
  },
  {
    name: 'bundle: the chain of another authority in the bundle',
    prepare: [sign({ format: 'bundle', certificate: 'of a stranger', withChain: true })],
    ask: { by: company, theirFlags: ['--allow-certificate-chain'] },
    theirs: 'refuse',
    ours: 'CertificateUntrusted',
  },
];
