/**
 * The Notary Project's part of a TrustedKey: trust stores, identities and level, as a statement of trustpolicy.json.
 * Owns the shape; the grammar of identities is read in verify/trust.
 */
import * as z from 'zod';
import { type Rule, ruled } from './rule.ts';
import { listOf, setOf, text } from './scalars.ts';
import { PemSource } from './source.ts';

const TrustStores = ruled(
  z.strictObject({
    ca: listOf(PemSource, 8)
      .describe('Roots of signing certificates (store type ca, signing scheme notary.x509).')
      .default([]),
    signingAuthority: listOf(PemSource, 8)
      .describe('Roots of signing authorities (store type signingAuthority), whose word on the time of signing counts.')
      .default([]),
    tsa: listOf(PemSource, 8)
      .describe('Roots of timestamp authorities (store type tsa). Without any, timestamps are not looked at.')
      .default([]),
  }),
  {
    cel: '(has(self.ca) && size(self.ca) > 0) || (has(self.signingAuthority) && size(self.signingAuthority) > 0)',
    message: 'give at least one certificate source in ca or signingAuthority',
    path: [],
    holds: ({ ca, signingAuthority }) => ca.length > 0 || signingAuthority.length > 0,
  },
);

const wildcardAlone: Rule<readonly string[]> = {
  cel: "size(self) == 1 || !self.exists(i, i == '*')",
  message: 'write the identity * alone or not at all, for it accepts everybody below the trust stores',
  path: [],
  holds: (identities) => identities.length === 1 || !identities.includes('*'),
};

const step = z.enum(['enforce', 'log']);

/** Signers of the Notary Project. */
export const NotationSigner = z.strictObject({
  trustStores: TrustStores.describe('Certificates by the type of trust store.'),
  trustedIdentities: ruled(
    setOf(
      ruled(text(1024), {
        cel: "self == '*' || self.startsWith('x509.subject:')",
        message: "write 'x509.subject: C=…, ST=…, O=…', or '*'",
        path: [],
        holds: (identity) => identity === '*' || identity.startsWith('x509.subject:'),
      }),
      32,
    ).min(1),
    wildcardAlone,
  ).describe(
    'Subjects of signing certificates that count; C, ST (or S) and O are needed in each. "*" alone accepts everybody below the trust stores. Example: "x509.subject: C=US, ST=WA, O=Acme".',
  ),
  level: z
    .enum(['strict', 'permissive', 'audit'])
    .default('strict')
    .describe(
      'strict enforces integrity, authenticity, authentic timestamp, expiry and revocation; permissive enforces the first two and notes failures of the rest; audit enforces integrity alone. Default strict.',
    ),
  levelOverrides: z
    .strictObject({
      authenticity: step.describe('Is the signer one of the trusted identities?').exactOptional(),
      authenticTimestamp: step.describe('Was the certificate valid when the signature was made?').exactOptional(),
      expiry: step.describe('Has the signature expired?').exactOptional(),
      revocation: z
        .enum(['enforce', 'log', 'skip'])
        .describe('Was a certificate revoked? The only step that may be skipped.')
        .exactOptional(),
    })
    .describe(
      'Single steps that differ from the level: enforce, log, or (revocation alone) skip. Integrity is always enforced.',
    )
    .default({}),
  verifyTimestamp: z
    .enum(['always', 'afterCertExpiry'])
    .default('always')
    .describe(
      'When timestamps are looked at, where trustStores.tsa is given: always, or only after a certificate has expired. Default always.',
    ),
});
/** Signers of the Notary Project. */
export type NotationSigner = z.output<typeof NotationSigner>;
