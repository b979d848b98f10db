/**
 * README.md and docs/install.md, typed in: every command for a cluster, in order, on the real control plane, with
 * the operator and the image that the pages speak of. What is not run here is named, with where it is tried.
 */
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { ClusterClient } from '../support/cluster/client.ts';
import { type Cluster, describeOnClusters, installReports } from '../support/cluster/cluster.ts';
import { applyKustomization, CONFIG } from '../support/cluster/kubectl.ts';
import { installMonitoringCrds } from '../support/cluster/monitoring-crds.ts';
import { startOperator } from '../support/cluster/operator.ts';
import { events, type Image, namespace, reports, runPod } from '../support/cluster/scene.ts';
import { type Block, blocksOf, codesOf, commandLines, pages } from '../support/documentation.ts';
import { eventually } from '../support/eventually.ts';
import { runTool } from '../toolbox/toolbox.ts';

const ROOT = join(import.meta.dirname, '../..');
const FIXTURES = join(ROOT, 'test/fixtures');
const LAYOUT = join(FIXTURES, 'legacy3-k1');
/** A layout that holds an image holds its signatures too: the registry itself, which is not there, is not asked. */
const MIRROR = `registry.example.com/app=oci:${LAYOUT}`;
/** As the pages name it. */
const IMAGE: Image = {
  repository: 'registry.example.com/app',
  reference: 'registry.example.com/app:v1',
  digest: digestIn(LAYOUT),
};

/** Programs and commands that are tried elsewhere or cannot be here. */
const ELSEWHERE: readonly (readonly [RegExp, string])[] = [
  [/^make /, 'test/commands/make.test.ts; the image: test/packed'],
  [/^docker push /, 'nothing is published from here'],
  [/^npm install --global /, 'test/packed'],
  [/ rollout status /, 'no kubelet makes a Pod ready here'],
  [/ --certificate-identity/, 'asks the public Sigstore'],
  [/ logs /, 'no kubelet keeps logs here'],
];
/** Exit codes other than 0: of images that are there and that others signed. */
const CODES: readonly (readonly [RegExp, number])[] = [
  [/^image-trust scan --context production$/, 1],
  [/^image-trust verify --notation-ca/, 1],
];

const README = commandsFor('README.md');
const INSTALL = commandsFor('docs/install.md');

let client: ClusterClient;
let folder: string;
let shell: string;
let environment: Readonly<Record<string, string>>;

describeOnClusters(
  'the pages for users',
  {
    controllers: 'lifecycle',
    only: 'real',
    async prepare(cluster) {
      if (cluster.kind === 'embedded') throw new Error('kubectl is tried on the real server');
      ({ client } = cluster);
      const stack = new AsyncDisposableStack();
      await installReports(client, 'wgpolicyk8s');
      await installMonitoringCrds(client);
      await applyKustomization(cluster, join(CONFIG, 'default'));
      await client.apply(...['production', 'security', 'monitoring'].map((name) => namespace(name)));
      await runPod(client, { name: 'app', namespace: 'production' }, IMAGE);
      folder = layOut(cluster);
      stack.use(await startOperator({ kubeconfig: cluster.kubeconfig, args: [`--mirror=${MIRROR}`] }));
      return stack;
    },
  },
  () => {
    describe('README.md', () => {
      test('has a first policy, and commands for it', () => {
        expect(README.length).toBeGreaterThan(15);
        expect(README.map(({ text }) => text)).toContain('kubectl apply -f policy.yaml');
      });

      test.each(README)('line $line: $text', ({ text }) => expectRuns(text));

      test('leaves its policy where it says that the key is revoked', async () => {
        await eventually(async () =>
          expect(await reports(client, 'production')).toEqual(['Pod/app production/app fail KeyRevoked']),
        );
        await eventually(async () =>
          expect(await events(client, 'default')).toContain('ImageTrustPolicy/production Warning KeyRevoked'),
        );
      });
    });

    describe('docs/install.md', () => {
      test.each(INSTALL)('line $line: $text', ({ text }) => expectRuns(text));

      test('leaves no report where it says how they go', async () => {
        // With the CRDs uninstalled nobody writes them again; here the operator does.
        expect(INSTALL.some(({ text }) => text.startsWith('kubectl delete policyreports'))).toBe(true);
        await eventually(async () => expect(await reports(client, 'production')).toHaveLength(1));
      });
    });
  },
);

