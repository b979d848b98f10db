/**
 * The two who judge conditions on attestations: the real kubectl-kyverno, and our scan. Owns how each is asked, a policy
 * for every question, and what its answers mean. An answer of neither kind fails the test.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import type { AttestationCondition } from '../../src/api/attestation-condition.ts';
import { runProgram } from '../../src/cli/program.ts';
import type { Terminal } from '../../src/cli/terminal.ts';
import type { Expected } from '../core/predicate/conditions.table.ts';
import type { Lab } from './lab.ts';

/** One condition on the attestation of one image. */
export interface Question {
  readonly id: string;
  /** By digest, with the registry. */
  readonly image: string;
  readonly predicateType: string;
  readonly condition: AttestationCondition;
}

/** Who attested, and in which format it lies there. */
export interface Attestor {
  readonly publicKey: string;
  readonly format: 'legacy' | 'bundle';
}

/** Answers by the id of the question. */
export type Answers = ReadonlyMap<string, Expected>;

/**
 * What kubectl-kyverno says: a run for each image. Throws where it came to no judgement, a panic among them.
 */
export async function askKyverno(
  lab: Lab,
  kyverno: { readonly path: string; readonly attestor: Attestor },
  questions: readonly Question[],
): Promise<Answers> {
  const answers: (readonly [string, Expected])[] = [];
  for (const [image, asked] of Map.groupBy(questions, (question) => question.image)) {
    await write(
      lab,
      'kyverno.yaml',
      asked.map((question) => clusterPolicy(question, kyverno.attestor)),
    );
    await write(lab, 'pod.yaml', [podOf(image)]);
    answers.push(...(await applied(lab, kyverno.path)));
  }
  return new Map(answers);
}

async function applied(lab: Lab, kyverno: string): Promise<readonly (readonly [string, Expected])[]> {
  const ended = await lab.run(kyverno, ['apply', 'kyverno.yaml', '--resource', 'pod.yaml', '--policy-report']);
  if (ended.code > 1) throw new Error(`kubectl-kyverno ended with ${ended.code}: ${ended.stderr}`);
  // The report stands after warnings.
  const at = ended.stdout.search(/^apiVersion: /m);
  if (at < 0) throw new Error(`kubectl-kyverno wrote no report: ${ended.stdout}`);
  const { results } = parse(ended.stdout.slice(at)) as Report;
  return results.map(({ policy, result, message }) => [policy, theirAnswer(result, message)] as const);
}

/** What `image-trust scan` says, all policies in one run. */
export async function askScan(lab: Lab, attestor: Attestor, questions: readonly Question[]): Promise<Answers> {
  const key = { publicKey: { pem: attestor.publicKey }, transparencyLog: 'Ignored' };
  const trusted = { ...ours('TrustedKey', 'attestor'), spec: key };
  const images = [...new Set(questions.map(({ image }) => image))];
  await write(lab, 'ours.yaml', [trusted, ...questions.map(policyOf), ...images.map(podOf)]);
  const hosts = [...new Set(images.map((image) => image.slice(0, image.indexOf('/'))))];
  let stdout = '';
  let stderr = '';
  const terminal: Terminal = {
    stdout: { write: (text) => void (stdout += text), isTerminal: false },
    stderr: { write: (text) => void (stderr += text), isTerminal: false },
    env: {},
    cwd: lab.folder,
    stdin: async function* () {},
    now: () => new Date(),
    signal: new AbortController().signal,
  };
  const flags = hosts.flatMap((host) => ['--plain-http', host]);
  const code = await runProgram(['scan', '-f', 'ours.yaml', '-o', 'json', ...flags], terminal, '0.0.0-test');
  if (code > 2) throw new Error(`image-trust scan ended with ${code}: ${stderr}`);
  const { results } = JSON.parse(stdout) as { results: readonly { policy: string; reason: string; message: string }[] };
  return new Map(results.map(({ policy, reason, message }) => [policy, ourAnswer(reason, message)]));
}

interface Report {
  readonly results: readonly {
    readonly policy: string;
    readonly result: string;
    readonly message: string;
  }[];
}

/** Kyverno refuses in all three cases; where a condition was evaluated and does not hold, it says no more than that. */
function theirAnswer(result: string, message: string): Expected {
  if (result === 'pass') return 'satisfied';
  const words = message.replace(/\s+/g, ' ').trim();
  if (result === 'fail' && /attestation checks failed for \S+ and predicate \S+:$/.test(words)) return 'failed';
  if (result === 'fail' && /failed to check attestations: /.test(words)) return 'fault';
  throw new Error(`Kyverno came to no judgement: ${result}: ${words}`);
}

function ourAnswer(reason: string, message: string): Expected {
  if (reason === 'Verified') return 'satisfied';
  if (reason === 'AttestationConditionFailed') return 'failed';
  if (reason === 'ConditionError') return 'fault';
  throw new Error(`image-trust came to no judgement: ${reason}: ${message}`);
}

function clusterPolicy({ id, image, predicateType, condition }: Question, { publicKey, format }: Attestor) {
  const logs = { rekor: { url: 'https://rekor.sigstore.dev', ignoreTlog: true }, ctlog: { ignoreSCT: true } };
  const verifyImages = {
    type: format === 'legacy' ? 'Cosign' : 'SigstoreBundle',
    imageReferences: [`${image.slice(0, image.indexOf('@'))}*`],
    failureAction: 'Enforce',
    mutateDigest: false,
    verifyDigest: false,
    required: false,
    useCache: false,
    attestations: [
      {
        type: predicateType,
        attestors: [{ entries: [{ keys: { publicKeys: publicKey, ...logs } }] }],
        conditions: [{ all: [condition] }],
      },
    ],
  };
  return {
    apiVersion: 'kyverno.io/v1',
    kind: 'ClusterPolicy',
    metadata: { name: id },
    spec: {
      background: false,
      rules: [{ name: 'ask', match: { any: [{ resources: { kinds: ['Pod'] } }] }, verifyImages: [verifyImages] }],
    },
  };
}

function policyOf({ id, image, predicateType, condition }: Question) {
  const attestations = [{ type: predicateType, conditions: { all: [condition] } }];
  const attestors = [{ name: 'attestor', entries: [{ trustedKey: 'attestor' }] }];
  return { ...ours('ImageTrustPolicy', id), spec: { images: [image], attestors, attestations } };
}

function ours(kind: string, name: string) {
  return { apiVersion: 'imagetrust.dev/v1alpha1', kind, metadata: { name } };
}

function podOf(image: string) {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `pod-${image.slice(-12)}`, namespace: 'default' },
    spec: { containers: [{ name: 'app', image }] },
  };
}

async function write(lab: Lab, name: string, documents: readonly object[]): Promise<void> {
  await writeFile(join(lab.folder, name), documents.map((document) => stringify(document)).join('---\n'));
}
