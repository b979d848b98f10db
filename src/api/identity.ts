/**
 * Identities of certificate holders: exact text or RE2, and Fulcio's certificate extensions by name.
 * Owns shapes and the table of extensions; must never match anything.
 */
import * as z from 'zod';
import { celText, exactlyOne, type Rule, ruled } from './rule.ts';
import { text, textMap } from './scalars.ts';

/** Object identifiers of Fulcio's certificate extensions by the name in our API (Fulcio docs/oid-info.md). */
export const FULCIO_EXTENSIONS = {
  githubWorkflowTrigger: '1.3.6.1.4.1.57264.1.2',
  githubWorkflowSha: '1.3.6.1.4.1.57264.1.3',
  githubWorkflowName: '1.3.6.1.4.1.57264.1.4',
  githubWorkflowRepository: '1.3.6.1.4.1.57264.1.5',
  githubWorkflowRef: '1.3.6.1.4.1.57264.1.6',
  buildSignerURI: '1.3.6.1.4.1.57264.1.9',
  buildSignerDigest: '1.3.6.1.4.1.57264.1.10',
  runnerEnvironment: '1.3.6.1.4.1.57264.1.11',
  sourceRepositoryURI: '1.3.6.1.4.1.57264.1.12',
  sourceRepositoryDigest: '1.3.6.1.4.1.57264.1.13',
  sourceRepositoryRef: '1.3.6.1.4.1.57264.1.14',
  sourceRepositoryIdentifier: '1.3.6.1.4.1.57264.1.15',
  sourceRepositoryOwnerURI: '1.3.6.1.4.1.57264.1.16',
  sourceRepositoryOwnerIdentifier: '1.3.6.1.4.1.57264.1.17',
  buildConfigURI: '1.3.6.1.4.1.57264.1.18',
  buildConfigDigest: '1.3.6.1.4.1.57264.1.19',
  buildTrigger: '1.3.6.1.4.1.57264.1.20',
  runInvocationURI: '1.3.6.1.4.1.57264.1.21',
  sourceRepositoryVisibilityAtSigning: '1.3.6.1.4.1.57264.1.22',
  deploymentEnvironment: '1.3.6.1.4.1.57264.1.23',
} as const;
/** A name of a Fulcio certificate extension. */
export type FulcioExtensionName = keyof typeof FULCIO_EXTENSIONS;

const extensionNames = Object.keys(FULCIO_EXTENSIONS);

const knownExtensions: Rule<Readonly<Record<string, string>>> = {
  cel: `self.all(k, k in [${extensionNames.map(celText).join(', ')}])`,
  message: `write names of Fulcio certificate extensions: ${extensionNames.join(', ')}`,
  path: [],
  holds: (extensions) => Object.keys(extensions).every((name) => extensionNames.includes(name)),
};

const subject = text(1024)
  .describe(
    'Subject alternative name of the certificate, exactly: an e-mail address or a URI. Example: ci@example.com.',
  )
  .exactOptional();
const subjectRegExp = text(1024)
  .describe('The same as a regular expression (RE2), which must match the whole name. Example: .*@example\\.com.')
  .exactOptional();

/** A holder of a certificate of a private CA. */
export const CertificateIdentity = ruled(
  z.strictObject({ subject, subjectRegExp }),
  exactlyOne('subject', 'subjectRegExp'),
);
/** A holder of a certificate of a private CA. */
export type CertificateIdentity = z.output<typeof CertificateIdentity>;

/** A holder of a Fulcio certificate: who, and by which issuer's word. */
export const KeylessIdentity = ruled(
  z.strictObject({
    issuer: text(1024)
      .describe('OIDC issuer, exactly. Example: https://token.actions.githubusercontent.com.')
      .exactOptional(),
    issuerRegExp: text(1024)
      .describe('The same as a regular expression (RE2), which must match the whole issuer.')
      .exactOptional(),
    subject,
    subjectRegExp,
    extensions: ruled(textMap(24, 64, 1024), knownExtensions)
      .describe(
        'Certificate extensions that must have exactly these values. Example: githubWorkflowRepository: acme/app.',
      )
      .default({}),
  }),
  { ...exactlyOne('issuer', 'issuerRegExp') },
  { ...exactlyOne('subject', 'subjectRegExp') },
);
/** A holder of a Fulcio certificate. */
export type KeylessIdentity = z.output<typeof KeylessIdentity>;
