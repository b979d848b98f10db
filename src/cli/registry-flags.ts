/**
 * The flags by which registries are reached, and the one image source that they make: registry client, mirrors,
 * OCI layouts. Shared by every command that looks at images.
 */
import { type Command, Option } from 'commander';
import { Failure } from '../core/failure.ts';
import { createRegistrySource, type RegistrySource } from '../registry/client.ts';
import type { LimiterState } from '../registry/limiter.ts';
import type { RegistryOptions } from '../registry/options.ts';
import type { ProxyEnvironment } from '../registry/proxy.ts';
import { loadDockerConfig } from '../registry/docker-config.ts';
import { type MirrorRule, parseMirrorRule, plainHttpHosts, withMirrors } from '../registry/mirrors.ts';
import { systemClock } from '../registry/clock.ts';
import { ecrCredentials } from '../registry/cloud/ecr.ts';
import { anonymous, type CredentialProvider, firstCredential } from '../registry/credential.ts';
import { createReach } from '../registry/reach.ts';
import type { ImageSource } from '../registry/source.ts';
import { createTransport, type Transport } from '../registry/transport.ts';
import { createRevocationFetch } from '../registry/revocation-fetch.ts';
import { createRevocationSource } from '../verify/revocation/source.ts';
import type { RevocationSource } from '../verify/revocation/status.ts';
import type { SourceAdditions } from '../store/registry-settings.ts';
import { UsageError } from './exit.ts';
import { readText } from './files.ts';
import { repeated } from './flags.ts';
import type { Terminal } from './terminal.ts';

/** The flags by which any server is reached. */
export interface TransportFlags {
  readonly registryCa?: string;
  readonly allowPrivate: readonly string[];
}

/** What the flags give. */
export interface RegistryFlags extends TransportFlags {
  readonly mirror: readonly string[];
  readonly plainHttp: readonly string[];
  readonly registryConfig?: string;
  readonly cloudCredentials?: Cloud;
}

/** What a policy adds to the flags. */
export interface RegistryAdditions extends SourceAdditions {
  /** Those that Pods pull with: asked after the policy's own. */
  readonly podCredentials?: CredentialProvider | undefined;
  readonly limits?: RegistryOptions['limits'];
  readonly onRequest?: RegistryOptions['onRequest'];
}

/** Declares the flags on a command. */
export function declareRegistryFlags(command: Command): Command {
  return command
    .option(
      '--mirror <FROM=TO>',
      'ask TO before FROM; TO is an http(s) prefix or oci:PATH, an OCI layout (repeatable)',
      repeated,
      [],
    )
    .option('--plain-http <HOST>', 'speak plain HTTP to HOST[:PORT] (repeatable)', repeated, [])
    .option('--registry-config <FILE>', 'docker config.json with credentials (default: $DOCKER_CONFIG or ~/.docker)')
    .option('--registry-ca <FILE>', 'PEM certificate authorities of the registries, beside the built-in ones')
    .option(
      '--allow-private <HOST>',
      'registries may send us to HOST although it is not public (repeatable)',
      repeated,
      [],
    )
    .addOption(cloudOption());
}

/** Clouds whose registries we can be let into as whoever we are there. */
export const CLOUDS = ['aws'] as const;
/** Clouds whose registries we can be let into as whoever we are there. */
export type Cloud = (typeof CLOUDS)[number];

/** Declares `--cloud-credentials`. */
export function cloudOption(): Option {
  const meaning = 'where there is no other credential, use our own identity in this cloud for its registries';
  return new Option('--cloud-credentials <CLOUD>', meaning).choices(CLOUDS);
}

/** The rules of `--mirror`, or of anything written like it. Throws UsageError. */
export function mirrorRules(flags: Pick<RegistryFlags, 'mirror'>, terminal: Terminal): readonly MirrorRule[] {
  return flags.mirror.map((text) => asUsage(() => parseMirrorRule(text, { cwd: terminal.cwd })));
}

/** An image source: a registry client, with mirrors before it. `close` ends its connections. */
export interface OpenedSource {
  readonly source: ImageSource;
  /** Requests in flight, waiting and allowed, by host. */
  limiters(): ReadonlyMap<string, LimiterState>;
  close(): Promise<void>;
}

