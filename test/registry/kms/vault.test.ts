/** Public keys out of Vault's transit engine: versions, ways in, and what every failure is. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { createKeyService } from '../../../src/registry/kms/key-service.ts';
import { parsePublicKeys } from '../../../src/verify/trust/public-keys.ts';
import { type FakeClock, fakeClock } from '../../support/clock.ts';
import { failureOf } from '../../support/failures.ts';
import { startVault, type TestVault, type TestVaultOptions, transitKey } from '../../support/vault.ts';

const { signal } = new AbortController();
const folder = mkdtempSync(join(tmpdir(), 'image-trust-vault-'));
afterAll(() => rmSync(folder, { recursive: true }));
const open: { close(): Promise<void> }[] = [];
afterEach(() => Promise.all(open.splice(0).map((it) => it.close())));

const spki = { format: 'pem', type: 'spki' } as const;
const ec = (): string => generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export(spki);
const rsa = (): string => generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export(spki);

interface Scene {
  readonly vault: TestVault;
  readonly clock: FakeClock;
  readonly ask: (name?: string) => Promise<string>;
}

async function scene(options: TestVaultOptions = {}, env: Readonly<Record<string, string>> = {}): Promise<Scene> {
  const vault = await startVault(options);
  const clock = fakeClock();
  const service = createKeyService({
    env: { HOME: folder, VAULT_ADDR: vault.url, VAULT_TOKEN: 'root', ...env },
    clock,
  });
  open.push(service, vault);
  return { vault, clock, ask: (name = 'release') => service.publicKeys(`hashivault://${name}`, signal) };
}

const fingerprints = (text: string): readonly string[] => parsePublicKeys(text).map(({ fingerprint }) => fingerprint);

describe('the versions of a key', () => {
  test('all of them count, the newest first', async () => {
    const { vault, ask } = await scene();
    const versions = [ec(), rsa(), ec(), ...Array.from({ length: 8 }, () => ec())];
    vault.keys.set('release', transitKey(versions));
    expect(fingerprints(await ask())).toEqual(versions.toReversed().flatMap(fingerprints));
  });

  test('those that Vault itself would not verify with any more do not', async () => {
    const { vault, ask } = await scene();
    const versions = [ec(), ec(), ec()];
    vault.keys.set('release', transitKey(versions, { min_decryption_version: 3 }));
    expect(fingerprints(await ask())).toEqual(fingerprints(versions[2] ?? ''));
    vault.keys.set('release', transitKey(versions, { min_decryption_version: 4 }));
    expect((await failureOf(ask())).message).toContain('expected a version that may still be verified with');
  });

  test('no more than 64 are taken', async () => {
    const { vault, ask } = await scene();
    const one = ec();
    vault.keys.set('release', transitKey(Array.from({ length: 100 }, () => one)));
    expect((await ask()).match(/BEGIN/g)).toHaveLength(64);
  });

  test('Ed25519 comes as 32 bytes, and becomes PEM', async () => {
    const { vault, ask } = await scene();
    const { publicKey } = generateKeyPairSync('ed25519');
    const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('base64');
    vault.keys.set('release', transitKey([raw], { type: 'ed25519' }));
    expect(await ask()).toBe(publicKey.export(spki));
  });

  test.each<[string, object]>([
    ['a key for encryption', { keys: { 1: 1442851412 } }],
    ['a version without a public key', { keys: { 1: { public_key: '' } } }],
    ['bytes of another length', { keys: { 1: { public_key: 'AAAA' } } }],
    ['no versions', { keys: {} }],
    ['a list', { keys: [] }],
    ['nothing', {}],
  ])('%s is no signing key', async (_, data) => {
    const { vault, ask } = await scene();
    vault.keys.set('release', data);
    expect((await failureOf(ask())).detail.kind).toBe('invalid');
  });
});

describe('the way in', () => {
  test('another engine, a namespace, a path before the API', async () => {
    const options = { transit: 'team/signing', namespace: 'acme' };
    const { vault, ask } = await scene(options, {
      TRANSIT_SECRET_ENGINE_PATH: '/team/signing/',
      VAULT_NAMESPACE: 'acme',
    });
    vault.keys.set('release', transitKey([ec()]));
    await ask();
    expect(vault.requests).toEqual([{ line: 'GET /v1/team/signing/keys/release', token: 'root' }]);
  });

  test('the token lies in ~/.vault-token, and is read each time', async () => {
    const { vault, ask } = await scene({}, { VAULT_TOKEN: '' });
    vault.keys.set('release', transitKey([ec()]));
    expect((await failureOf(ask())).message).toContain('give VAULT_TOKEN or ~/.vault-token');
    for (const token of ['one', 'two']) {
      writeFileSync(join(folder, '.vault-token'), `${token}\n`);
      vault.tokens.add(token);
      await ask();
    }
    rmSync(join(folder, '.vault-token'));
    expect(vault.requests.map(({ token }) => token)).toEqual(['one', 'two']);
  });

  test('the Kubernetes auth method: once, again before its end, and where the token was revoked', async () => {
    const jwtFile = join(folder, 'jwt');
    writeFileSync(jwtFile, 'jwt-1\n');
    const login = { path: 'cluster-a', role: 'image-trust', jwt: 'jwt-1', leaseSeconds: 100 };
    const env = {
      IMAGE_TRUST_VAULT_ROLE: 'image-trust',
      IMAGE_TRUST_VAULT_AUTH_PATH: 'cluster-a',
      IMAGE_TRUST_VAULT_JWT_FILE: jwtFile,
    };
    const { vault, clock, ask } = await scene({ login }, env);
    vault.keys.set('release', transitKey([ec()]));
    const logins = (): number => vault.requests.filter(({ line }) => line.startsWith('POST')).length;
    await ask();
    await ask();
    expect(logins()).toBe(1);
    clock.advance(81_000);
    await ask();
    expect(logins()).toBe(2);
    vault.tokens.clear();
    await ask();
    expect(logins()).toBe(3);
    writeFileSync(jwtFile, 'stale');
    clock.advance(81_000);
    const failure = await failureOf(ask());
    expect(failure.detail.kind).toBe('unauthorized');
    expect(failure.message).not.toContain('stale');
  });
});

describe('a failure', () => {
  test.each([
    [403, 'unauthorized'],
    [400, 'unauthorized'],
    [404, 'not-found'],
    [429, 'rate-limited'],
    [500, 'unavailable'],
    [503, 'unavailable'],
    [307, 'invalid'],
  ])('%i is %s, under the name of the key', async (status, kind) => {
    const { vault, ask } = await scene();
    vault.down = { status, body: '{"errors":["root s3cret"]}', headers: { location: 'http://169.254.169.254/' } };
    const { detail, message } = await failureOf(ask());
    expect(detail.kind).toBe(kind);
    expect(message).toMatch(/^hashivault:\/\/release: /);
    expect(message).not.toMatch(/root|s3cret/);
    expect(vault.requests).toHaveLength(1);
  });

  test.each(['no json', '[]', '{"data":1}', '{"data":{"keys":{}},"data":{}}'])('%s is invalid', async (body) => {
    const { vault, ask } = await scene();
    vault.down = { status: 200, body };
    expect((await failureOf(ask())).detail.kind).toBe('invalid');
  });

  test('an answer that is too long is given up', async () => {
    const { vault, ask } = await scene();
    vault.down = { status: 200, body: `{"x":"${'x'.repeat(2 * 1024 * 1024)}"}` };
    expect((await failureOf(ask())).message).toContain('at most');
  });

  test('a server that is away is unavailable, and says where it should be', async () => {
    const { vault, ask } = await scene();
    await vault.close();
    const { detail, message } = await failureOf(ask());
    expect(detail.kind).toBe('unavailable');
    expect(message).toContain(`Vault at ${new URL(vault.url).host}`);
  });

  test('an address that is none is told once, and mended without a restart', async () => {
    const service = createKeyService({ env: { VAULT_ADDR: 'vault:8200', VAULT_TOKEN: 't' }, clock: fakeClock() });
    open.push(service);
    expect((await failureOf(service.publicKeys('hashivault://k', signal))).message).toContain('VAULT_ADDR: expected');
  });

  test('a cancel passes through', async () => {
    const { vault } = await scene();
    const service = createKeyService({ env: { VAULT_ADDR: vault.url, VAULT_TOKEN: 'root' }, clock: fakeClock() });
    open.push(service);
    const cancelled = AbortSignal.abort(new Error('enough'));
    await expect(service.publicKeys('hashivault://k', cancelled)).rejects.toThrow('enough');
  });
});
