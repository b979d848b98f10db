/**
 * The real control plane on loopback: etcd, kube-apiserver and, where asked for, kube-controller-manager, on free
 * ports with certificates of its own in a temporary folder. Ends what it started by process, within 20 s, and
 * removes the folder.
 *
 *   await using plane = await startControlPlane(box, { controllers: 'all', audit: true });
 *   plane.kubeconfig                     // a file, as admin
 *   await plane.apiServer.restart();
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import type { ToolName } from '../toolbox/toolbox.ts';
import type { Entrance } from './cluster/client.ts';
import { freePorts } from './free-ports.ts';
import { CA, type Issued, openPki, type Pki } from './pki.ts';
import { program, type Restartable } from './program.ts';

/** What it needs of the toolbox. */
export const CONTROL_PLANE_TOOLS = [
  'kube-apiserver',
  'etcd',
  'kubectl',
  'kube-controller-manager',
] as const satisfies ToolName[];
type ControlPlaneTool = (typeof CONTROL_PLANE_TOOLS)[number];

export interface ControlPlaneOptions {
  /**
   * Which controllers of kube-controller-manager run: `lifecycle` collects garbage and empties namespaces, `all` makes
   * Pods of Deployments too, and ServiceAccounts. Default: it is not started.
   */
  readonly controllers?: keyof typeof CONTROLLERS;
  /** Write who asked what into `auditLog()`. */
  readonly audit?: boolean;
}

export interface ControlPlane extends AsyncDisposable {
  readonly entrance: Entrance;
  /** Path of a kubeconfig as admin. */
  readonly kubeconfig: string;
  /** A temporary folder that goes with the control plane. */
  readonly folder: string;
  readonly kubectl: string;
  readonly apiServer: Restartable;
  /** Writes a kubeconfig for the bearer of a token, or for one who comes through another `server`; gives its path. */
  kubeconfigFor(name: string, token: string, server?: string): string;
  /** Finished requests so far. */
  auditLog(): readonly AuditEvent[];
}

/** A line of the audit log, as far as we read it. */
export interface AuditEvent {
  readonly verb: string;
  readonly requestURI: string;
  readonly userAgent?: string;
  readonly user: { readonly username: string };
  readonly objectRef?: {
    readonly apiGroup?: string;
    readonly resource: string;
    readonly subresource?: string;
    readonly name?: string;
    readonly namespace?: string;
  };
  readonly responseStatus?: { readonly code: number };
}

/** Nothing of a control plane that goes is kept, and kube-apiserver waits long for those who watch. */
const DISPOSE_MS = 2000;

