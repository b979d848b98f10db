/**
 * `image-trust verify`: single images against keys from files. A TrustedKey is made of the flags, and the engine judges
 * as it judges for a policy.
 */
import { type Command, Option } from 'commander';
import { Failure, reasonOfFailure } from '../core/failure.ts';
import { formatRepository, type ImageReference, parseReference, parseRepository } from '../core/reference.ts';
import type { VerifyRow } from '../outputs/verify-result.ts';
import { createPass } from '../registry/pass.ts';
import type { ImageSource } from '../registry/source.ts';
import type { Demands } from '../verify/engine/demands.ts';
import { unjudged } from '../verify/engine/judge.ts';
import { createProofMemo, type ProofMemo } from '../verify/engine/memo.ts';
import { verifyImage } from '../verify/engine/verify.ts';
import { FAMILIES } from '../verify/families.ts';
import type { RevocationSource } from '../verify/revocation/status.ts';
import { mapConcurrently } from './concurrently.ts';
import { exitCodeOf, type ExitCode, UsageError } from './exit.ts';
import { flagSigners, type FlagSigners } from './flag-signers.ts';
import { concurrency, keyValue, moment, timeout } from './flags.ts';
import { predicateTypeOf } from './predicate-type.ts';
import { startProgress } from './progress.ts';
import { asUsage, declareRegistryFlags, openRevocation, openSource, type RegistryFlags } from './registry-flags.ts';
import { renderVerify, VERIFY_FORMATS, type VerifyFormat } from './formats.ts';
import type { Terminal } from './terminal.ts';
import type { TrustRootFlags } from './trust-roots.ts';
import { declareSignerFlags, type SignerFlags } from './verify-flags.ts';

interface VerifyFlags extends RegistryFlags, SignerFlags, TrustRootFlags {
  readonly annotations: Readonly<Record<string, string>>;
  readonly type?: string;
  readonly signatureRepository?: string;
  readonly at?: Date;
  readonly output: VerifyFormat;
  readonly timeout: number;
  readonly concurrency: number;
}

const DEFAULT_TIMEOUT_MS = 30_000;
/** The name of the one set and the one entry that flags describe. */
const FROM_FLAGS = 'command line';

const EXAMPLES = `
Examples:
  # A cosign key, signed with --tlog-upload=false
  image-trust verify --key cosign.pub --insecure-ignore-tlog registry.example.com/app:v1

  # Keyless, from a GitHub workflow
  image-trust verify \\
    --certificate-identity https://github.com/acme/app/.github/workflows/release.yaml@refs/heads/main \\
    --certificate-oidc-issuer https://token.actions.githubusercontent.com registry.example.com/app:v1

  # The Notary Project
  image-trust verify --notation-ca ca.crt --notation-identity "x509.subject: C=US, ST=WA, O=Acme" registry.example.com/app:v1

  # A SLSA provenance instead of a signature
  image-trust verify --key cosign.pub --insecure-ignore-tlog --type slsaprovenance1 registry.example.com/app:v1`;

/** Declares the command. `end` is told the exit code. */
export function declareVerify(program: Command, terminal: Terminal, end: (code: ExitCode) => void): void {
  const command = program
    .command('verify')
    .summary('judge single images by keys from files')
    .description('Says whether images are signed (with --type: attested) by a trusted signer.')
    .argument('<image...>', 'images, by tag or by digest')
    .option('-a, --annotations <KEY=VALUE>', 'signed annotation that must be there (repeatable)', keyValue, {})
    .option(
      '--type <TYPE>',
      'demand an attestation of this predicate type (URI or cosign’s short name) instead of a signature',
    )
    .option('--signature-repository <REPOSITORY>', 'where the signatures lie, when not beside the image')
    .option('--at <TIME>', 'judge as of this time (RFC 3339 or a date)', moment)
    .addOption(
      new Option('-o, --output <FORMAT>', 'how the result is written').choices(VERIFY_FORMATS).default('table'),
    )
    .addOption(
      new Option('--timeout <DURATION>', 'for one image').argParser(timeout).default(DEFAULT_TIMEOUT_MS, '30s'),
    )
    .option('--concurrency <N>', 'images under way at once', concurrency, 16);
  declareRegistryFlags(declareSignerFlags(command))
    .addHelpText('after', EXAMPLES)
    .action(async (images: readonly string[], flags: VerifyFlags) => end(await runVerify(images, flags, terminal)));
}

