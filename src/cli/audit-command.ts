/** `image-trust audit`: hand-written image policies of Kyverno in, their holes out. Reads files and writes text. */
import { type Command, Option } from 'commander';
import { formatProblem } from '../core/manifests/problem.ts';
import { audit, renderAudit } from '../outputs/holes/audit.ts';
import { renderJson } from '../outputs/json.ts';
import { EXIT, type ExitCode, UsageError } from './exit.ts';
import { repeated } from './flags.ts';
import { readPolicyFiles } from './policy-files.ts';
import type { Terminal } from './terminal.ts';

interface AuditFlags {
  readonly filename: readonly string[];
  readonly output: (typeof FORMATS)[number];
}

const FORMATS = ['table', 'json'] as const;

const EXAMPLES = `
Every hole is named with its place, what it lets in, and the fix. They were measured on the real Kyverno; what they
are is told in docs/kyverno-holes.md. What image-trust generate writes has none of them that can be closed.

Exit codes:
  0   no holes
  1   at least one
  64  wrong usage or wrong input, or no image policy in it

Examples:
  # The policies in a repository
  image-trust audit -f policies/

  # Those in the cluster
  kubectl get clusterpolicies,policies -A -o yaml | image-trust audit -f -`;

/** Declares the command. `end` is told the exit code. */
export function declareAudit(program: Command, terminal: Terminal, end: (code: ExitCode) => void): void {
  program
    .command('audit')
    .summary('name the holes in image policies of Kyverno')
    .description(
      'Reads image policies of Kyverno (ClusterPolicy, Policy, ImageValidatingPolicy) and names what they let in.',
    )
    .requiredOption('-f, --filename <FILE|DIR|->', 'policies to look at (repeatable)', repeated, [])
    .addOption(new Option('-o, --output <FORMAT>', 'how the result is written').choices(FORMATS).default('table'))
    .addHelpText('after', EXAMPLES)
    .action(async (flags: AuditFlags) => end(await runAudit(flags, terminal)));
}

async function runAudit(flags: AuditFlags, terminal: Terminal): Promise<ExitCode> {
  if (flags.filename.length === 0) throw new UsageError('audit: give policies with -f FILE, -f DIR or -f -');
  const { documents, problems } = await readPolicyFiles(flags.filename, terminal);
  if (problems.length > 0) {
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
    throw new UsageError(`${count} in the input, nothing was audited\n${problems.map(formatProblem).join('\n')}`);
  }
  const result = audit(documents);
  if (result.summary.policies === 0)
    throw new UsageError(
      'the input holds no image policy of Kyverno: expected ClusterPolicy or Policy with verifyImages, or ImageValidatingPolicy',
    );
  terminal.stdout.write(flags.output === 'json' ? renderJson(result) : renderAudit(result));
  return result.holes.length > 0 ? EXIT.rejected : EXIT.trusted;
}
