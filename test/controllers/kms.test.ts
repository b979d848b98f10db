/** Keys in a key service, in the operator: known before it is ready, rotated, kept through an outage. */
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../src/registry/clock.ts';
import { createKeyService } from '../../src/registry/kms/key-service.ts';
import { type Cluster, installReports, startCluster } from '../support/cluster/cluster.ts';
import {
  deploy,
  imageOf,
  keyTarget,
  namespace,
  policy,
  publicKey,
  reports,
  trustedKey,
} from '../support/cluster/scene.ts';
import { eventually } from '../support/eventually.ts';
import { runOperator, type SkippingClock, skippingClock } from '../support/operator.ts';
import { startRegistry } from '../support/registry.ts';
import { startVault, type TestVault, transitKey } from '../support/vault.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures');
let cluster: Extract<Cluster, { kind: 'embedded' }>;
let vault: TestVault;
let clock: SkippingClock;
let stack: AsyncDisposableStack;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  const started = await startCluster('embedded');
  if (started?.kind !== 'embedded') throw new Error('the embedded cluster did not start');
  cluster = stack.use(started);
  const registry = stack.use(await startRegistry({ layouts: { 'app/signed': join(FIXTURES, 'legacy3-k1') } }));
  vault = await startVault();
  stack.defer(() => vault.close());
  clock = skippingClock();
  await installReports(cluster.client, 'wgpolicyk8s');
  const kms = { uri: 'hashivault://release', refreshInterval: '30m' };
  await cluster.client.apply(namespace('shop'), trustedKey('shop', { publicKey: { kms } }), policy('shop', 'shop'));
  await deploy(cluster.client, 'shop', 'web', imageOf(registry, 'app/signed'));
});
afterEach(() => stack.disposeAsync());

async function run(): Promise<Awaited<ReturnType<typeof runOperator>>> {
  const service = createKeyService({ env: { VAULT_ADDR: vault.url, VAULT_TOKEN: 'root' }, clock: systemClock });
  stack.defer(() => service.close());
  return runOperator(cluster.kubeconfig, [], { clock, askKms: (uri, signal) => service.publicKeys(uri, signal) });
}

const said = async (expected: string): Promise<void> =>
  eventually(
    async () => expect(await reports(cluster.client, 'shop')).toEqual([`Deployment/web shop/app ${expected}`]),
    {
      within: 20_000,
    },
  );
const ready = async (): Promise<unknown> => {
  const { conditions = [] } = ((await cluster.client.get(keyTarget('shop')))?.['status'] ?? {}) as {
    conditions?: { type: string; status: string; reason: string }[];
  };
  const found = conditions.find(({ type }) => type === 'Ready');
  return found === undefined ? undefined : `${found.status} ${found.reason}`;
};

test('a key of Vault vouches; one that is rotated too; an outage takes it from nobody', async () => {
  vault.keys.set('release', transitKey([publicKey('k1')]));
  await using _ = await run();
  await said('pass Verified');
  const asked = vault.requests.length;
  vault.keys.set('release', transitKey([publicKey('k1'), publicKey('other')]));
  clock.skip(31 * 60_000);
  await eventually(() => expect(vault.requests.length).toBeGreaterThan(asked));
  await said('pass Verified');
  vault.down = { status: 503 };
  const during = vault.requests.length;
  clock.skip(31 * 60_000);
  await eventually(() => expect(vault.requests.length).toBeGreaterThan(during));
  await said('pass Verified');
  vault.down = undefined;
  vault.keys.set('release', transitKey([publicKey('other')]));
  clock.skip(31 * 60_000);
  await said('fail UntrustedSigner');
});

test('a key that cannot be had makes nothing rejected, and says why; it heals by itself', async () => {
  await using _ = await run();
  await said('error KmsUnavailable');
  await eventually(async () => expect(await ready()).toBe('False KmsUnavailable'));
  vault.keys.set('release', transitKey([publicKey('k1')]));
  clock.skip(60_000);
  await said('pass Verified');
  await eventually(async () => expect(await ready()).toMatch(/^True /));
});