async function runVerify(images: readonly string[], flags: VerifyFlags, terminal: Terminal): Promise<ExitCode> {
  const asked = images.map((image) => ({ image, reference: asUsage(() => parseReference(image)) }));
  const demands = demandsOfFlags(flags);
  const signers = await flagSigners(flags, FROM_FLAGS, terminal);
  const opened = await openSource(flags, terminal, {
    mirrors: [],
    plainHttp: [],
    ca: undefined,
    credentials: undefined,
  });
  const source = createPass(opened.source);
  const now = flags.at ?? terminal.now();
  const revocation = await openRevocation(flags, terminal);
  const ctx: VerifyContext = {
    source,
    signers,
    demands,
    memo: createProofMemo(),
    revocationSource: revocation.source,
    now,
    flags,
    signal: terminal.signal,
  };
  const progress = startProgress(images.length, 'verifying', terminal);
  try {
    const results = await mapConcurrently(asked, flags.concurrency, async (one) => {
      const result = await verifyOne(one, ctx);
      progress.done();
      return result;
    });
    progress.end();
    terminal.stdout.write(renderVerify(results, flags.output, terminal));
    return exitCodeOf(results.map((result) => result.verdict.state));
  } finally {
    await Promise.all([opened.close(), revocation.close()]);
  }
}

interface VerifyContext {
  readonly source: ImageSource;
  readonly signers: FlagSigners;
  readonly demands: Demands;
  readonly memo: ProofMemo;
  readonly revocationSource: RevocationSource;
  readonly now: Date;
  readonly flags: VerifyFlags;
  readonly signal: AbortSignal;
}

interface Asked {
  /** As the user wrote it. */
  readonly image: string;
  readonly reference: ImageReference;
}

async function verifyOne({ image, reference }: Asked, ctx: VerifyContext): Promise<VerifyRow> {
  const { source, memo, revocationSource, now, flags } = ctx;
  const signal = AbortSignal.any([ctx.signal, AbortSignal.timeout(flags.timeout)]);
  try {
    const digest = reference.digest ?? (await source.manifest(reference, reference.tag ?? 'latest', { signal })).digest;
    const { verdict } = await verifyImage({ digest, references: [reference] }, ctx.demands, {
      source,
      signers: new Map([[FROM_FLAGS, ctx.signers.signerFor(reference)]]),
      families: FAMILIES,
      memo,
      revocationSource,
      now,
      signal,
      followTags: false,
    });
    return { image, reference, digest, verdict };
  } catch (error) {
    if (error instanceof Failure)
      return { image, reference, verdict: unjudged(reasonOfFailure(error.detail), error.message) };
    throw error;
  }
}

function demandsOfFlags(flags: VerifyFlags): Demands {
  const repository = flags.signatureRepository;
  const separate = repository === undefined ? undefined : asUsage(() => parseRepository(repository));
  const entry = {
    trustedKey: FROM_FLAGS,
    annotations: flags.annotations,
    ...(separate === undefined ? {} : { repository: formatRepository(separate) }),
  };
  const sets = [{ name: FROM_FLAGS, count: 1, entries: [entry] }];
  if (flags.type === undefined) return { sets, attestations: [] };
  if (Object.keys(flags.annotations).length > 0)
    throw new UsageError('--annotations holds for signatures, not with --type');
  return { sets: [], attestations: [{ type: predicateTypeOf(flags.type), sets }] };
}
