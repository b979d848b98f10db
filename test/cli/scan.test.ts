import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { IMAGES } from '../demo/images.ts';
import { imageTrust } from '../support/cli.ts';

const DEMO = 'config/samples/demo';
const MIRRORS = Object.entries(IMAGES).flatMap(([repository, layout]) => [
  '--mirror',
  `registry.example.com/${repository}=oci:test/fixtures/${layout}`,
]);
const NOWHERE = ['--mirror', 'registry.example.com=http://127.0.0.1:9'];
const ALL = ['scan', '-f', DEMO, ...MIRRORS, ...NOWHERE];

interface Row {
  readonly use: { readonly workload: { readonly name: string } };
  readonly state: string;
  readonly reason: string;
}

async function states(...args: string[]): Promise<Record<string, string>> {
  const { stdout } = await imageTrust([...ALL, '-o', 'json', ...args]);
  const { results } = JSON.parse(stdout) as { results: (Row & { workload?: { name: string } })[] };
  return Object.fromEntries(
    results.map((row) => [row.workload?.name ?? row.use.workload.name, `${row.state} ${row.reason}`]),
  );
}

describe('the demo', () => {
  test('every workload has its verdict', async () => {
    expect(await states()).toEqual({
      batch: 'excepted undefined',
      cart: 'verified Verified',
      checkout: 'verified Verified',
      'edge-0': 'verified Verified',
      frontend: 'rejected NoSignature',
      gateway: 'rejected AnnotationMismatch',
      ghost: 'unknown RegistryUnavailable',
      invoices: 'rejected DigestMismatch',
      ledger: 'verified Verified',
      mailer: 'verified Verified',
      provenance: 'rejected NoSignature',
      runner: 'verified Verified',
      scanner: 'verified Verified',
      search: 'rejected UntrustedSigner',
    });
  });

  test('without a key: what would fall', async () => {
    const found = await states('--without-key', 'release-2026');
    expect(found).toMatchObject({
      cart: 'rejected KeyRevoked',
      checkout: 'rejected KeyRevoked',
      'edge-0': 'rejected KeyRevoked',
      runner: 'verified Verified',
    });
  });

  test('at a later time: what would expire', async () => {
    const found = await states('--at', '2100-01-01');
    expect(found).toMatchObject({
      batch: 'rejected NoSignature',
      mailer: 'rejected CertificateExpired',
      runner: 'verified Verified',
    });
  });

  test('one policy alone', async () => {
    expect(Object.keys(await states('--policy', 'built-by-ci'))).toEqual(['runner']);
  });

  test.each(['table', 'wide', 'json', 'yaml', 'policyreport'])(
    '-o %s says the same twice, with the exit code of a rejection',
    async (format) => {
      const [one, two] = [await imageTrust([...ALL, '-o', format]), await imageTrust([...ALL, '-o', format])];
      expect([one.code, one.stderr, one.stdout]).toEqual([1, '', two.stdout]);
      expect(one.stdout.length).toBeGreaterThan(100);
    },
  );

  test('one report per workload', async () => {
    const { stdout } = await imageTrust([...ALL, '-o', 'policyreport']);
    const reports = parseAllDocuments(stdout).map(
      (d) => d.toJS() as { kind: string; scope: { name: string }; summary: object },
    );
    expect(reports).toHaveLength(14);
    expect(reports.find((r) => r.scope.name === 'frontend')?.summary).toEqual({
      pass: 0,
      fail: 1,
      warn: 0,
      error: 0,
      skip: 0,
    });
  });
});

describe('input', () => {
  const policy = readFileSync(`${DEMO}/policies.yaml`, 'utf8');

  test('manifests come from standard input too', async () => {
    const args = ['scan', '-f', `${DEMO}/keys.yaml`, '-f', `${DEMO}/policies.yaml`, '-f', '-', ...MIRRORS, ...NOWHERE];
    const { code, stderr } = await imageTrust(args, { stdin: readFileSync(`${DEMO}/workloads.yaml`, 'utf8') });
    expect([code, stderr]).toEqual([1, '']);
  });

  test('all problems of all files are said at once, with their places, and nothing is verified', async () => {
    const broken = policy
      .replace('images: ["registry.example.com/shop/*"]', 'image: ["registry.example.com/shop/*"]')
      .replace('severity: critical', 'severity: deadly');
    const { code, stdout, stderr } = await imageTrust(['scan', '-f', '-', '-f', `${DEMO}/keys.yaml`], {
      stdin: `${broken}\n---\n{"kind": "Pod"}`,
    });
    expect([code, stdout]).toEqual([64, '']);
    expect(stderr).toContain('nothing was verified');
    expect(stderr).toMatch(/<stdin>:\d+:\d+: document 1, spec\.image: .*did you mean images\?/);
    expect(stderr).toMatch(/<stdin>:\d+:\d+: document 1, spec\.images: expected/);
    expect(stderr).toMatch(
      /document 2, spec\.severity: expected one of critical, high, medium, low, info, found "deadly"/,
    );
    expect(stderr).toMatch(/document 5/);
  });

  test.each<[string, string[], string]>([
    ['no file', ['scan'], '-f'],
    ['a file that is not there', ['scan', '-f', 'nowhere.yaml'], 'nowhere.yaml: there is no such file or folder'],
    ['a folder without manifests', ['scan', '-f', 'test/fixtures/keys/pki'], 'is a folder without'],
    ['no policy', ['scan', '-f', `${DEMO}/keys.yaml`], 'no ImageTrustPolicy'],
    [
      'an unknown policy',
      ['scan', '-f', DEMO, '--policy', 'shopp'],
      '--policy shopp: no such object (there is built-by-ci, payments, shop, vendors)',
    ],
    ['an unknown key', ['scan', '-f', DEMO, '--without-key', 'x'], '--without-key x: no such object'],
  ])('%s', async (_name, args, said) => {
    const { code, stdout, stderr } = await imageTrust(args);
    expect([code, stdout]).toEqual([64, '']);
    expect(stderr).toContain(said);
  });
});

describe('the program', () => {
  test.each(['bash', 'zsh', 'fish'])('completes in %s every command and flag', async (shell) => {
    const { code, stdout } = await imageTrust(['completion', shell]);
    expect(code).toBe(0);
    for (const word of ['verify', 'scan', 'without-key', 'notation-ca', 'mirror']) expect(stdout).toContain(word);
  });

  test.each([
    ['--help', 'Exit codes:'],
    ['verify --help', 'Examples:'],
    ['scan --help', 'Examples:'],
  ])('%s shows help and ends with 0', async (args, shown) => {
    const { code, stdout } = await imageTrust(args.split(' '));
    expect(code).toBe(0);
    expect(stdout).toContain('Usage: image-trust');
    expect(stdout).toContain(shown);
  });

  test('progress is for people: only on a terminal, only on stderr', async () => {
    const seen = await imageTrust(ALL, { isTerminal: true });
    expect(seen.stderr).toMatch(/verifying \d+\/\d+/);
    expect(seen.stdout).toContain('\u001B[32mverified');
    const plain = await imageTrust(ALL, { isTerminal: true, env: { NO_COLOR: '1' } });
    expect(plain.stdout).not.toContain('\u001B[');
  });
});
