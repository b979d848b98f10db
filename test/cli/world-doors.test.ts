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
