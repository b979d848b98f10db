/**
 * The real Kyverno beside a real control plane, outside of it: its admission controller, to which the API server speaks
 * on loopback, and where asked for its reports-controller. Each can be stopped and started again; both end by their own
 * ids.
 *
 *   await using kyverno = await startKyverno(cluster, box);
 *   await kyverno.admission.stop();          // its webhooks stay, and nobody answers
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ToolName } from '../toolbox/toolbox.ts';
import { runTool } from '../toolbox/toolbox.ts';
import { ApiRefusal, type ClusterClient, type Loose } from './cluster/client.ts';
import type { Cluster } from './cluster/cluster.ts';
import { answers, type ControlPlane } from './control-plane.ts';
import { eventually } from './eventually.ts';
import { freePorts } from './free-ports.ts';
import { program, type Restartable } from './program.ts';

/** What it needs of the toolbox, beside the control plane. */
export const KYVERNO_TOOLS = ['kyverno', 'kyverno-install.yaml', 'reports-controller'] as const satisfies ToolName[];

/** Where the programs are. */
export interface KyvernoTools {
  readonly path: (name: (typeof KYVERNO_TOOLS)[number]) => string;
}

export interface KyvernoOptions {
  /** Start the reports-controller too. Default false: it is in `reports`, not started. */
  readonly reports?: boolean;
  /** Further flags of the admission controller. */
  readonly flags?: readonly string[];
  /** Further environment of the admission controller. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface Kyverno extends AsyncDisposable {
  readonly admission: Restartable;
  readonly reports: Restartable;
}

/** What it needs of a real cluster. */
export interface KyvernoHost extends Pick<Cluster, 'kubeconfig' | 'folder' | 'client'> {
  readonly plane: Pick<ControlPlane, 'kubectl'>;
}

/** Leases of one that ended without a word last so long, and another waits for them. */
const START_LIMIT_MS = 120_000;
const NAMESPACE = 'kyverno';

/** Installs it into the cluster and starts it; when this returns, its webhooks judge policies. */
export async function startKyverno(
  cluster: KyvernoHost,
  box: KyvernoTools,
  options: KyvernoOptions = {},
): Promise<Kyverno> {
  await install(cluster, box.path('kyverno-install.yaml'));
  const [webhookPort = 0, metricsPort = 0, runtimePort = 0, reportsPort = 0] = await freePorts(4);
  const common = { folder: cluster.folder, within: START_LIMIT_MS };
  const health = `https://127.0.0.1:${webhookPort}/health/readiness`;
  const admission = program({
    ...common,
    path: box.path('kyverno'),
    flags: [...admissionFlags(cluster.kubeconfig, { webhookPort, metricsPort, runtimePort }), ...(options.flags ?? [])],
    env: { ...surroundings(cluster.folder, 'kyverno-admission-controller'), ...options.env },
    ready: async () => (await answers(health)) && (await judgesPolicies(cluster)),
  });
  const reports = program({
    ...common,
    path: box.path('reports-controller'),
    flags: reportsFlags(cluster.kubeconfig, reportsPort),
    env: surroundings(cluster.folder, 'kyverno-reports-controller'),
    ready: () => answers(`http://127.0.0.1:${reportsPort}/metrics`),
  });
  const kyverno: Kyverno = {
    admission,
    reports,
    async [Symbol.asyncDispose]() {
      await Promise.all([admission.stop(), reports.stop()]);
    },
  };
  try {
    await admission.start();
    if (options.reports === true) await reports.start();
    return kyverno;
  } catch (error) {
    await kyverno[Symbol.asyncDispose]();
    throw error;
  }
}

/** CRDs, namespace, roles and settings, as Kyverno ships them. Its Deployments stay without Pods: there is no kubelet. */
async function install(cluster: KyvernoHost, manifest: string): Promise<void> {
  const args = [`--kubeconfig=${cluster.kubeconfig}`, 'apply', '--server-side', '--force-conflicts', '-f', manifest];
  const { code, stderr } = await runTool(cluster.plane.kubectl, args, { timeoutMs: START_LIMIT_MS });
  if (code !== 0) throw new Error(`Kyverno cannot be installed: ${stderr}`);
  for (const [apiVersion, kind] of [
    ['kyverno.io/v1', 'ClusterPolicy'],
    ['policies.kyverno.io/v1', 'ImageValidatingPolicy'],
  ] as const)
    await eventually(() => cluster.client.list(apiVersion, kind), { what: `${kind} is served`, within: 30_000 });
  await aggregateRoles(cluster.client);
}

const ROLES = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole' };

/** What kube-controller-manager does where it runs: without it Kyverno finds itself without rights, and is not ready. */
async function aggregateRoles(client: ClusterClient): Promise<void> {
  const roles = await client.list(ROLES.apiVersion, ROLES.kind);
  for (const role of roles) {
    const { clusterRoleSelectors } = (role['aggregationRule'] ?? {}) as {
      readonly clusterRoleSelectors?: readonly { readonly matchLabels?: Readonly<Record<string, string>> }[];
    };
    if (clusterRoleSelectors === undefined) continue;
    const isChosen = (labels: Readonly<Record<string, string>>): boolean =>
      clusterRoleSelectors.some(({ matchLabels = {} }) =>
        Object.entries(matchLabels).every(([label, value]) => labels[label] === value),
      );
    const chosen = roles.filter(({ metadata }) => isChosen(metadata.labels ?? {}));
    const rules = chosen.flatMap((each) => (each['rules'] ?? []) as readonly object[]);
    await client.patch({ ...ROLES, name: role.metadata.name ?? '' }, { rules });
  }
}

function surroundings(folder: string, account: string): Readonly<Record<string, string>> {
  // Trust roots that it fetches must not be those of another run.
  const home = join(folder, `${account}-home`);
  mkdirSync(home, { recursive: true });
  return {
    HOME: home,
    TUF_ROOT: join(home, '.sigstore'),
    DOCKER_CONFIG: join(home, '.docker'),
    KYVERNO_NAMESPACE: NAMESPACE,
    KYVERNO_SERVICEACCOUNT_NAME: account,
    KYVERNO_ROLE_NAME: account.replace('-', ':'),
    KYVERNO_DEPLOYMENT: account,
    KYVERNO_POD_NAME: `${account}-0`,
    KYVERNO_SVC: 'kyverno-svc',
    INIT_CONFIG: 'kyverno',
    METRICS_CONFIG: 'kyverno-metrics',
  };
}

interface AdmissionPorts {
  readonly webhookPort: number;
  /** Taken even where metrics are disabled. */
  readonly metricsPort: number;
  readonly runtimePort: number;
}

function admissionFlags(
  kubeconfig: string,
  { webhookPort, metricsPort, runtimePort }: AdmissionPorts,
): readonly string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    `--serverIP=127.0.0.1:${webhookPort}`,
    `--webhookServerPort=${webhookPort}`,
    '--caSecretName=kyverno-svc.kyverno.svc.kyverno-tls-ca',
    '--tlsSecretName=kyverno-svc.kyverno.svc.kyverno-tls-pair',
    '--backgroundServiceAccountName=system:serviceaccount:kyverno:kyverno-background-controller',
    '--reportsServiceAccountName=system:serviceaccount:kyverno:kyverno-reports-controller',
    `--controllerRuntimeMetricsAddress=127.0.0.1:${runtimePort}`,
    '--metricsHost=127.0.0.1',
    `--metricsPort=${metricsPort}`,
    '--allowInsecureRegistry=true',
    '--disableMetrics=true',
    '--loggingFormat=text',
  ];
}

