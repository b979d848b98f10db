/** Keys in a key service, from the command line: `verify --key URI`, and TrustedKeys that `scan` meets. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { imageTrust } from '../support/cli.ts';
import { policy, publicKey, trustedKey } from '../support/cluster/scene.ts';
import { startVault, type TestVault, transitKey } from '../support/vault.ts';

const IMAGE = 'registry.example.com/app:v1';
const MIRROR = ['--mirror', 'registry.example.com/app=oci:test/fixtures/legacy3-k1'];
let vault: TestVault;
let folder: string;
const env = (): Record<string, string> => ({ VAULT_ADDR: vault.url, VAULT_TOKEN: 'root' });

beforeAll(async () => {
  vault = await startVault();
  folder = mkdtempSync(join(tmpdir(), 'image-trust-kms-'));
});
beforeEach(() => {
  vault.down = undefined;
  vault.keys.set('release', transitKey([publicKey('other'), publicKey('k1')]));
  vault.keys.set('other', transitKey([publicKey('other')]));
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await vault.close();
});

const verify = (key: string) =>
  imageTrust(['verify', ...MIRROR, '--insecure-ignore-tlog', '--key', key, '-o', 'json', IMAGE], { env: env() });

test.each([
  ['hashivault://release', 0, '"reason": "Verified"'],
  ['hashivault://other', 1, '"reason": "UntrustedSigner"'],
  ['hashivault://nobody', 2, '"reason": "KmsUnavailable"'],
])('verify --key %s ends with %i', async (key, code, reason) => {
  const run = await verify(key);
  expect([run.code, run.stdout.includes(reason)]).toEqual([code, true]);
});

test('a service that is away leaves everything unknown', async () => {
  vault.down = { status: 503 };
  const { code, stdout } = await verify('hashivault://release');
  expect(code).toBe(2);
  expect(stdout).toContain('publicKey.kms: hashivault://release: Vault answered with error 503');
});

test('scan asks for each key once', async () => {
  const file = join(folder, 'world.json');
  const kms = { uri: 'hashivault://release' };
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'app', namespace: 'shop' },
    spec: { containers: [{ name: 'app', image: IMAGE }] },
  };
  const keys = ['one', 'two'].map((name) => trustedKey(name, { publicKey: { kms } }));
  const items = [...keys, policy('shop', 'one'), pod];
  writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  const before = vault.requests.length;
  const { code, stdout } = await imageTrust(['scan', '-f', file, ...MIRROR], { env: env() });
  expect([code, stdout.includes('Verified')]).toEqual([0, true]);
  expect(vault.requests.slice(before).map(({ line }) => line)).toEqual(['GET /v1/transit/keys/release']);
});
