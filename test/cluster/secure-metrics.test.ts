/**
 * `--metrics-secure` as a scraper meets it: TLS, and metrics for whom the API server says may read them. On the real
 * server with the rights of config/components/secure-metrics and no others.
 */
import { mkdirSync, mkdtempSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { TLSSocket } from 'node:tls';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { type Account, kubeconfigOf, tokenOf, userOf } from '../support/cluster/access.ts';
import { type Cluster, describeOnClusters } from '../support/cluster/cluster.ts';
import { applyKustomization, withOverlay } from '../support/cluster/kubectl.ts';
import { installMonitoringCrds } from '../support/cluster/monitoring-crds.ts';
import { type Operator, startOperator } from '../support/cluster/operator.ts';
import { eventually } from '../support/eventually.ts';
import { CA, type Issued, openPki, type Pki } from '../support/pki.ts';
import { ACCOUNT } from '../rights/owners.table.ts';

const SCRAPER: Account = { namespace: 'monitoring', name: 'prometheus' };
const STRANGER: Account = { namespace: 'monitoring', name: 'stranger' };
/** Of the Service that config/manager puts before the metrics; the Certificate and the ServiceMonitor name it too. */
const SERVICE = 'image-trust-operator-metrics.image-trust-system.svc';
const ROLE = 'image-trust-operator-metrics-reader';
/** An answer of the API server counts for ten seconds; a renewed certificate is looked for every ten. */
const REMEMBERED = { within: 20_000, every: 250 };
/** What Prometheus gives a scrape. */
const SCRAPE_TIMEOUT_MS = 10_000;

let pki: Pki;
let ca: Issued;
let certificates: string;
let kubeconfig: string;
let operator: Operator;
let scraper: string;
let stranger: string;

describeOnClusters(
  'secure metrics',
  {
    async prepare(cluster) {
      const stack = new AsyncDisposableStack();
      pki = openPki();
      stack.defer(() => pki.dispose());
      ca = pki.issue({ subject: '/CN=metrics-ca', extensions: CA });
      certificates = mkdtempSync(join(cluster.folder, 'tls-'));
      mount(certificates, 'first', serving());
      if (cluster.kind === 'real') await install(cluster);
      kubeconfig = await kubeconfigOf(cluster, ACCOUNT);
      scraper = await tokenOf(cluster, SCRAPER);
      stranger = await tokenOf(cluster, STRANGER);
      await permit(cluster, true);
      operator = stack.use(await start(`--metrics-cert-dir=${certificates}`));
      return stack;
    },
  },
  (cluster) => {
    test('are for whom the API server lets in', async () => {
      await eventually(async () => expect((await scrape(scraper)).status).toBe(200), REMEMBERED);
      const { type, body } = await scrape(scraper);
      expect(type).toMatch(/^text\/plain; version=0\.0\.4/);
      expect(body).toMatch(/^image_trust_build_info\{.*\} 1$/m);
    });

    test.each([
      ['nobody', () => undefined, 401],
      ['somebody whose token is not of this cluster', () => 'eyJhbGciOiJub25lIn0.e30.', 401],
      ['a token with a byte changed', () => `${scraper.slice(0, -2)}AA`, 401],
      ['a ServiceAccount that may not', () => stranger, 403],
    ])('are not for %s', async (_, token, status) => {
      const got = await scrape(token());
      expect(got.status).toBe(status);
      expect(got.body).not.toContain('image_trust');
      expect(got.challenge).toBe(status === 401 ? 'Bearer' : undefined);
    });

    test('are not told in plain HTTP', async () => {
      await expect(fetch(`${operator.metricsUrl}/metrics`)).rejects.toThrow('fetch failed');
    });

    test('leave the probes open to the kubelet', async () => {
      expect(await operator.isReady()).toBe(true);
    });

    test('follow a right that is taken and a certificate that is renewed, without a restart', async () => {
      const next = serving();
      mount(certificates, 'second', next);
      await permit(cluster(), false);
      await eventually(async () => expect((await scrape(scraper)).status).toBe(403), REMEMBERED);
      await eventually(async () => expect((await scrape(scraper)).certificate).toBe(next.pem.trim()), REMEMBERED);
      await permit(cluster(), true);
      // Of a token that was not refused a moment ago nothing is remembered.
      scraper = await tokenOf(cluster(), SCRAPER);
      await eventually(async () => expect((await scrape(scraper)).status).toBe(200), REMEMBERED);
    });

    test('while the API server is away nobody is let in for long; then all is as before', async () => {
      await cluster().stopApiServer();
      const never = await scrape(`${stranger}x`);
      expect([never.status, never.body]).toEqual([503, 'the API server cannot be asked who calls\n']);
      await eventually(async () => expect((await scrape(scraper)).status).toBe(503), REMEMBERED);
      await cluster().startApiServer();
      await eventually(async () => expect((await scrape(scraper)).status).toBe(200), REMEMBERED);
      expect((await scrape(`${stranger}x`)).status).toBe(401);
    });

    describe('an API server that does not answer', () => {
      beforeEach((context) => context.skip(cluster().kind === 'real', 'the real server answers'));

      test.each(['create tokenreviews', 'create subjectaccessreviews'])(
        '%s: 503 before a scrape ends',
        async (match) => {
          const found = cluster();
          if (found.kind === 'real') return;
          const token = await tokenOf(found, { ...STRANGER, name: match.replace(' ', '-') });
          const end = found.api.fault({ match, action: 'hang' });
          onTestFinished(end);
          expect((await scrape(token)).status).toBe(503);
          end();
          expect((await scrape(token)).status).toBe(403);
        },
      );
    });

    test('nothing that was printed holds a token', () => {
      const printed = operator.output();
      expect(printed).toContain('the API server');
      for (const token of [scraper, stranger]) expect(printed).not.toContain(token);
    });

    test('have a certificate of their own making where none is given', async () => {
      await using own = await start();
      const { status, certificate } = await scrape(scraper, own.metricsUrl, {});
      expect(status).toBe(200);
      expect(certificate).toMatch(/^-----BEGIN CERTIFICATE-----/);
      await expect(scrape(scraper, own.metricsUrl)).rejects.toThrow('self-signed certificate');
    });
  },
);

function start(...flags: readonly string[]): Promise<Operator> {
  return startOperator({ kubeconfig, args: ['--metrics-secure', ...flags] });
}

/** The installation with its option, without the Deployment's Pods: no controller makes them here. */
async function install(cluster: Cluster): Promise<void> {
  await installMonitoringCrds(cluster.client);
  await withOverlay({ resources: ['default'], components: ['components/secure-metrics'] }, (folder) =>
    applyKustomization(cluster, folder),
  );
}

/** Gives the scraper the right to read the metrics, by the ClusterRole that we ship, or takes it. */
async function permit(cluster: Cluster, allowed: boolean): Promise<void> {
  if (cluster.kind === 'embedded') {
    cluster.api.access.authorize = ({ username }, { path, verb }) =>
      allowed && username === userOf(SCRAPER) && path === '/metrics' && verb === 'get';
    return;
  }
  const group = 'rbac.authorization.k8s.io';
  const binding = { apiVersion: `${group}/v1`, kind: 'ClusterRoleBinding' };
  if (!allowed) return cluster.client.remove({ ...binding, name: 'scraper' });
  await cluster.client.apply({
    ...binding,
    metadata: { name: 'scraper' },
    roleRef: { apiGroup: group, kind: 'ClusterRole', name: ROLE },
    subjects: [{ kind: 'ServiceAccount', ...SCRAPER }],
  });
}

function serving(): Issued {
  const extensions = [
    'keyUsage=critical,digitalSignature',
    'extendedKeyUsage=serverAuth',
    `subjectAltName=DNS:${SERVICE}`,
  ];
  return pki.issue({ subject: '/CN=metrics', issuer: ca, extensions });
}

/** As a kubelet mounts a Secret: files are links into a folder that is changed as one. */
function mount(folder: string, version: string, { pem, keyFile }: Issued): void {
  mkdirSync(join(folder, version));
  writeFileSync(join(folder, version, 'tls.crt'), pem);
  writeFileSync(join(folder, version, 'tls.key'), readFileSync(keyFile));
  symlinkSync(version, join(folder, `..${version}`));
  renameSync(join(folder, `..${version}`), join(folder, '..data'));
  if (version !== 'first') return;
  for (const name of ['tls.crt', 'tls.key']) symlinkSync(join('..data', name), join(folder, name));
}

interface Scraped {
  readonly status: number;
  readonly body: string;
  readonly type: string | undefined;
  readonly challenge: string | undefined;
  /** PEM of what the server showed. */
  readonly certificate: string;
}

/** Whom a scraper takes for the operator. */
interface Trust {
  /** PEM; absent: anybody, whatever the name. */
  readonly ca?: string;
  readonly servername?: string;
}

/** One scrape on a connection of its own, by the CA and the name that the ServiceMonitor gives. */
async function scrape(
  token: string | undefined,
  from: string = operator.metricsUrl,
  trust: Trust = { ca: ca.pem, servername: SERVICE },
): Promise<Scraped> {
  const { promise, resolve, reject } = Promise.withResolvers<Scraped>();
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const options = { headers, agent: false, rejectUnauthorized: trust.ca !== undefined, ...trust } as const;
  const signal = AbortSignal.timeout(SCRAPE_TIMEOUT_MS);
  const sent = get(`${from.replace('http:', 'https:')}/metrics`, { ...options, signal }, (response) => {
    const { statusCode: status = 0, headers: told, socket } = response;
    const certificate = socket instanceof TLSSocket ? String(socket.getPeerX509Certificate()).trim() : '';
    text(response).then(
      (body) => resolve({ status, body, certificate, type: told['content-type'], challenge: told['www-authenticate'] }),
      reject,
    );
  });
  sent.on('error', reject);
  return promise;
}
