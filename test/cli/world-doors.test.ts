/** The doors of a world: what `scan` holds the images against that run. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { TrustedKey } from '../../src/api/trusted-key.ts';
import { doorsOf } from '../../src/cli/world-doors.ts';
import type { Door } from '../../src/core/restart.ts';
import { imageTrust } from '../support/cli.ts';
import { policyOf } from '../support/builders.ts';

const RELEASE = TrustedKey.parse({
  apiVersion: 'imagetrust.dev/v1alpha1',
  kind: 'TrustedKey',
  metadata: { name: 'release' },
  spec: { publicKey: { pem: readFileSync('test/fixtures/keys/k1.pub', 'utf8') }, transparencyLog: 'Ignored' },
});
const looked = { type: 'EnforcementReady', status: 'True', reason: 'PolicyReady', message: '' };
const condition = { ...looked, lastTransitionTime: '2026-11-21T10:00:00Z' } as const;

function door(
  enforcement: object,
  { status, withoutKey = [] }: { readonly status?: object; readonly withoutKey?: readonly string[] } = {},
): Door {
  const sources = { materials: { get: () => ({ state: 'absent' }) as const }, withoutKey, now: new Date(0) };
  const policy = policyOf('production', { enforcement });
  return doorsOf({ trustedKeys: [RELEASE] }, sources)(status === undefined ? policy : { ...policy, status });
}

test.each<[string, Door, unknown]>([
  ['mode Disabled', door({ mode: 'Disabled' }), 'open'],
  ['manifests alone: the kind that Auto chooses of both', door({}), { format: 'ImageValidatingPolicy' }],
  ['the kind that is asked for', door({ kyverno: { format: 'ClusterPolicy' } }), { format: 'ClusterPolicy' }],
  [
    'a cluster: the kind that is there',
    door(
      {},
      {
        status: { conditions: [condition], kyverno: { kind: 'ClusterPolicy', name: 'x', ready: true, mode: 'Audit' } },
      },
    ),
    { format: 'ClusterPolicy' },
  ],
  ['a cluster without Kyverno', door({}, { status: { conditions: [condition] } }), 'open'],
  ['a key that is taken away', door({}, { withoutKey: ['release'] }), { unmeetable: ['team'] }],
])('%s', (_, found, expected) => {
  expect({ door: found }).toMatchObject({ door: expected });
});

test('scan says in -o wide and -o json which bundle Kyverno would not read, and in no mode Disabled', async () => {
  const mirror = ['--mirror', 'registry.example.com/app=oci:test/fixtures/bundle3-k1'];
  const world = (mode: string): string =>
    [
      {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'cart', namespace: 'shop' },
        spec: { containers: [{ name: 'app', image: 'registry.example.com/app:v1' }] },
      },
      { ...RELEASE, metadata: { name: 'release' } },
      {
        ...policyOf('production'),
        spec: {
          images: ['*'],
          attestors: policyOf('x').spec.attestors,
          enforcement: { mode, kyverno: { format: 'ClusterPolicy' } },
        },
      },
    ]
      .map((object) => JSON.stringify(object))
      .join('\n---\n');
  const scan = (mode: string, output: string) =>
    imageTrust(['scan', '-f', '-', ...mirror, '-o', output], { stdin: world(mode) });
  const [row] = (JSON.parse((await scan('Audit', 'json')).stdout) as { results: object[] }).results;
  expect(row).toMatchObject({ state: 'verified', refusedOnRestart: { reason: 'SignatureFormat' } });
  expect((await scan('Enforce', 'wide')).stdout).toMatch(/SignatureFormat: Kyverno does not read the signature/);
  expect((await scan('Disabled', 'wide')).stdout).not.toContain('SignatureFormat');
});

test('scan says which Notary signature is held by a timestamp alone that ClusterPolicy does not read', async () => {
  const pem = readFileSync('test/fixtures/keys/pki/root.crt', 'utf8');
  const stores = { ca: [{ pem }], tsa: [{ pem }] };
  const notation = { trustStores: stores, trustedIdentities: ['*'], verifyTimestamp: 'afterCertExpiry' };
  const pod = (name: string) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'shop' },
    spec: { containers: [{ name: 'app', image: `registry.example.com/${name}:v1` }] },
  });
  const { spec, ...policy } = policyOf('production');
  const enforcement = { kyverno: { format: 'ClusterPolicy' } };
  const objects = [
    { ...RELEASE, metadata: { name: 'release' }, spec: { notation } },
    { ...policy, spec: { images: ['*'], attestors: spec.attestors, enforcement } },
    pod('old'),
    pod('new'),
  ];
  const mirrors = Object.entries({ old: 'notation-jws-tsa-expiredcert', new: 'notation-jws-tsa' });
  const flags = mirrors.flatMap(([name, fixture]) => [
    '--mirror',
    `registry.example.com/${name}=oci:test/fixtures/${fixture}`,
  ]);
  const stdin = objects.map((object) => JSON.stringify(object)).join('\n---\n');
  const { stdout } = await imageTrust(['scan', '-f', '-', ...flags, '-o', 'json'], { stdin });
  const { results } = JSON.parse(stdout) as {
    results: { workload: { name: string }; state: string; refusedOnRestart?: { reason: string } }[];
  };
  expect(
    results.map(({ workload, state, refusedOnRestart }) => [workload.name, state, refusedOnRestart?.reason]),
  ).toEqual([
    ['new', 'verified', undefined],
    ['old', 'verified', 'SignatureTime'],
  ]);
});