export async function startControlPlane(
  box: { readonly path: (name: ControlPlaneTool) => string },
  options: ControlPlaneOptions = {},
): Promise<ControlPlane> {
  const folder = mkdtempSync(join(tmpdir(), 'image-trust-control-plane-'));
  const pki = openPki();
  const started: Restartable[] = [];
  const begin = async (process: Restartable): Promise<Restartable> => {
    started.unshift(process);
    await process.start();
    return process;
  };
  const dispose = async (): Promise<void> => {
    for (const process of started) await process.stop(DISPOSE_MS);
    pki.dispose();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const [etcdPort, peerPort, port, controllersPort] = await freePorts(4);
    const admin = certify(pki, folder);
    const entrance: Entrance = { server: `https://127.0.0.1:${port}`, ...admin };
    const kubeconfig = writeKubeconfig(folder, 'admin', entrance);
    const url = `http://127.0.0.1:${etcdPort}`;
    await begin(
      program({
        folder,
        path: box.path('etcd'),
        flags: etcdFlags(folder, url, `http://127.0.0.1:${peerPort}`),
        ready: () => answers(`${url}/health`),
      }),
    );
    const apiServer = await begin(
      program({
        folder,
        path: box.path('kube-apiserver'),
        flags: apiServerFlags(folder, { etcd: url, port: port ?? 0, audit: options.audit === true }),
        ready: () => answers(`${entrance.server}/readyz`, entrance),
      }),
    );
    const { controllers } = options;
    if (controllers !== undefined)
      await begin(
        program({
          folder,
          path: box.path('kube-controller-manager'),
          flags: controllerFlags(folder, {
            kubeconfig,
            port: controllersPort ?? 0,
            controllers: CONTROLLERS[controllers],
          }),
          ready: () => answers(`https://127.0.0.1:${controllersPort}/healthz`),
        }),
      );
    return {
      entrance,
      kubeconfig,
      folder,
      kubectl: box.path('kubectl'),
      apiServer,
      kubeconfigFor: (name, token, server = entrance.server) =>
        writeKubeconfig(folder, name, {
          server,
          ...(entrance.ca === undefined ? {} : { ca: entrance.ca }),
          token,
        }),
      auditLog: () => readAudit(folder),
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** Serving certificate, service-account keys, and an admin: as envtest makes them. */
function certify(pki: Pki, folder: string): Required<Pick<Entrance, 'ca' | 'certificate'>> {
  const keep = (name: string, { pem, keyFile }: Issued): void => {
    writeFileSync(join(folder, `${name}.crt`), pem);
    writeFileSync(join(folder, `${name}.key`), readFileSync(keyFile));
  };
  const ca = pki.issue({ subject: '/CN=image-trust-test-ca', extensions: CA });
  keep('ca', ca);
  const serving = [
    'keyUsage=critical,digitalSignature',
    'extendedKeyUsage=serverAuth',
    'subjectAltName=DNS:localhost,IP:127.0.0.1',
  ];
  keep('apiserver', pki.issue({ subject: '/CN=kube-apiserver', issuer: ca, extensions: serving }));
  keep('sa', pki.issue({ subject: '/CN=service-accounts', extensions: CA }));
  const client = ['keyUsage=critical,digitalSignature', 'extendedKeyUsage=clientAuth'];
  const admin = pki.issue({ subject: '/O=system:masters/CN=admin', issuer: ca, extensions: client });
  return { ca: ca.pem, certificate: { cert: admin.pem, key: readFileSync(admin.keyFile, 'utf8') } };
}

function etcdFlags(folder: string, client: string, peer: string): readonly string[] {
  return [
    `--advertise-client-urls=${client}`,
    `--listen-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--data-dir=${join(folder, 'etcd')}`,
    '--unsafe-no-fsync=true',
  ];
}

const AUDIT_POLICY = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived', 'ResponseStarted'],
  rules: [{ level: 'Metadata' }],
};

function apiServerFlags(
  folder: string,
  { etcd, port, audit }: { etcd: string; port: number; audit: boolean },
): readonly string[] {
  const file = (name: string): string => join(folder, name);
  writeFileSync(file('audit-policy.json'), JSON.stringify(AUDIT_POLICY));
  const auditing = [
    `--audit-policy-file=${file('audit-policy.json')}`,
    `--audit-log-path=${file('audit.log')}`,
    '--audit-log-mode=blocking',
  ];
  return [
    '--allow-privileged=true',
    '--authorization-mode=RBAC',
    '--bind-address=127.0.0.1',
    `--cert-dir=${folder}`,
    `--tls-cert-file=${file('apiserver.crt')}`,
    `--tls-private-key-file=${file('apiserver.key')}`,
    `--client-ca-file=${file('ca.crt')}`,
    '--disable-admission-plugins=ServiceAccount',
    `--etcd-servers=${etcd}`,
    `--secure-port=${port}`,
    `--service-account-issuer=https://127.0.0.1:${port}/`,
    `--service-account-key-file=${file('sa.crt')}`,
    `--service-account-signing-key-file=${file('sa.key')}`,
    '--service-cluster-ip-range=10.0.0.0/24',
    ...(audit ? auditing : []),
  ];
}

const LIFECYCLE = ['garbage-collector', 'namespace'];
const CONTROLLERS = {
  lifecycle: LIFECYCLE,
  all: [...LIFECYCLE, 'deployment', 'replicaset', 'serviceaccount'],
} as const;

function controllerFlags(
  folder: string,
  { kubeconfig, port, controllers }: { kubeconfig: string; port: number; controllers: readonly string[] },
): readonly string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    `--controllers=${controllers.map((name) => `${name}-controller`).join(',')}`,
    '--leader-elect=false',
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    `--cert-dir=${join(folder, 'controllers')}`,
    `--root-ca-file=${join(folder, 'ca.crt')}`,
    `--service-account-private-key-file=${join(folder, 'sa.key')}`,
  ];
}

/** Does a GET give 200? Whose certificate it is, is not asked. */
export async function answers(url: string, { certificate }: Partial<Entrance> = {}): Promise<boolean> {
  const agent = new Agent({ connect: { rejectUnauthorized: false, ...certificate } });
  try {
    const response = await request(url, { dispatcher: agent, signal: AbortSignal.timeout(2000) });
    await response.body.dump();
    return response.statusCode === 200;
  } catch {
    return false;
  } finally {
    await agent.destroy();
  }
}

/** A kubeconfig file for an entrance. */
export function writeKubeconfig(folder: string, name: string, { server, ca, token, certificate }: Entrance): string {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const user = {
    ...(token === undefined ? {} : { token }),
    ...(certificate === undefined
      ? {}
      : { 'client-certificate-data': base64(certificate.cert), 'client-key-data': base64(certificate.key) }),
  };
  const path = join(folder, `${name}.kubeconfig`);
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name: 'test', cluster: { server, ...(ca === undefined ? {} : { 'certificate-authority-data': base64(ca) }) } },
    ],
    users: [{ name, user }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: name } }],
    'current-context': 'test',
  };
  writeFileSync(path, JSON.stringify(config), { mode: 0o600 });
  return path;
}

function readAudit(folder: string): readonly AuditEvent[] {
  const text = readFileSync(join(folder, 'audit.log'), 'utf8');
  const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as AuditEvent);
}