/** As its own installation has them, but for the port. */
function reportsFlags(kubeconfig: string, metricsPort: number): readonly string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    '--metricsHost=127.0.0.1',
    `--metricsPort=${metricsPort}`,
    '--allowInsecureRegistry=true',
    '--loggingFormat=text',
    '--v=2',
    '--omitEvents=PolicyApplied,PolicySkipped',
    '--enableReporting=validate,mutate,mutateExisting,imageVerify,generate',
  ];
}

/** Policies that must be refused, each by the webhook alone: their schemas take them. */
const REFUSED: readonly Loose[] = [
  {
    apiVersion: 'kyverno.io/v1',
    kind: 'ClusterPolicy',
    metadata: { name: 'is-anybody-there' },
    spec: { rules: [{ name: 'none', match: {}, validate: { message: 'x', pattern: {} } }] },
  },
  {
    apiVersion: 'policies.kyverno.io/v1',
    kind: 'ImageValidatingPolicy',
    metadata: { name: 'is-anybody-there' },
    spec: { attestors: [], validations: [{ expression: 'no such language' }] },
  },
];

/** Its answers come later than its readiness: webhooks are registered by the one who leads. */
async function judgesPolicies({ client }: KyvernoHost): Promise<boolean> {
  for (const policy of REFUSED) {
    const answer = await client.tryCreate(policy).then(
      () => '',
      (error: unknown) => (error instanceof ApiRefusal ? error.message : ''),
    );
    if (!answer.includes('admission webhook')) return false;
  }
  return true;
}
