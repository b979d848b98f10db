import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { imageTrust } from '../support/cli.ts';

const KEYS = 'test/fixtures/keys';
const KEY = ['--key', `${KEYS}/k1.pub`, '--insecure-ignore-tlog'];
const NAME = 'registry.example.com/app';
const MIRROR = ['--mirror', `${NAME}=oci:test/fixtures`];
const folder = mkdtempSync(join(tmpdir(), 'image-trust-cli-'));

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe('wrong usage ends with 64, says what to write, and verifies nothing', () => {
  test.each<[string, string[], string]>([
    ['no command', ['frobnicate'], "unknown command 'frobnicate'"],
    ['no image', ['verify', ...KEY], "missing required argument 'image'"],
    ['an unknown flag', ['verify', 'a', '--keys', 'x'], "unknown option '--keys'"],
    ['nobody to trust', ['verify', `${NAME}/x:v1`], 'say who is trusted with one of: --key'],
    [
      'two kinds of signers',
      ['verify', `${NAME}/x:v1`, ...KEY, '--notation-ca', 'x'],
      'say who is trusted with only one of',
    ],
    ['a reference that is none', ['verify', 'https://registry.example.com/app', ...KEY], 'https'],
    ['an uppercase path', ['verify', 'registry.example.com/App:v1', ...KEY], 'App'],
    [
      'a key that is not there',
      ['verify', `${NAME}/x:v1`, '--key', 'no.pub'],
      'no.pub: there is no such file or folder',
    ],
    [
      'a key service that nobody knows',
      ['verify', `${NAME}/x:v1`, '--key', 'pkcs11://x'],
      'pkcs11:// is not supported',
    ],
    ['a KMS URI that is none', ['verify', `${NAME}/x:v1`, '--key', 'hashivault://a/b'], 'expected hashivault://KEY'],
    [
      'a KMS URI beside a file',
      ['verify', `${NAME}/x:v1`, '--key', 'hashivault://a', '--key', 'k.pub'],
      'stands alone',
    ],
    ['a key that is no PEM', ['verify', `${NAME}/x:v1`, '--key', 'package.json'], 'PEM'],
    ['a certificate for a key', ['verify', `${NAME}/x:v1`, '--key', `${KEYS}/pki/root.crt`], 'this is a certificate'],
    [
      'an identity without an issuer',
      ['verify', `${NAME}/x:v1`, '--certificate-identity', 'x'],
      'give --certificate-oidc-issuer or --certificate-oidc-issuer-regexp',
    ],
    [
      'an identity twice',
      [
        'verify',
        `${NAME}/x:v1`,
        '--certificate-identity',
        'x',
        '--certificate-identity-regexp',
        'y',
        '--certificate-oidc-issuer',
        'z',
      ],
      'not both',
    ],
    [
      'roots without an identity',
      ['verify', `${NAME}/x:v1`, '--ca-roots', `${KEYS}/pki/root.crt`],
      'give --certificate-identity',
    ],
    [
      'a bad pattern',
      ['verify', `${NAME}/x:v1`, '--ca-roots', `${KEYS}/pki/root.crt`, '--certificate-identity-regexp', '('],
      'subjectRegExp',
    ],
    [
      'Notary without an identity',
      ['verify', `${NAME}/x:v1`, '--notation-ca', `${KEYS}/pki/root.crt`],
      'give --notation-identity',
    ],
    [
      'a Notary identity without O',
      [
        'verify',
        `${NAME}/x:v1`,
        '--notation-ca',
        `${KEYS}/pki/root.crt`,
        '--notation-identity',
        'x509.subject: C=US, ST=WA',
      ],
      'O',
    ],
    [
      'an unknown level',
      [
        'verify',
        `${NAME}/x:v1`,
        '--notation-ca',
        `${KEYS}/pki/root.crt`,
        '--notation-identity',
        '*',
        '--notation-level',
        'lax',
      ],
      'strict',
    ],
    ['an annotation without =', ['verify', `${NAME}/x:v1`, ...KEY, '-a', 'env'], 'expected key=value'],
    [
      'a type that is none',
      ['verify', `${NAME}/x:v1`, ...KEY, '--type', 'slsa'],
      '--type: expected a URI or one of custom, slsaprovenance',
    ],
    ['a time that is none', ['verify', `${NAME}/x:v1`, ...KEY, '--at', 'tomorrow'], 'expected a time such as'],
    [
      'a format that is none',
      ['verify', `${NAME}/x:v1`, ...KEY, '-o', 'xml'],
      'Allowed choices are table, wide, json, yaml',
    ],
    ['a mirror without =', ['verify', `${NAME}/x:v1`, ...KEY, '--mirror', 'x'], 'FROM=TO'],
    ['no workers at all', ['verify', `${NAME}/x:v1`, ...KEY, '--concurrency', '0'], 'from 1 to 256'],
    ['a timeout that is none', ['verify', `${NAME}/x:v1`, ...KEY, '--timeout', 'soon'], 'expected a duration'],
    [
      'a registry config that is not there',
      ['verify', `${NAME}/x:v1`, ...KEY, '--registry-config', '/no/config.json'],
      '/no/config.json',
    ],
    [
      'a trusted root that is none',
      ['verify', `${NAME}/x:v1`, ...KEY, '--trusted-root', 'package.json'],
      'package.json: ',
    ],
  ])('%s', async (_name, args, said) => {
    const { code, stdout, stderr } = await imageTrust(args);
    expect([code, stdout]).toEqual([64, '']);
    expect(stderr).toContain(said);
  });

  test('a private key is never repeated', async () => {
    const secret = 'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg';
    const path = file(
      'cosign.key',
      `-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n${secret}\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n`,
    );
    const { code, stderr } = await imageTrust(['verify', `${NAME}/x:v1`, '--key', path]);
    expect(code).toBe(64);
    expect(stderr).toContain('public half');
    expect(stderr).not.toContain(secret.slice(0, 12));
  });
});

