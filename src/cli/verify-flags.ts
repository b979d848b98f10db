/**
 * The flags of `verify` that say who is trusted, in cosign's and notation's names, and the TrustedKey that they
 * describe: the command line takes the same road as a TrustedKey of the cluster.
 */
import type { Command } from 'commander';
import { TrustedKeySpec } from '../api/trusted-key.ts';
import { Failure } from '../core/failure.ts';
import { isKmsUri, parseKmsUri } from '../registry/kms/uri.ts';
import { UsageError } from './exit.ts';
import { readText } from './files.ts';
import { repeated } from './flags.ts';
import { declareTrustRootFlags } from './trust-roots.ts';

/** What the flags give. */
export interface SignerFlags {
  readonly key: readonly string[];
  readonly certificateIdentity?: string;
  readonly certificateIdentityRegexp?: string;
  readonly certificateOidcIssuer?: string;
  readonly certificateOidcIssuerRegexp?: string;
  readonly certificateGithubWorkflowTrigger?: string;
  readonly certificateGithubWorkflowSha?: string;
  readonly certificateGithubWorkflowName?: string;
  readonly certificateGithubWorkflowRepository?: string;
  readonly certificateGithubWorkflowRef?: string;
  readonly caRoots?: string;
  readonly caIntermediates?: string;
  readonly insecureIgnoreTlog?: boolean;
  readonly notationCa: readonly string[];
  readonly notationTsa: readonly string[];
  readonly notationSigningAuthority: readonly string[];
  readonly notationIdentity: readonly string[];
  readonly notationLevel?: string;
  readonly notationPolicy?: string;
}

/** Declares the flags on a command. */
export function declareSignerFlags(command: Command): Command {
  return declareNotationFlags(declareTrustRootFlags(declareCosignFlags(command)));
}

function declareCosignFlags(command: Command): Command {
  return command
    .option(
      '--key <FILE|URI>',
      'public key in PEM, any one of several may vouch (repeatable); or a KMS URI',
      repeated,
      [],
    )
    .option('--certificate-identity <TEXT>', 'subject that the certificate must name, exactly')
    .option('--certificate-identity-regexp <RE2>', 'the same as RE2, matched as a whole')
    .option('--certificate-oidc-issuer <URL>', 'OIDC issuer that the certificate must name (keyless)')
    .option('--certificate-oidc-issuer-regexp <RE2>', 'the same as RE2, matched as a whole')
    .option('--certificate-github-workflow-trigger <TEXT>', 'event that the certificate must name')
    .option('--certificate-github-workflow-sha <TEXT>', 'commit that the certificate must name')
    .option('--certificate-github-workflow-name <TEXT>', 'workflow that the certificate must name')
    .option('--certificate-github-workflow-repository <TEXT>', 'repository that the certificate must name')
    .option('--certificate-github-workflow-ref <TEXT>', 'ref that the certificate must name')
    .option('--ca-roots <FILE>', 'PEM roots of a private CA; then no issuer is needed')
    .option('--ca-intermediates <FILE>', 'PEM intermediates of that CA')
    .option('--insecure-ignore-tlog', 'accept signatures without a transparency-log entry');
}

function declareNotationFlags(command: Command): Command {
  return command
    .option('--notation-ca <[NAME=]FILE>', 'PEM roots of a Notary trust store of type ca (repeatable)', repeated, [])
    .option('--notation-tsa <[NAME=]FILE>', 'the same of type tsa: timestamp authorities (repeatable)', repeated, [])
    .option(
      '--notation-signing-authority <[NAME=]FILE>',
      'the same of type signingAuthority (repeatable)',
      repeated,
      [],
    )
    .option('--notation-identity <SUBJECT>', '"x509.subject: C=US, ST=WA, O=Acme", or * (repeatable)', repeated, [])
    .option('--notation-level <LEVEL>', 'strict, permissive or audit (default strict)')
    .option('--notation-policy <FILE>', 'trustpolicy.json of notation; its stores are given by the flags above');
}

/** The kind of signer that the flags describe. Throws UsageError unless it is exactly one. */
export function signerKindOf(flags: SignerFlags): 'publicKey' | 'certificate' | 'keyless' | 'notation' {
  const cosignIdentity = flags.certificateIdentity ?? flags.certificateIdentityRegexp;
  const notation =
    flags.notationCa.length + flags.notationSigningAuthority.length > 0 || flags.notationPolicy !== undefined;
  const kinds = [
    ...(flags.key.length > 0 ? (['publicKey'] as const) : []),
    ...(flags.caRoots === undefined ? [] : (['certificate'] as const)),
    ...(flags.caRoots === undefined && cosignIdentity !== undefined ? (['keyless'] as const) : []),
    ...(notation ? (['notation'] as const) : []),
  ];
  const [kind, ...more] = kinds;
  if (kind !== undefined && more.length === 0) return kind;
  throw new UsageError(
    `say who is trusted with ${kind === undefined ? 'one' : 'only one'} of: --key; --certificate-identity[-regexp] with ` +
      '--certificate-oidc-issuer[-regexp]; --ca-roots with --certificate-identity[-regexp]; ' +
      '--notation-ca with --notation-identity; --notation-policy',
  );
}

