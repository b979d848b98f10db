/**
 * TrustedKey: a signer that we accept, with a life. The schema is the source of the CRD, of the types and of the
 * checks of the command line. Must never hold logic beyond rules between fields.
 */
import * as z from 'zod';
import { CertificateIdentity, KeylessIdentity } from './identity.ts';
import { ObjectMeta } from './metadata.ts';
import { API_VERSION } from './group.ts';
import { exactlyOne, ruled } from './rule.ts';
import { duration, listOf, timestamp } from './scalars.ts';
import { PemSource, PublicKeySource, TrustRootSource } from './source.ts';
import { NotationSigner } from './trusted-key-notation.ts';
import { TrustedKeyStatus } from './trusted-key-status.ts';

const CertificateSigner = z.strictObject({
  roots: PemSource.describe('Root certificates. A signature counts when its certificate leads to one of them.'),
  intermediates: PemSource.describe(
    'Intermediate certificates for signatures that do not carry theirs (cosign 3 writes none).',
  ).exactOptional(),
  identities: listOf(CertificateIdentity, 32)
    .min(1)
    .describe('Holders whose certificates count; one must match. Example: [{subject: ci@example.com}].'),
});

const KeylessSigner = z.strictObject({
  identities: listOf(KeylessIdentity, 32)
    .min(1)
    .describe('Holders whose certificates count; one must match, its issuer and subject both.'),
});

const Lifecycle = ruled(
  z.strictObject({
    state: z
      .enum(['Active', 'Retiring', 'Revoked'])
      .default('Active')
      .describe(
        'Active: vouches. Retiring: still vouches, dependants are listed. Revoked: vouches for nothing (see revocation). Default Active.',
      ),
    validFrom: timestamp()
      .describe('Signatures made before do not count. RFC 3339. Example: 2026-01-01T00:00:00Z.')
      .exactOptional(),
    validUntil: timestamp()
      .describe('Signatures made after do not count. RFC 3339. Example: 2026-12-31T00:00:00Z.')
      .exactOptional(),
    rotateEvery: duration()
      .describe('Age after which condition RotationDue is set; nothing else follows from it. Duration. Example: 90d.')
      .exactOptional(),
    revokedAt: timestamp()
      .describe('Since when the key is not to be trusted any more. RFC 3339. Read only where state is Revoked.')
      .exactOptional(),
    revocation: z
      .enum(['All', 'AfterRevokedAt'])
      .default('All')
      .describe(
        'What a revocation undoes. All: every signature. AfterRevokedAt: signatures that are proven older than revokedAt (by a log or timestamp authority) still count. Default All.',
      ),
  }),
  {
    cel: '!has(self.validFrom) || !has(self.validUntil) || self.validFrom < self.validUntil',
    message: 'write a validUntil that is later than validFrom',
    path: ['validUntil'],
    holds: ({ validFrom, validUntil }) =>
      validFrom === undefined || validUntil === undefined || Date.parse(validFrom) < Date.parse(validUntil),
  },
  {
    cel: "!has(self.revocation) || self.revocation != 'AfterRevokedAt' || has(self.revokedAt)",
    message: 'set revokedAt, which revocation: AfterRevokedAt needs',
    path: ['revokedAt'],
    holds: ({ revocation, revokedAt }) => revocation !== 'AfterRevokedAt' || revokedAt !== undefined,
  },
  {
    cel: "!has(self.revokedAt) || (has(self.state) && self.state == 'Revoked')",
    message: 'set state: Revoked, or remove revokedAt, which is read only then',
    path: ['revokedAt'],
    holds: ({ state, revokedAt }) => revokedAt === undefined || state === 'Revoked',
  },
);

/** What a TrustedKey wants. */
export const TrustedKeySpec = ruled(
  z.strictObject({
    publicKey: PublicKeySource.describe(
      'Public keys. Several PEM blocks are versions of one key: any of them may vouch. ECDSA P-256, P-384, P-521, RSA 2048 to 4096, Ed25519.',
    ).exactOptional(),
    certificate: CertificateSigner.describe('Signers whose certificates a private CA issues.').exactOptional(),
    keyless: KeylessSigner.describe('Signers whose certificates Fulcio issues for an OIDC identity.').exactOptional(),
    notation: NotationSigner.describe('Signers of the Notary Project (notation).').exactOptional(),
    transparencyLog: z
      .enum(['Required', 'Ignored'])
      .default('Required')
      .describe(
        'Required: a signature needs a valid entry in the transparency log, as cosign demands by default. Ignored: for signers with --tlog-upload=false. Not read for notation. Default Required.',
      ),
    trustRoot: TrustRootSource.describe(
      'The Sigstore instance whose authorities and logs count. Absent: the public one. Not read for notation.',
    ).exactOptional(),
    lifecycle: Lifecycle.prefault({}).describe('The life of the key: state, validity of its signatures, rotation.'),
  }),
  exactlyOne('publicKey', 'certificate', 'keyless', 'notation'),
);
/** What a TrustedKey wants. */
export type TrustedKeySpec = z.output<typeof TrustedKeySpec>;

/** TrustedKey as the API serves it; the output has every default applied. */
export const TrustedKey = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('TrustedKey'),
  metadata: ObjectMeta,
  spec: TrustedKeySpec.describe('What is trusted, and for how long.'),
  status: TrustedKeyStatus.describe('What the operator found. Written by the operator alone.').exactOptional(),
});
/** TrustedKey with every default applied. */
export type TrustedKey = z.output<typeof TrustedKey>;
/** TrustedKey as a user writes it. */
export type TrustedKeyInput = z.input<typeof TrustedKey>;