/** What is typed of a page: blocks, then what the text names, without what is tried elsewhere. */
function commandsFor(path: string): readonly { readonly line: number; readonly text: string }[] {
  const page = pages().find((one) => one.path === path);
  if (page === undefined) throw new Error(`there is no ${path}`);
  const typed = blocksOf(page)
    .filter(({ language }) => language === 'sh')
    .flatMap(commandLines);
  const named = codesOf(page).filter(({ text }) => text.startsWith('kubectl '));
  return [...typed, ...named]
    .map(({ line, text }) => ({ line, text: text.replace(/ +# .*$/, '') }))
    .filter(({ text }) => !ELSEWHERE.some(([pattern]) => pattern.test(text)));
}

async function expectRuns(text: string): Promise<void> {
  const wanted = CODES.find(([pattern]) => pattern.test(text))?.[1] ?? 0;
  const { code, stdout, stderr } = await runTool(shell, ['-euo', 'pipefail', '-c', text], {
    cwd: folder,
    env: environment,
  });
  expect({ code, said: code === wanted ? '' : stdout + stderr }).toEqual({ code: wanted, said: '' });
}

/** A reader's folder: the files that the pages name, and the programs that a reader has. */
function layOut(cluster: Extract<Cluster, { kind: 'real' }>): string {
  const at = join(cluster.folder, 'reader');
  for (const part of ['bin', 'policies', 'kyverno-policies']) mkdirSync(join(at, part), { recursive: true });
  for (const part of ['config', 'crds']) symlinkSync(join(ROOT, part), join(at, part));
  const policy = firstPolicy().text;
  for (const file of ['policy.yaml', 'policies/next.yaml']) writeFileSync(join(at, file), `${policy}\n`);
  cpSync(join(ROOT, 'test/golden/kyverno/key-any.ClusterPolicy.Audit.yaml'), join(at, 'kyverno-policies/policy.yaml'));
  for (const [file, fixture] of Object.entries(FILES)) cpSync(join(FIXTURES, 'keys', fixture), join(at, file));
  const program = `#!/bin/sh
command=$1
shift
# What the registry of the pages holds lies in a folder.
case $command in verify | scan | keys) set -- --mirror '${MIRROR}' "$@" ;; esac
exec '${process.execPath}' '${join(ROOT, 'src/main.ts')}' "$command" "$@"
`;
  writeFileSync(join(at, 'bin/image-trust'), program, { mode: 0o755 });
  symlinkSync(cluster.plane.kubectl, join(at, 'bin/kubectl'));
  const config = parse(readFileSync(cluster.kubeconfig, 'utf8')) as { contexts: { name: string }[] };
  const contexts = config.contexts.map((context) => ({ ...context, name: 'production' }));
  const named = { ...config, contexts, 'current-context': 'production' };
  writeFileSync(join(at, 'kubeconfig'), JSON.stringify(named), { mode: 0o600 });
  shell = 'bash';
  environment = { PATH: `${join(at, 'bin')}:${process.env['PATH'] ?? ''}`, KUBECONFIG: join(at, 'kubeconfig') };
  return at;
}

const FILES = { 'cosign.pub': 'k1.pub', 'ca.crt': 'pki/root.crt' };

/** The manifests of the README's first policy. */
function firstPolicy(): Block {
  const page = pages().find(({ path }) => path === 'README.md');
  const block =
    page && blocksOf(page).find(({ language, text }) => language === 'yaml' && text.includes('ImageTrustPolicy'));
  if (block === undefined) throw new Error('README.md has no first policy');
  return block;
}

/** Of the image that a layout names. */
function digestIn(layout: string): string {
  const index = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')) as {
    manifests: { digest: string; annotations?: Record<string, string> }[];
  };
  const found = index.manifests.find(({ annotations }) => annotations?.['org.opencontainers.image.ref.name'] === 'v1');
  if (found === undefined) throw new Error(`${layout} has no tag v1`);
  return found.digest;
}
