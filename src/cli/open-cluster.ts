/**
 * A live cluster, opened and read once; it stays open for the Secrets that registries ask for. Composition of connection
 * and reading; decides nothing.
 */
import { createPullReader } from '../controllers/pull-secrets.ts';
import type { ManifestDocument } from '../core/manifests/load.ts';
import { createKubeClient } from '../kube/client.ts';
import { connect, type KubeConnection } from '../kube/connection.ts';
import { type KubeconfigOptions, KubeconfigError } from '../kube/kubeconfig.ts';
import type { CredentialProvider } from '../registry/credential.ts';
import { podCredentials } from '../registry/pod-credentials.ts';
import { systemClock } from '../registry/clock.ts';
import { UsageError } from './exit.ts';
import { type LiveCluster, readLiveCluster } from './live-cluster.ts';

/** A cluster that was read. */
export interface OpenedCluster extends LiveCluster {
  /** What its Pods pull with; nothing is read before a registry asks. */
  readonly podCredentials: CredentialProvider;
  close(): Promise<void>;
}

/** Reads the cluster that the flags choose; close it in the end. Throws UsageError for a kubeconfig that cannot be used, and KubeFailure. */
export async function openCluster(
  place: KubeconfigOptions,
  given: readonly ManifestDocument[],
  signal: AbortSignal,
): Promise<OpenedCluster> {
  const connection = openConnection(place);
  try {
    const client = createKubeClient(connection);
    const cluster = await readLiveCluster(client, given, signal);
    const reader = createPullReader(client, () => systemClock.now());
    return {
      ...cluster,
      podCredentials: podCredentials(cluster.pulls, reader),
      close: () => connection.close(),
    };
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** A connection to the cluster of a kubeconfig. Throws UsageError. */
export function openConnection({ kubeconfig, context }: KubeconfigOptions): KubeConnection {
  try {
    const place = {
      ...(kubeconfig === undefined ? {} : { kubeconfig }),
      ...(context === undefined ? {} : { context }),
    };
    return connect({ ...place, clock: systemClock });
  } catch (error) {
    if (error instanceof KubeconfigError) throw new UsageError(error.message);
    throw error;
  }
}