/** The source that the flags, and what a policy adds to them, describe. Throws UsageError. */
export async function openSource(
  flags: RegistryFlags,
  terminal: Terminal,
  more: RegistryAdditions,
): Promise<OpenedSource> {
  const rules = [...mirrorRules(flags, terminal), ...more.mirrors];
  const registry = await openRegistry(flags, terminal, {
    ...more,
    plainHttp: [...more.plainHttp, ...plainHttpHosts(rules)],
  });
  return {
    source: rules.length === 0 ? registry : withMirrors(registry, rules),
    limiters: () => registry.limiters(),
    close: () => registry.close(),
  };
}

async function openRegistry(
  flags: RegistryFlags,
  terminal: Terminal,
  more: RegistryAdditions,
): Promise<RegistrySource> {
  const { env, cwd } = terminal;
  const own = await credentialsOf(flags, terminal);
  const given = flags.registryCa === undefined ? [] : [await readText(flags.registryCa, cwd)];
  const ca = [...given, ...(more.ca === undefined ? [] : [more.ca])];
  return createRegistrySource({
    credentials: firstCredential([
      more.credentials ?? anonymous,
      more.podCredentials ?? anonymous,
      own,
      cloudCredentials(flags.cloudCredentials),
    ]),
    limits: more.limits,
    onRequest: more.onRequest,
    plainHttp: [...flags.plainHttp, ...more.plainHttp],
    allowPrivate: flags.allowPrivate,
    ca: ca.length === 0 ? undefined : { all: ca.join('\n') },
    proxy: proxyOf(env),
  });
}

function cloudCredentials(cloud: Cloud | undefined): CredentialProvider {
  switch (cloud) {
    case undefined:
      return anonymous;
    case 'aws':
      return ecrCredentials(systemClock);
  }
}

/** Times in milliseconds. */
const PLAIN_TRANSPORT = { connectionsPerHost: 4, connectTimeoutMs: 5_000, idleTimeoutMs: 10_000 };

/** Connections to servers that are no registries, by the same authorities and proxies. Throws UsageError. */
export async function openTransport(flags: TransportFlags, { env, cwd }: Terminal): Promise<Transport> {
  const { registryCa, allowPrivate } = flags;
  const ca = registryCa === undefined ? undefined : { all: await readText(registryCa, cwd) };
  return createTransport({
    ...PLAIN_TRANSPORT,
    ca,
    proxy: proxyOf(env),
    reach: createReach(),
    allowPrivate: new Set(allowPrivate.map((host) => host.toLowerCase())),
  });
}

/** Whom certificates' revocation is asked of, and how to end its connections. Throws UsageError. */
export async function openRevocation(
  flags: TransportFlags,
  terminal: Terminal,
): Promise<{ readonly source: RevocationSource; readonly close: () => Promise<void> }> {
  const transport = await openTransport(flags, terminal);
  const fetch = createRevocationFetch(transport);
  const source = createRevocationSource({ fetch, now: () => terminal.now().getTime() });
  return { source, close: () => transport.close() };
}

/** The proxy of the environment. */
export function proxyOf(env: Terminal['env']): ProxyEnvironment {
  return {
    httpsProxy: env['HTTPS_PROXY'] ?? env['https_proxy'],
    // HTTP_PROXY in capitals can come from a request header in CGI (httpoxy), so only the other spelling counts.
    httpProxy: env['http_proxy'],
    noProxy: env['NO_PROXY'] ?? env['no_proxy'],
  };
}

async function credentialsOf(flags: RegistryFlags, { env, cwd }: Terminal): Promise<CredentialProvider> {
  const file = flags.registryConfig;
  try {
    return await loadDockerConfig({ ...(file === undefined ? {} : { file }), env, cwd });
  } catch (error) {
    throw error instanceof Failure ? new UsageError(error.message) : error;
  }
}

/** What a parser finds wrong in a flag is the user's to mend. */
export function asUsage<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof Failure) throw new UsageError(error.message);
    throw error;
  }
}
