/**
 * `image-trust keys`: every TrustedKey with state, age, expiry, and who depends on it. Judges the world once, as `scan`
 * does, for who depends on a key is what its signatures vouch for now.
 */
import { type Command, Option } from 'commander';
import { dependentsByKey } from '../core/dependents.ts';
import { summarise } from '../core/scan-result.ts';
import type { KeyMaterial, KeyView } from '../outputs/key-status.ts';
import { renderJson, renderYaml } from '../outputs/json.ts';
import { keysDocument, renderKeysTable } from '../outputs/keys-result.ts';
import type { Signer } from '../verify/signer.ts';
import { keyFactsOf } from '../verify/trust/key-facts.ts';
import { EXIT, type ExitCode, UsageError } from './exit.ts';
import { VERIFY_FORMATS, type VerifyFormat } from './formats.ts';
import { declareJudgingFlags, type Judged, type JudgingFlags, judgeWorld } from './judging.ts';
import {
  declarePullFlag,
  declareWorldFlags,
  type PullFlags,
  readScanWorld,
  type ScanWorld,
  type WorldFlags,
} from './scan-world.ts';
import { type Terminal, useColour } from './terminal.ts';
import type { ManifestWorld } from '../core/manifests/world.ts';

interface KeysFlags extends WorldFlags, PullFlags, JudgingFlags {
  readonly output: VerifyFormat;
}

const EXAMPLES = `
Examples:
  # Which keys expire, and who would fall with them?
  image-trust keys --context production

  # The workloads that nobody but release-2025 vouches for
  image-trust keys -f cluster/ -o json | jq '.keys[] | select(.name == "release-2025").solelyDependent'

Exit codes:
  0   the keys were listed, and every image was looked at
  2   the cluster or some of its images could not be looked at: there may be more dependents
  64  wrong usage or wrong input`;

/** Declares the command. `end` is told the exit code. */
export function declareKeys(program: Command, terminal: Terminal, end: (code: ExitCode) => void): void {
  const command = declareWorldFlags(
    program
      .command('keys')
      .summary('list the keys with state, age, expiry and who depends on them')
      .description(
        'Lists every TrustedKey with its life, and with the images and workloads that depend on it: solely, where nobody else vouches for them. Read-only.',
      ),
  ).addOption(
    new Option('-o, --output <FORMAT>', 'how the result is written').choices(VERIFY_FORMATS).default('table'),
  );
  declareJudgingFlags(declarePullFlag(command))
    .addHelpText('after', EXAMPLES)
    .action(async (flags: KeysFlags) => end(await runKeys(flags, terminal)));
}

async function runKeys(flags: KeysFlags, terminal: Terminal): Promise<ExitCode> {
  const world = await readScanWorld(flags, terminal, 'keys');
  try {
    return await judgeKeys(world, flags, terminal);
  } finally {
    await world.close();
  }
}

async function judgeKeys(world: ScanWorld, flags: KeysFlags, terminal: Terminal): Promise<ExitCode> {
  if (world.trustedKeys.length === 0)
    throw new UsageError('there is no TrustedKey, in the manifests or in the cluster that was given');
  const judged = await judgeWorld(world, flags, terminal);
  const document = keysDocument(viewsOf(world, judged), judged.now);
  terminal.stdout.write(render(document, judged.now, { output: flags.output, terminal }));
  const { unknown } = summarise(judged.result);
  if (unknown === 0) return EXIT.trusted;
  const what = unknown === 1 ? '1 check' : `${unknown} checks`;
  terminal.stderr.write(`image-trust: ${what} could not be made: who depends on which key is not known in full\n`);
  return EXIT.unknown;
}

function viewsOf({ policies, trustedKeys }: ManifestWorld, { result, signers, endsOf }: Judged): readonly KeyView[] {
  const dependents = dependentsByKey(
    policies,
    result.rows.map((row) => ({ ...row, vouchers: [] })),
  );
  return trustedKeys.map((key) => {
    const { name } = key.metadata;
    const depending = dependents.get(name);
    const base = { key, material: materialOf(signers.get(name), endsOf(key)) };
    return depending === undefined ? base : { ...base, dependents: depending };
  });
}

function materialOf(signer: Signer | undefined, ends: ReturnType<Judged['endsOf']>): KeyMaterial {
  if (signer === undefined) return { state: 'loading' };
  if (signer.state === 'usable') return { state: 'usable', keys: keyFactsOf(signer.material), ends };
  return { state: 'unusable', reason: signer.reason, message: signer.message };
}

function render(
  document: ReturnType<typeof keysDocument>,
  now: Date,
  { output, terminal }: { readonly output: VerifyFormat; readonly terminal: Terminal },
): string {
  switch (output) {
    case 'table':
    case 'wide': {
      const colour = useColour(terminal.stdout, terminal.env);
      return renderKeysTable(document, now, { wide: output === 'wide', colour });
    }
    case 'json':
      return renderJson(document);
    case 'yaml':
      return renderYaml([document]);
  }
}
