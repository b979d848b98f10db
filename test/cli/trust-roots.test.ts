import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type CliRun, imageTrust } from '../support/cli.ts';
import { type LivingTuf, startLivingTuf } from '../support/living-tuf.ts';

const TRUSTED_ROOT = 'test/fixtures/keys/trusted_root.json';
const NAME = 'registry.example.com/app';
const IMAGE = [`${NAME}:v1`, '--mirror', `${NAME}=oci:test/fixtures/keyless3`];
const SIGNER = [
  '--certificate-identity',
  'https://ci.example.com/org/repo@refs/heads/main',
  '--certificate-oidc-issuer',
  'https://issuer.example.com',
];

let folder = '';
let tuf: LivingTuf;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'image-trust-roots-'));
  tuf = await startLivingTuf(await readFile(TRUSTED_ROOT, 'utf8'));
  await writeFile(join(folder, 'root.json'), tuf.rootJson);
});
afterEach(async () => {
  await tuf.close();
  await rm(folder, { recursive: true });
});

const flags = (): readonly string[] => [
  `--tuf-mirror=${tuf.mirror}`,
  `--tuf-root=${join(folder, 'root.json')}`,
  `--tuf-cache=${join(folder, 'cache')}`,
];
const verify = (...more: string[]): Promise<CliRun> =>
  imageTrust(['verify', ...IMAGE, ...SIGNER, ...more, '-o', 'json'], { now: new Date() });

function reasonIn({ stdout }: CliRun): string {
  const { results } = JSON.parse(stdout) as { results: readonly { readonly reason: string }[] };
  return results.map(({ reason }) => reason).join();
}

test('verify takes the trusted root of a TUF repository', async () => {
  const run = await verify(...flags());
  expect([run.code, reasonIn(run), run.stderr]).toEqual([0, 'Verified', '']);
});

test('verify goes on with what the repository gave before, and says so', async () => {
  const given = flags();
  await verify(...given);
  await tuf.close();
  const run = await verify(...given);
  expect([run.code, reasonIn(run)]).toEqual([0, 'Verified']);
  expect(run.stderr).toMatch(
    /^image-trust: TUF repository http:.*; going on with the trust root that it gave before\n$/,
  );
});

test('a repository that never answered makes the verdict unknown', async () => {
  const given = flags();
  await tuf.close();
  const run = await verify(...given);
  expect([run.code, reasonIn(run)]).toEqual([2, 'TrustRootUnavailable']);
});

test('a root that another repository signed makes the verdict unknown', async () => {
  await using other = await startLivingTuf('{}');
  await writeFile(join(folder, 'root.json'), other.rootJson);
  expect(reasonIn(await verify(...flags()))).toBe('TrustRootUnavailable');
});

test('with --trusted-root nothing is fetched', async () => {
  const run = await verify(...flags(), '--trusted-root', TRUSTED_ROOT);
  expect(run.code).toBe(0);
  expect(tuf.requests).toEqual([]);
});

test('a key that reads no log fetches nothing', async () => {
  const key = ['--key', 'test/fixtures/keys/k1.pub', '--insecure-ignore-tlog'];
  await imageTrust(['verify', ...IMAGE, ...key, ...flags()]);
  expect(tuf.requests).toEqual([]);
});

test('with none nothing is fetched, and the advice says what to give', async () => {
  const run = await verify('--tuf-mirror', 'none');
  expect(run.code).toBe(2);
  expect(run.stdout).toContain(
    '--trusted-root FILE or trustRoot.configMapRef, or the TUF repository with trustRoot.tuf',
  );
});

test.each([
  [
    'a mirror without its root',
    ['--tuf-mirror', 'https://tuf.example.com'],
    'give the initial root.json of this repository with --tuf-root FILE',
  ],
  [
    'a mirror that is no address',
    ['--tuf-mirror', 'tuf', '--tuf-root', TRUSTED_ROOT],
    'TUF mirror: expected the URL of a TUF repository',
  ],
  ['a root that is not there', ['--tuf-root', 'gone.json'], 'gone.json'],
])('refuses %s', async (_, given, named) => {
  const run = await verify(...given);
  expect(run.code).toBe(64);
  expect(run.stderr).toContain(named);
});

test('scan and keys take trustRoot.tuf of a TrustedKey, and keys says when its root ends', async () => {
  const world = join(folder, 'world.yaml');
  await writeFile(world, worldOf(tuf));
  const common = ['-f', world, '--mirror', `${NAME}=oci:test/fixtures/keyless3`, '--tuf-cache', join(folder, 'cache')];
  const scan = await imageTrust(['scan', ...common], { now: new Date() });
  expect([scan.code, scan.stderr]).toEqual([0, '']);
  const keys = await imageTrust(['keys', ...common, '-o', 'json'], { now: new Date() });
  const [key] = (JSON.parse(keys.stdout) as { keys: readonly { readonly expiresAt?: string }[] }).keys;
  expect(Date.parse(key?.expiresAt ?? '')).toBeGreaterThan(Date.now() + 99 * 86_400_000);
});

function worldOf({ mirror, rootJson }: LivingTuf): string {
  const ref = { namespace: 'security', name: 'tuf' };
  const documents = [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: ref, data: { 'root.json': rootJson } },
    {
      apiVersion: 'imagetrust.dev/v1alpha1',
      kind: 'TrustedKey',
      metadata: { name: 'ci' },
      spec: {
        keyless: {
          identities: [
            { issuer: 'https://issuer.example.com', subject: 'https://ci.example.com/org/repo@refs/heads/main' },
          ],
        },
        trustRoot: { tuf: { mirror, rootRef: { configMapRef: { ...ref, key: 'root.json' } } } },
      },
    },
    {
      apiVersion: 'imagetrust.dev/v1alpha1',
      kind: 'ImageTrustPolicy',
      metadata: { name: 'all' },
      spec: { images: ['*'], attestors: [{ name: 'ci', entries: [{ trustedKey: 'ci' }] }] },
    },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { namespace: 'shop', name: 'app' },
      spec: { containers: [{ name: 'app', image: `${NAME}:v1` }] },
    },
  ];
  return documents.map((document) => JSON.stringify(document)).join('\n---\n');
}