/** The spec of the TrustedKey that the flags describe; not for --notation-policy. Throws UsageError. */
export async function trustedKeySpecOf(flags: SignerFlags, cwd: string): Promise<TrustedKeySpec> {
  const kind = signerKindOf(flags);
  const transparencyLog = flags.insecureIgnoreTlog === true ? 'Ignored' : 'Required';
  const written = { [kind]: await partOf(kind, flags, cwd), transparencyLog };
  const parsed = TrustedKeySpec.safeParse(written);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new UsageError(problems.join('; '));
}

async function partOf(kind: ReturnType<typeof signerKindOf>, flags: SignerFlags, cwd: string): Promise<unknown> {
  switch (kind) {
    case 'publicKey':
      return publicKeyOf(flags.key, cwd);
    case 'certificate':
      return {
        roots: { pem: await readText(flags.caRoots ?? '', cwd) },
        ...(flags.caIntermediates === undefined
          ? {}
          : { intermediates: { pem: await readText(flags.caIntermediates, cwd) } }),
        identities: [subjectOf(flags)],
      };
    case 'keyless':
      return { identities: [{ ...subjectOf(flags), ...issuerOf(flags), extensions: extensionsOf(flags) }] };
    case 'notation':
      return notationOf(flags, cwd);
  }
}

/** Files, any one of which may vouch; or one key of a key management service. */
async function publicKeyOf(keys: readonly string[], cwd: string): Promise<unknown> {
  const [uri] = keys.filter(isKmsUri);
  if (uri === undefined) return { pem: (await Promise.all(keys.map((file) => readKey(file, cwd)))).join('\n') };
  if (keys.length > 1) throw new UsageError(`--key: ${uri} stands alone: give one key of a key service, or files`);
  try {
    parseKmsUri(uri);
  } catch (error) {
    throw error instanceof Failure ? new UsageError(`--key: ${error.message}`) : error;
  }
  return { kms: { uri } };
}

async function readKey(file: string, cwd: string): Promise<string> {
  const scheme = /^([a-z0-9]+):\/\//.exec(file)?.[1];
  if (scheme === undefined) return readText(file, cwd);
  throw new UsageError(
    `--key: ${scheme}:// is not supported, give the public key as a file (cosign public-key --key ${file})`,
  );
}

function subjectOf({ certificateIdentity, certificateIdentityRegexp }: SignerFlags): object {
  return oneOfTwo(
    { flag: '--certificate-identity', field: 'subject', value: certificateIdentity },
    { flag: '--certificate-identity-regexp', field: 'subjectRegExp', value: certificateIdentityRegexp },
  );
}

function issuerOf({ certificateOidcIssuer, certificateOidcIssuerRegexp }: SignerFlags): object {
  return oneOfTwo(
    { flag: '--certificate-oidc-issuer', field: 'issuer', value: certificateOidcIssuer },
    { flag: '--certificate-oidc-issuer-regexp', field: 'issuerRegExp', value: certificateOidcIssuerRegexp },
  );
}

interface FlagValue {
  readonly flag: string;
  readonly field: string;
  readonly value: string | undefined;
}

function oneOfTwo(literal: FlagValue, regexp: FlagValue): object {
  if (literal.value !== undefined && regexp.value !== undefined) {
    throw new UsageError(`give ${literal.flag} or ${regexp.flag}, not both`);
  }
  const given = literal.value === undefined ? regexp : literal;
  if (given.value === undefined || given.value === '') throw new UsageError(`give ${literal.flag} or ${regexp.flag}`);
  return { [given.field]: given.value };
}

function extensionsOf(flags: SignerFlags): Readonly<Record<string, string>> {
  const given = {
    githubWorkflowTrigger: flags.certificateGithubWorkflowTrigger,
    githubWorkflowSha: flags.certificateGithubWorkflowSha,
    githubWorkflowName: flags.certificateGithubWorkflowName,
    githubWorkflowRepository: flags.certificateGithubWorkflowRepository,
    githubWorkflowRef: flags.certificateGithubWorkflowRef,
  };
  return Object.fromEntries(
    Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

async function notationOf(flags: SignerFlags, cwd: string): Promise<unknown> {
  if (flags.notationIdentity.length === 0) {
    throw new UsageError(
      'give --notation-identity "x509.subject: C=…, ST=…, O=…", or --notation-identity "*" for everybody below the roots',
    );
  }
  const store = async (files: readonly string[]): Promise<readonly object[]> =>
    Promise.all(files.map(async (file) => ({ pem: await readText(storeFile(file).file, cwd) })));
  return {
    trustStores: {
      ca: await store(flags.notationCa),
      signingAuthority: await store(flags.notationSigningAuthority),
      tsa: await store(flags.notationTsa),
    },
    trustedIdentities: flags.notationIdentity,
    ...(flags.notationLevel === undefined ? {} : { level: flags.notationLevel }),
  };
}

/** `NAME=FILE` or `FILE`; the name is that of the trust store in trustpolicy.json. */
export function storeFile(text: string): { readonly name: string | undefined; readonly file: string } {
  const [, name, file] = /^([A-Za-z0-9_.-]+)=(.+)$/.exec(text) ?? [];
  return name === undefined || file === undefined ? { name: undefined, file: text } : { name, file };
}
