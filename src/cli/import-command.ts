/**
 * `image-trust import`: policies of Kyverno, policy-controller and notation in, ours out. Reads files and writes text;
 * what is imported how lies in outputs/imports.
 */
import { type Command, Option } from 'commander';
import type { ManifestDocument } from '../core/manifests/load.ts';
import { formatProblem } from '../core/manifests/problem.ts';
import { importDocuments, type Imported, importerOf } from '../outputs/imports/import.ts';
import { formatNote, renderImportedJson, renderImportedYaml } from '../outputs/imports/render.ts';
import { EXIT, type ExitCode, UsageError } from './exit.ts';
import { repeated } from './flags.ts';
import { readPolicyFiles } from './policy-files.ts';
import type { Terminal } from './terminal.ts';
import { readTrustStore, storeBeside } from './trust-store.ts';

interface ImportFlags {
  readonly filename: readonly string[];
  readonly output: (typeof FORMATS)[number];
  readonly namespace: string;
  readonly trustStore?: string;
}

/** The name that files.ts gives to standard input. */
const STDIN = '<stdin>';
const FORMATS = ['yaml', 'json'] as const;

const EXAMPLES = `
What has no place in our policies stands as a comment where it was left out, and on stderr:
  lost      a setting that lets nothing in by going
  changed   said otherwise; stricter, unless the line says what it lets in
  refused   cannot be said, and leaving it out would let in more: no policy comes of it

Exit codes:
  0   everything was imported
  1   something was refused
  64  wrong usage or wrong input; nothing was imported

Examples:
  # What would our policies be?
  kubectl get clusterpolicies -o yaml | image-trust import -f - > imported.yaml

  # policy-controller and notation
  image-trust import -f cluster-image-policies.yaml
  image-trust import -f ~/.config/notation/trustpolicy.json

  # And would they trust what runs now?
  kubectl get pods -A -o yaml | image-trust scan -f imported.yaml -f -`;

/** Declares the command. `end` is told the exit code. */
export function declareImport(program: Command, terminal: Terminal, end: (code: ExitCode) => void): void {
  program
    .command('import')
    .summary('turn image policies of other systems into ours')
    .description(
      'Turns image policies of Kyverno (ClusterPolicy, Policy, ImageValidatingPolicy), of sigstore policy-controller ' +
        '(ClusterImagePolicy, TrustRoot) and of notation (trustpolicy.json) into TrustedKeys and ImageTrustPolicies. ' +
        'Never more loosely without saying so.',
    )
    .requiredOption('-f, --filename <FILE|DIR|->', 'policies to import (repeatable)', repeated, [])
    .addOption(new Option('-o, --output <FORMAT>', 'how the result is written').choices(FORMATS).default('yaml'))
    .option('--namespace <NAME>', 'where ConfigMaps with trust roots are to lie', 'image-trust-system')
    .option('--trust-store <DIR>', 'notation’s truststore folder (default: the one beside trustpolicy.json)')
    .addHelpText('after', EXAMPLES)
    .action(async (flags: ImportFlags) => end(await runImport(flags, terminal)));
}

async function runImport(flags: ImportFlags, terminal: Terminal): Promise<ExitCode> {
  if (flags.filename.length === 0) throw new UsageError('import: give policies with -f FILE, -f DIR or -f -');
  const imported = await importFiles(flags, terminal);
  for (const note of imported.notes) terminal.stderr.write(`${formatNote(note)}\n`);
  terminal.stdout.write(flags.output === 'json' ? renderImportedJson(imported) : renderImportedYaml(imported));
  return imported.refused > 0 ? EXIT.rejected : EXIT.trusted;
}

async function importFiles(flags: ImportFlags, terminal: Terminal): Promise<Imported> {
  const { documents, problems } = await readPolicyFiles(flags.filename, terminal);
  if (problems.length > 0) {
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
    throw new UsageError(`${count} in the input, nothing was imported\n${problems.map(formatProblem).join('\n')}`);
  }
  const known = documents.filter((document) => importerOf(document) !== undefined);
  if (known.length === 0)
    throw new UsageError(
      'the input holds nothing that can be imported: expected ClusterPolicy, Policy or ImageValidatingPolicy of Kyverno, ' +
        'ClusterImagePolicy or TrustRoot of policy-controller, or trustpolicy.json of notation',
    );
  return importDocuments(known, {
    namespace: flags.namespace,
    trustStores: await trustStoresOf(known, flags, terminal),
  });
}

/** The store that was named, else the one beside each trustpolicy.json: so notation lays them out. */
async function trustStoresOf(
  documents: readonly ManifestDocument[],
  flags: ImportFlags,
  { cwd }: Terminal,
): Promise<ReadonlyMap<string, string>> {
  if (flags.trustStore !== undefined) return readTrustStore(flags.trustStore, cwd);
  const stores = new Map<string, string>();
  for (const { kind, file } of documents) {
    const folder = kind === 'TrustPolicy' && file !== STDIN ? await storeBeside(file, cwd) : undefined;
    for (const [name, pem] of folder === undefined ? [] : await readTrustStore(folder, cwd)) stores.set(name, pem);
  }
  return stores;
}
