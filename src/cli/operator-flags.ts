/**
 * The flags of `image-trust operator`: names as controller-runtime's, each with its variable. Owns declaration and
 * shapes; must never act on one.
 */
import { hostname } from 'node:os';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { OPEN_REPORTS, POLICY_REPORTS } from '../kube/resource.ts';
import type { OperatorOptions } from '../controllers/operator.ts';
import { concurrency } from './flags.ts';
import { type Cloud, cloudOption } from './registry-flags.ts';
import { type TrustRootFlags, trustRootOptions, variableOf } from './trust-roots.ts';

/** Kinds of reports by the name of the flag. */
export const REPORT_APIS = ['wgpolicyk8s', 'openreports', 'none'] as const;

/** What the flags give. */
export interface OperatorFlags extends TrustRootFlags {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespace?: string;
  readonly metricsBindAddress: string;
  readonly metricsSecure: boolean;
  readonly metricsCertDir?: string;
  readonly healthProbeBindAddress: string;
  readonly leaderElect: boolean;
  readonly leaderElectionNamespace?: string;
  readonly leaderElectionId: string;
  readonly identity: string;
  readonly concurrency: number;
  readonly probeAdmission: boolean;
  readonly reportApi: (typeof REPORT_APIS)[number];
  readonly logLevel: LogLevel;
  readonly mirror: readonly string[];
  readonly plainHttp: readonly string[];
  readonly registryConfig?: string;
  readonly podPullSecrets: boolean;
  readonly cloudCredentials?: Cloud;
}

/** How much is logged. */
export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;
/** How much is logged. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Declares the flags. */
export function declareOperatorFlags(command: Command): Command {
  for (const option of options()) command.addOption(option.env(variableOf(option)));
  return command;
}

/** The kind of reports behind the flag; undefined for none. */
export function reportsOf({ reportApi }: Pick<OperatorFlags, 'reportApi'>): OperatorOptions['reports'] {
  switch (reportApi) {
    case 'wgpolicyk8s':
      return { resource: POLICY_REPORTS, api: 'wgpolicyk8s.io/v1alpha2' };
    case 'openreports':
      return { resource: OPEN_REPORTS, api: 'openreports.io/v1alpha1' };
    case 'none':
      return undefined;
  }
}

function options(): readonly Option[] {
  return [...clusterOptions(), ...servingOptions(), ...electionOptions(), ...workOptions(), ...registryOptions()];
}

function clusterOptions(): readonly Option[] {
  return [
    new Option('--kubeconfig <FILE>', 'kubeconfig; in a Pod the ServiceAccount is used by itself'),
    new Option('--context <NAME>', 'context of the kubeconfig'),
    new Option('--namespace <NAME>', 'look at the Pods of this namespace only (default: all)'),
  ];
}

function servingOptions(): readonly Option[] {
  return [
    new Option('--metrics-bind-address <ADDRESS>', 'where /metrics is served; 0: nowhere')
      .default(':8080')
      .argParser(address),
    new Option('--metrics-secure [BOOL]', 'serve /metrics with TLS, to whom the cluster allows it')
      .default(false)
      .argParser(truth),
    new Option('--metrics-cert-dir <DIR>', 'folder of tls.crt and tls.key for --metrics-secure'),
    new Option('--health-probe-bind-address <ADDRESS>', 'where /healthz and /readyz are served; 0: nowhere')
      .default(':8081')
      .argParser(address),
    new Option('--log-level <LEVEL>', 'how much is logged').choices(LOG_LEVELS).default('info'),
  ];
}

function electionOptions(): readonly Option[] {
  return [
    new Option('--leader-elect [BOOL]', 'elect one of several replicas; only it verifies and writes')
      .default(false)
      .argParser(truth),
    new Option(
      '--leader-election-namespace <NAME>',
      'namespace of the Lease (default: that of the Pod or the context)',
    ),
    new Option('--leader-election-id <NAME>', 'name of the Lease').default('image-trust-operator'),
    new Option('--identity <NAME>', 'name of this replica, unique among them').default(hostname(), 'the host name'),
  ];
}

function workOptions(): readonly Option[] {
  return [
    new Option('--concurrency <N>', 'images of one registry under way at once').default(16).argParser(concurrency),
    new Option('--report-api <API>', 'kind of the reports').choices(REPORT_APIS).default('wgpolicyk8s'),
    new Option(
      '--probe-admission [BOOL]',
      'try what Kyverno does with a signed and an unsigned image, by Pods that are never created',
    )
      .default(false)
      .argParser(truth),
    ...trustRootOptions(),
  ];
}

function registryOptions(): readonly Option[] {
  return [
    new Option('--mirror <FROM=TO,...>', 'ask TO before FROM; TO is an http(s) prefix or oci:PATH, an OCI layout')
      .default([], 'none')
      .argParser(list),
    new Option('--plain-http <HOST,...>', 'speak plain HTTP to HOST[:PORT]').default([], 'none').argParser(list),
    new Option(
      '--registry-config <FILE>',
      'docker config.json with credentials (default: $DOCKER_CONFIG or ~/.docker)',
    ),
    new Option('--registry-ca <FILE>', 'PEM certificate authorities of the registries, beside the built-in ones'),
    new Option('--pod-pull-secrets [BOOL]', 'read the pull Secrets of Pods, where the policy has no credential')
      .default(false)
      .argParser(truth),
    cloudOption(),
    new Option('--allow-private <HOST,...>', 'registries may send us to HOST although it is not public')
      .default([], 'none')
      .argParser(list),
  ];
}

/** The flag may be given several times, and each may hold several. */
function list(value: string, before: readonly string[]): readonly string[] {
  return [
    ...before,
    ...value
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  ];
}

/** A flag without a value is true; a variable has a value always. */
function truth(value: string): boolean {
  if (['true', '1', 'yes'].includes(value.toLowerCase())) return true;
  if (['false', '0', 'no', ''].includes(value.toLowerCase())) return false;
  throw new InvalidArgumentError('expected true or false.');
}

function address(value: string): string {
  if (value === '0' || /^(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]*):\d{1,5}$/.test(value)) return value;
  throw new InvalidArgumentError('expected [HOST]:PORT, such as :8080 or 127.0.0.1:8080, or 0 for nowhere.');
}
