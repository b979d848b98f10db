import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { IMAGES } from '../demo/images.ts';
import { imageTrust } from '../support/cli.ts';
import type { KeysDocument } from '../../src/outputs/schemas.ts';

const MIRRORS = Object.entries(IMAGES).flatMap(([repository, layout]) => [
  '--mirror',
  `registry.example.com/${repository}=oci:test/fixtures/${layout}`,
]);
const NOWHERE = ['--mirror', 'registry.example.com=http://127.0.0.1:9'];
const DEMO = ['keys', '-f', 'config/samples/demo', ...MIRRORS, ...NOWHERE];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'image-trust-keys-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function keys(...more: string[]): Promise<KeysDocument['keys']> {
  const { stdout } = await imageTrust([...DEMO, '-o', 'json', ...more]);
  return (JSON.parse(stdout) as KeysDocument).keys;
}

describe('keys', () => {
  test('counts who depends on each, and who on nobody else', async () => {
    const found = await keys();
    expect(found.map(({ name, state, type, dependents: d }) => [name, state, type, d.images, d.workloads])).toEqual([
      ['ci-workflow', 'Active', 'keyless', 1, 1],
      ['release-2026', 'Active', 'publicKey', 4, 4],
      ['security-p384', 'Active', 'publicKey', 1, 1],
      ['vendor', 'Active', 'notation', 1, 1],
    ]);
    expect(found[0]).toMatchObject({ solelyDependent: [{ kind: 'Deployment', name: 'runner' }] });
  });

  test('what is solely dependent is what falls without the key', async () => {
    const [, release] = await keys();
    const { stdout } = await imageTrust(['scan', ...DEMO.slice(1), '-o', 'json', '--without-key', 'release-2026']);
    const { results } = JSON.parse(stdout) as { results: { reason?: string; workload: { name: string } }[] };
    const fallen = results.filter(({ reason }) => reason === 'KeyRevoked').map(({ workload }) => workload.name);
    expect(release?.solelyDependent.map(({ name }) => name).sort()).toEqual(fallen.sort());
    expect(fallen.length).toBeGreaterThan(0);
  });

  test('a revoked key has no dependents', async () => {
    const [, release] = await keys('--without-key', 'release-2026');
    expect(release?.dependents).toMatchObject({ policies: 2, images: 0, workloads: 0 });
  });

  test('checks that could not be made are said, with exit code 2', async () => {
    const run = await imageTrust(DEMO);
    expect(run.code).toBe(2);
    expect(run.stderr).toBe('image-trust: 1 check could not be made: who depends on which key is not known in full\n');
    expect(run.stdout).toMatch(/^NAME +STATE +READY +AGE +EXPIRES +IMAGES +WORKLOADS +SOLELY-DEPENDENT +MESSAGE\n/);
  });

  test('age, expiry, and what is wrong with a key', async () => {
    const file = join(folder, 'keys.yaml');
    const key = (name: string, spec: object, metadata: object = {}) =>
      JSON.stringify({
        apiVersion: 'imagetrust.dev/v1alpha1',
        kind: 'TrustedKey',
        metadata: { name, ...metadata },
        spec,
      });
    const secretRef = { namespace: 'a', name: 'gone', key: 'cosign.pub' };
    const identities = [{ issuer: 'https://issuer.example.com', subject: 'a' }];
    const lifecycle = { validFrom: '2026-11-01T12:00:00Z', validUntil: '2026-11-30T00:00:00Z', rotateEvery: '10d' };
    writeFileSync(
      file,
      [
        key('ending', { keyless: { identities }, lifecycle }),
        key('missing', { publicKey: { secretRef } }, { creationTimestamp: '2026-11-21T09:00:00Z' }),
        key('retiring', { keyless: { identities }, lifecycle: { state: 'Retiring' } }),
      ].join('\n---\n'),
    );
    const root = 'test/fixtures/keys/trusted_root.json';
    const { stdout, code } = await imageTrust(['keys', '-f', file, '--trusted-root', root]);
    expect(code).toBe(0);
    const [, ending, missing, retiring] = stdout.split('\n');
    expect(ending).toMatch(
      /^ending +Active +True +20d +2026-11-30T00:00:00Z .*ends at 2026-11-30.*rotation every 10d was due/,
    );
    expect(missing).toMatch(/^missing +Active +False +3h +<none> .*there is no Secret a\/gone/);
    expect(retiring).toMatch(/^retiring +Retiring +True +<unknown> .*still vouches/);
  });

  test.each([
    ['no key', ['keys', '-f', 'config/samples/demo/policies.yaml'], 'there is no TrustedKey'],
    ['nothing given', ['keys'], 'keys: give manifests with -f FILE'],
    ['an unknown format', [...DEMO, '-o', 'html'], "option '-o, --output <FORMAT>' argument 'html' is invalid"],
  ])('%s is wrong usage', async (_, args, said) => {
    const run = await imageTrust(args);
    expect(run).toMatchObject({ code: 64, stdout: '' });
    expect(run.stderr).toContain(said);
  });
});
