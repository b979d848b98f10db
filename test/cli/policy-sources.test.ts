/** What policies in manifests say of their registries: credentials, CA, plain HTTP; and what cannot be had. */
import { readFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { stringify } from 'yaml';
import { imageTrust } from '../support/cli.ts';
import { CA, EC256, openPki, type Pki } from '../support/pki.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

const AUTH = { type: 'basic', username: 'puller', password: 's3cret' } as const;
const KEY = {
  apiVersion: 'imagetrust.dev/v1alpha1',
  kind: 'TrustedKey',
  metadata: { name: 'k1' },
  spec: { transparencyLog: 'Ignored', publicKey: { pem: readFileSync('test/fixtures/keys/k1.pub', 'utf8') } },
};

async function registry(auth: Parameters<typeof startRegistry>[0] = {}): Promise<TestRegistry> {
  const started = await startRegistry({ layouts: { 'app/signed': 'test/fixtures/legacy3-k1' }, ...auth });
  onTestFinished(() => started[Symbol.asyncDispose]());
  return started;
}

function policy(name: string, host: string, access: object): object {
  return {
    apiVersion: KEY.apiVersion,
    kind: 'ImageTrustPolicy',
    metadata: { name },
    spec: {
      images: [`${host}/*`],
      registry: access,
      attestors: [{ name: 'team', entries: [{ trustedKey: 'k1' }] }],
      verification: { timeout: '10s' },
    },
  };
}

const pod = (host: string): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'app', namespace: 'shop' },
  spec: { containers: [{ name: 'app', image: `${host}/app/signed:v1` }] },
});

function secret(name: string, type: string, stringData: object): object {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: 'security' }, type, stringData };
}

/** What the policies say: name, reason and message of each. */
async function judged(...objects: readonly object[]): Promise<readonly string[]> {
  const stdin = objects.map((object) => stringify(object)).join('---\n');
  const { stdout, stderr } = await imageTrust(['scan', '-f', '-', '-o', 'json'], { stdin });
  expect(stderr + stdout).not.toContain(AUTH.password);
  const { results } = JSON.parse(stdout) as {
    results: readonly { policy: string; state: string; reason: string; message: string }[];
  };
  return results.map(({ policy: by, state, reason, message }) => `${by}: ${state} ${reason}: ${message}`);
}

const credentials = (name: string): object => ({ credentials: [{ secretRef: { namespace: 'security', name } }] });

test.each<[string, (host: string) => object]>([
  [
    'kubernetes.io/dockerconfigjson',
    (host) => ({ '.dockerconfigjson': JSON.stringify({ auths: { [host]: { ...AUTH, type: undefined } } }) }),
  ],
  ['kubernetes.io/dockercfg', (host) => ({ '.dockercfg': JSON.stringify({ [host]: { ...AUTH, type: undefined } }) })],
  ['kubernetes.io/basic-auth', () => ({ username: AUTH.username, password: AUTH.password })],
])('the credentials of a policy come from a Secret of type %s in the manifests', async (type, data) => {
  const { host } = await registry({ auth: AUTH });
  const access = { insecure: true, ...credentials('pull') };
  expect(await judged(KEY, policy('own', host, access), pod(host), secret('pull', type, data(host)))).toEqual([
    expect.stringMatching(/^own: verified/),
  ]);
});

test('credentials of one policy serve no other', async () => {
  const { host, requests } = await registry({ auth: AUTH });
  const data = { username: AUTH.username, password: AUTH.password };
  const found = await judged(
    KEY,
    policy('with', host, { insecure: true, ...credentials('pull') }),
    policy('without', host, { insecure: true }),
    pod(host),
    secret('pull', 'kubernetes.io/basic-auth', data),
  );
  expect(found).toEqual([
    expect.stringMatching(/^with: verified/),
    expect.stringMatching(/^without: unknown RegistryUnauthorized/),
  ]);
  expect(requests.some(({ authorization }) => authorization === undefined)).toBe(true);
});

test('what a policy names and the manifests do not hold makes its images unknown, by name, and no others', async () => {
  const { host } = await registry();
  const found = await judged(
    KEY,
    policy('ca', host, { insecure: true, caRef: { configMapRef: { namespace: 'security', name: 'ca', key: 'crt' } } }),
    policy('credentials', host, { insecure: true, ...credentials('pull') }),
    policy('well', host, { insecure: true }),
    pod(host),
  );
  expect(found).toEqual([
    expect.stringMatching(
      /^ca: unknown RegistryUnavailable: .*spec\.registry\.caRef: there is no ConfigMap security\/ca/,
    ),
    expect.stringMatching(
      /^credentials: unknown RegistryUnauthorized: .*spec\.registry\.credentials: there is no Secret security\/pull/,
    ),
    expect.stringMatching(/^well: verified/),
  ]);
});

test('a CA out of a ConfigMap of the manifests is trusted by the policy that names it', async () => {
  using pki = disposable(openPki());
  const root = pki.issue({ subject: '/CN=root', extensions: CA, key: EC256 });
  const extensions = ['subjectAltName=IP:127.0.0.1'];
  const server = pki.issue({ subject: '/CN=server', issuer: root, key: EC256, extensions });
  const tls = { key: server.key.export({ type: 'pkcs8', format: 'pem' }), cert: server.pem };
  const { host } = await registry({ tls });
  const caRef = { configMapRef: { namespace: 'security', name: 'ca', key: 'ca.crt' } };
  const metadata = { name: 'ca', namespace: 'security' };
  const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { 'ca.crt': root.pem } };
  const found = await judged(KEY, policy('with', host, { caRef }), policy('without', host, {}), pod(host), configMap);
  expect(found).toEqual([
    expect.stringMatching(/^with: verified/),
    expect.stringMatching(/^without: unknown Registry/),
  ]);
});

function disposable(pki: Pki): Pki & Disposable {
  return { ...pki, [Symbol.dispose]: () => pki.dispose() };
}
