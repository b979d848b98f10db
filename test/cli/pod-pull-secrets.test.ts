/** `scan --pod-pull-secrets`: a live cluster whose Pods pull from a registry that asks for a password. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import type { ApiObject } from '../support/api-server/server.ts';
import { imageTrust } from '../support/cli.ts';
import { namespace, policy, publicKey, trustedKey } from '../support/cluster/scene.ts';
import { startKube, type TestKube } from '../support/kube.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

const PASSWORD = 's3cret-of-the-pod';
let kube: TestKube;
let registry: TestRegistry;
let folder: string;
let kubeconfig: string;

beforeAll(async () => {
  kube = await startKube();
  const auth = { type: 'basic', username: 'puller', password: PASSWORD } as const;
  registry = await startRegistry({ auth, layouts: { 'app/signed': 'test/fixtures/legacy3-k1' } });
  folder = mkdtempSync(join(tmpdir(), 'image-trust-pull-'));
  kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, kube.api.kubeconfig());
  const crds = ['imagetrustpolicies', 'trustedkeys'].map(
    (plural) => parseAllDocuments(readFileSync(`crds/imagetrust.dev_${plural}.yaml`, 'utf8'))[0]?.toJS() as ApiObject,
  );
  const key = trustedKey('k1', { publicKey: { pem: publicKey('k1') } });
  const objects = ['own', 'account'].flatMap((space) => [
    namespace(space),
    policy(space, 'k1'),
    pullSecret(space, PASSWORD),
    pod(space, space === 'own' ? { imagePullSecrets: [{ name: 'pull' }] } : { serviceAccountName: 'ci' }),
  ]);
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'ci', namespace: 'account' } };
  kube.api.seed([...crds, ...([key, ...objects, { ...account, imagePullSecrets: [{ name: 'pull' }] }] as ApiObject[])]);
});

afterAll(async () => {
  await Promise.all([kube[Symbol.asyncDispose](), registry.close()]);
  rmSync(folder, { recursive: true, force: true });
});

function pullSecret(space: string, password: string): object {
  const config = JSON.stringify({ auths: { [registry.host]: { username: 'puller', password } } });
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'pull', namespace: space },
    type: 'kubernetes.io/dockerconfigjson',
    data: { '.dockerconfigjson': Buffer.from(config).toString('base64') },
  };
}

function pod(space: string, rest: object): object {
  const containers = [{ name: 'app', image: `${registry.host}/app/signed:v1` }];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'app', namespace: space },
    spec: { containers, ...rest },
    status: { phase: 'Running' },
  };
}

async function scan(...more: readonly string[]) {
  kube.api.requests.length = 0;
  const { stdout, stderr, code } = await imageTrust(['scan', '--kubeconfig', kubeconfig, '-o', 'json', ...more]);
  const { results } = JSON.parse(stdout) as { results: readonly { policy: string; state: string; reason: string }[] };
  const rights = kube.api.requests.map(({ verb, resource }) => `${verb} ${resource}`);
  const read = rights.filter((right) => /secrets|serviceaccounts/.test(right)).sort();
  expect(stdout + stderr).not.toContain(PASSWORD);
  return { said: results.map(({ policy: by, state, reason }) => `${by} ${state} ${reason}`).sort(), read, code };
}

test('without it no Secret is read, and the registry refuses', async () => {
  expect(await scan()).toEqual({
    said: ['account unknown RegistryUnauthorized', 'own unknown RegistryUnauthorized'],
    read: [],
    code: 2,
  });
});

test.each(['own', 'account'])('the Secret of the Pod or of its ServiceAccount opens (%s)', async (space) => {
  const { said, code } = await scan('--pod-pull-secrets', '--policy', space);
  expect([said, code]).toEqual([[`${space} verified Verified`], 0]);
});

test('each object is read once, and by name', async () => {
  const { read } = await scan('--pod-pull-secrets');
  expect(read).toEqual(['get /secrets', 'get /secrets', 'get /serviceaccounts']);
});

test('a Secret that may not be read is told, with what to do', async () => {
  const end = kube.api.fault({ match: /^get (secrets|serviceaccounts)/, status: 403 });
  const { stdout } = await imageTrust(['scan', '--kubeconfig', kubeconfig, '-o', 'json', '--pod-pull-secrets']);
  end();
  expect(stdout).toContain('which Pods pull with: it may not be read; give the right to get secrets');
});

test('it needs a cluster', async () => {
  const { code, stderr } = await imageTrust(['scan', '-f', 'config/samples/demo', '--pod-pull-secrets']);
  expect(code).toBe(64);
  expect(stderr).toContain('give the cluster whose Secrets are meant with --kubeconfig or --context');
});
