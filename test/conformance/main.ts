/**
 * `make conformance`: every bundle of sigstore-conformance, by the file and by its digest, judged by our engine; one case
 * of each outcome by the executable too. Ends with 1 where anything is other than the suite expects.
 * SIGSTORE_CONFORMANCE names a checkout of the suite; without one, and without a network, it says so and skips.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runTool } from '../toolbox/toolbox.ts';
import type { BundleQuestion } from './arguments.ts';
import { type Case, casesIn, suiteFolder } from './suite.ts';
import { verifyBundle } from './verify-bundle.ts';

const CLIENT = join(import.meta.dirname, 'client');
const CLIENT_LIMIT_MS = 60_000;

interface Judged {
  readonly name: string;
  readonly verified: boolean;
  readonly asExpected: boolean;
  readonly said: string;
}

process.exitCode = await run();

async function run(): Promise<number> {
  const suite = await suiteFolder(process.env['SIGSTORE_CONFORMANCE']).catch((error: unknown) => {
    say(`SKIPPED conformance: the suite is not at hand and cannot be fetched (${shown(error)}).`);
    say('Give a checkout of github.com/sigstore/sigstore-conformance in SIGSTORE_CONFORMANCE, or a network.');
    return undefined;
  });
  if (suite === undefined) return process.env['CI'] === 'true' ? 1 : 0;
  const cases = await casesIn(suite);
  const judged: Judged[] = [];
  for (const each of cases) judged.push(await judge(each, ''), await judge(await byDigest(each), ', by digest'));
  for (const verifies of [true, false]) {
    const one = cases.find((each) => each.verifies === verifies);
    if (one !== undefined) judged.push(await judgeByProgram(one));
  }
  for (const { name, said, asExpected } of judged) say(`${asExpected ? 'ok  ' : 'FAIL'} ${name}: ${said}`);
  const good = judged.filter(({ asExpected }) => asExpected).length;
  say(`==> ${good} of ${judged.length} as sigstore-conformance expects (${cases.length} bundles)`);
  return good === judged.length && cases.length > 0 ? 0 : 1;
}

async function judge({ name, verifies, question }: Case, how: string): Promise<Judged> {
  const answer = await answerTo(question);
  return { name: `${name}${how}`, ...answer, asExpected: answer.verified === verifies };
}

async function answerTo(question: BundleQuestion): Promise<Pick<Judged, 'verified' | 'said'>> {
  try {
    const outcome = await verifyBundle(question, new Date());
    if (outcome.ok) return { verified: true, said: 'verified' };
    return { verified: false, said: `${outcome.reason}: ${outcome.message}` };
  } catch (error) {
    return { verified: false, said: shown(error) };
  }
}

async function byDigest(each: Case): Promise<Case> {
  const bytes = await readFile(each.question.artifact);
  const artifact = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  return { ...each, question: { ...each.question, artifact } };
}

async function judgeByProgram({ name, verifies, question }: Case): Promise<Judged> {
  const { bundle, signer, trustedRoot, artifact } = question;
  const who =
    'key' in signer
      ? ['--key', signer.key]
      : ['--certificate-identity', signer.identity, '--certificate-oidc-issuer', signer.issuer];
  const root = trustedRoot === undefined ? [] : ['--trusted-root', trustedRoot];
  const args = ['verify-bundle', '--bundle', bundle, ...who, ...root, artifact];
  const { code, stderr } = await runTool(CLIENT, args, { timeoutMs: CLIENT_LIMIT_MS });
  return {
    name: `${name}, by the program`,
    verified: code === 0,
    said: stderr.trim(),
    asExpected: code === (verifies ? 0 : 1),
  };
}

function shown(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