describe('verdicts', () => {
  test('several images: the worst decides', async () => {
    const images = ['legacy2-k1', 'bundle3-k1', 'unsigned'].map((name) => `${NAME}/${name}:v1`);
    const good = await imageTrust(['verify', ...images.slice(0, 2), ...KEY, ...MIRROR]);
    expect(good.code).toBe(0);
    const all = await imageTrust(['verify', ...images, ...KEY, ...MIRROR]);
    expect(all.code).toBe(1);
    expect(all.stdout.split('\n').filter((line) => line.includes(NAME))).toHaveLength(3);
  });

  test('an image that is nowhere is unknown', async () => {
    const { code, stdout } = await imageTrust(['verify', '127.0.0.1:9/app:v1', ...KEY]);
    expect(code).toBe(2);
    expect(stdout).toContain('RegistryUnavailable');
  });

  test('keyless without a trust root is unknown, and says what to give', async () => {
    const { code, stdout } = await imageTrust([
      'verify',
      `${NAME}/keyless3:v1`,
      '--certificate-identity',
      'x',
      '--certificate-oidc-issuer',
      'y',
      ...MIRROR,
    ]);
    expect(code).toBe(2);
    expect(stdout).toContain('--trusted-root');
  });

  test('any of several keys may vouch', async () => {
    const keys = ['--key', `${KEYS}/other.pub`, '--key', `${KEYS}/k1.pub`, '--insecure-ignore-tlog'];
    expect((await imageTrust(['verify', `${NAME}/legacy2-k1:v1`, ...keys, ...MIRROR])).code).toBe(0);
  });

  test('a time-out is unknown', async () => {
    const { createServer } = await import('node:net');
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const port = (silent.address() as { port: number }).port;
    const { code, stdout } = await imageTrust([
      'verify',
      `127.0.0.1:${port}/app:v1`,
      ...KEY,
      '--timeout',
      '300ms',
      '--plain-http',
      `127.0.0.1:${port}`,
    ]);
    silent.close();
    expect(code).toBe(2);
    expect(stdout).toContain('Timeout');
  });

  test('JSON is the same from run to run', async () => {
    const args = [
      'verify',
      `${NAME}/keyless3:v1`,
      '--trusted-root',
      `${KEYS}/trusted_root.json`,
      '--certificate-identity-regexp',
      '.*',
      '--certificate-oidc-issuer-regexp',
      '.*',
      ...MIRROR,
      '-o',
      'json',
    ];
    const [one, two] = [await imageTrust(args), await imageTrust(args)];
    expect(one.stdout).toBe(two.stdout);
    const { results } = JSON.parse(one.stdout) as { results: { evidence: unknown[] }[] };
    expect(results[0]?.evidence[0]).toMatchObject({
      issuer: 'https://issuer.example.com',
      identity: 'https://ci.example.com/org/repo@refs/heads/main',
      timeSource: 'transparency-log',
      proves: 'signature',
    });
  });
});

describe('notation trust policies', () => {
  const policy = (overrides: object): string =>
    file(
      `policy-${Math.abs(JSON.stringify(overrides).length)}.json`,
      JSON.stringify({
        version: '1.0',
        trustPolicies: [
          {
            name: 'app',
            registryScopes: ['registry.example.com/app/notation-jws'],
            signatureVerification: { level: 'strict' },
            trustStores: ['ca:acme'],
            trustedIdentities: ['x509.subject: C=US, ST=WA, O=Test'],
            ...overrides,
          },
        ],
      }),
    );
  const store = ['--notation-ca', `acme=${KEYS}/pki/root.crt`];

  test.each<[string, object, string, number, string]>([
    ['the repository is in scope', {}, 'notation-jws', 0, 'Verified'],
    ['another repository is in no scope', {}, 'notation-cose', 2, 'TrustedKeyMissing'],
    ['every repository is in scope', { registryScopes: ['*'] }, 'notation-cose', 0, 'Verified'],
    [
      'another identity',
      { trustedIdentities: ['x509.subject: C=US, ST=WA, O=Nobody'] },
      'notation-jws',
      1,
      'IdentityMismatch',
    ],
    ['a store that was not given', { trustStores: ['ca:other'] }, 'notation-jws', 2, 'TrustedKeyNotReady'],
  ])('%s', async (_name, overrides, fixture, code, reason) => {
    const run = await imageTrust([
      'verify',
      `${NAME}/${fixture}:v1`,
      '--notation-policy',
      policy(overrides),
      ...store,
      ...MIRROR,
    ]);
    expect([run.stderr, run.code]).toEqual(['', code]);
    expect(run.stdout).toContain(reason);
  });

  test('a store without its name', async () => {
    const run = await imageTrust([
      'verify',
      `${NAME}/notation-jws:v1`,
      '--notation-policy',
      policy({}),
      '--notation-ca',
      `${KEYS}/pki/root.crt`,
    ]);
    expect([run.code, run.stderr]).toEqual([64, expect.stringContaining('write NAME=FILE')]);
  });
});
