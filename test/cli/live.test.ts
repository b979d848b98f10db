/** `scan --kubeconfig`: a live cluster, by an API server in this process. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { IMAGES } from '../demo/images.ts';
import type { ApiObject } from '../support/api-server/server.ts';
import { imageTrust } from '../support/cli.ts';
import { startKube, type TestKube } from '../support/kube.ts';

const DEMO = 'config/samples/demo';
const MIRRORS = Object.entries(IMAGES).flatMap(([repository, layout]) => [
  '--mirror',
  `registry.example.com/${repository}=oci:test/fixtures/${layout}`,
]);
const NOWHERE = ['--mirror', 'registry.example.com=http://127.0.0.1:9'];

let kube: TestKube;
let folder: string;
let kubeconfig: string;

beforeAll(async () => {
  kube = await startKube();
  folder = mkdtempSync(join(tmpdir(), 'image-trust-live-'));
  kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, kube.api.kubeconfig());
});

afterAll(async () => {
  await kube[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

function scan(...more: string[]): ReturnType<typeof imageTrust> {
  return imageTrust(['scan', '--kubeconfig', kubeconfig, ...MIRRORS, ...NOWHERE, '-o', 'json', ...more]);
}

interface Row {
  readonly policy: string;
  readonly state: string;
  readonly reason?: string;
  readonly workload: { readonly kind: string; readonly name: string };
  readonly pod?: { readonly name: string };
}

async function rows(...more: string[]): Promise<readonly Row[]> {
  const { stdout, stderr } = await scan(...more);
  expect(stderr).toBe('');
  return (JSON.parse(stdout) as { results: readonly Row[] }).results;
}

function demoObjects(file: string): readonly ApiObject[] {
  return parseAllDocuments(readFileSync(join(DEMO, file), 'utf8')).map((document) => document.toJS() as ApiObject);
}

/** A Deployment as a cluster has it: with its ReplicaSet and its Pod. */
function running(deployment: ApiObject): readonly ApiObject[] {
  const { name, namespace } = deployment.metadata;
  const { template } = deployment['spec'] as { template: { metadata: { labels: object }; spec: object } };
  const owned = (rest: string, owner: Pick<ApiObject, 'apiVersion' | 'kind'>, by: string) => ({
    name: `${name}-${rest}`,
    namespace,
    uid: `uid-${name}-${rest}`,
    labels: template.metadata.labels,
    ownerReferences: [{ ...owner, name: by, uid: `uid-${by}`, controller: true }],
  });
  return [
    { ...deployment, metadata: { ...deployment.metadata, uid: `uid-${name}` } },
    {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: owned('1', { apiVersion: 'apps/v1', kind: 'Deployment' }, String(name)),
    },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: owned('1-a', { apiVersion: 'apps/v1', kind: 'ReplicaSet' }, `${name}-1`),
      spec: template.spec,
    },
  ] as readonly ApiObject[];
}

describe('scan of a live cluster', () => {
  beforeAll(() => {
    const crds = ['imagetrustpolicies', 'trustedkeys'].map(
      (plural) => parseAllDocuments(readFileSync(`crds/imagetrust.dev_${plural}.yaml`, 'utf8'))[0]?.toJS() as ApiObject,
    );
    const objects = ['keys.yaml', 'policies.yaml', 'workloads.yaml'].flatMap(demoObjects);
    const spaces = [...new Set(objects.flatMap(({ metadata }) => metadata.namespace ?? []))];
    const namespaces = spaces.map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }));
    kube.api.seed([...crds, ...(namespaces as ApiObject[])]);
    kube.api.seed(objects.flatMap((object) => (object.kind === 'Deployment' ? running(object) : [object])));
  });

  test('the verdicts are those of the same manifests, under the workloads that people wrote', async () => {
    const manifests = await imageTrust(['scan', '-f', DEMO, ...MIRRORS, ...NOWHERE, '-o', 'json']);
    const described = (JSON.parse(manifests.stdout) as { results: readonly Row[] }).results;
    const said = (all: readonly Row[]): readonly string[] =>
      all.map((row) => `${row.policy} ${row.workload.kind}/${row.workload.name} ${row.state} ${row.reason}`).sort();
    const live = await rows();
    expect(said(live)).toEqual(said(described));
    expect(live.every((row) => row.pod !== undefined)).toBe(true);
    expect(new Set(live.map((row) => row.workload.kind))).toEqual(new Set(['Deployment', 'Pod']));
  });

  test('nothing is written, and of Secrets only those that keys name are read', async () => {
    kube.api.requests.length = 0;
    await scan();
    expect(new Set(kube.api.requests.map(({ verb }) => verb))).toEqual(new Set(['list', 'get']));
    const secrets = kube.api.requests.filter(({ path }) => path.includes('/secrets'));
    expect(secrets.map(({ verb }) => verb)).toEqual(['get']);
  });

  test('a manifest stands in place of the object of its name: what would the next policy say?', async () => {
    const [first] = demoObjects('policies.yaml');
    const next = join(folder, 'next.json');
    const spec = { ...(first?.['spec'] as object), images: ['nothing.example.com/*'] };
    writeFileSync(next, JSON.stringify({ ...first, spec }));
    const name = first?.metadata.name;
    expect((await rows()).some((row) => row.policy === name)).toBe(true);
    expect((await rows('-f', next)).some((row) => row.policy === name)).toBe(false);
  });

  test('a key whose Secret may not be read is unusable, and it is said', async () => {
    const end = kube.api.fault({ match: /^get secrets/, status: 403 });
    const { stderr, stdout, code } = await scan();
    end();
    expect(stderr).toMatch(/^image-trust: Secret \S+ may not be read by you: what needs it is judged without it\n$/);
    expect(stdout).toContain('TrustedKeyNotReady');
    expect(code).toBe(1);
  });

  test.each([
    ['is away', 503, 2],
    ['refuses us', 403, 2],
  ])('where the API server %s, nothing was verified', async (_, status, code) => {
    const end = kube.api.fault({ match: /^list pods/, status });
    const run = await scan();
    end();
    expect(run).toMatchObject({ code, stdout: '' });
    expect(run.stderr).toMatch(/^image-trust: the cluster could not be read, nothing was verified: list pods/);
  });

  test.each([
    ['a kubeconfig that is not there', ['scan', '--kubeconfig', '/nonexistent'], '/nonexistent'],
    ['a context that is not in it', ['scan', '--context', 'elsewhere'], 'elsewhere'],
    ['neither cluster nor manifests', ['scan'], 'give manifests with -f FILE'],
  ])('%s is wrong usage', async (_, args, named) => {
    const more = args.includes('--context') ? ['--kubeconfig', kubeconfig] : [];
    const run = await imageTrust([...args, ...more]);
    expect(run).toMatchObject({ code: 64, stdout: '' });
    expect(run.stderr).toContain(named);
  });
});
