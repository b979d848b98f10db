/**
 * A live cluster, opened, read once and closed again. Composition of connection and reading; decides nothing.
 */
import type { ManifestDocument } from '../core/manifests/load.ts';
import { createKubeClient } from '../kube/client.ts';
import { connect, type KubeConnection } from '../kube/connection.ts';
import { type KubeconfigOptions, KubeconfigError } from '../kube/kubeconfig.ts';
import { systemClock } from '../registry/clock.ts';
import { UsageError } from './exit.ts';
import { type LiveCluster, readLiveCluster } from './live-cluster.ts';

/** Reads the cluster that the flags choose. Throws UsageError for a kubeconfig that cannot be used, and KubeFailure. */
export async function openCluster(
  place: KubeconfigOptions,
  given: readonly ManifestDocument[],
  signal: AbortSignal,
): Promise<LiveCluster> {
  const connection = openConnection(place);
  try {
    return await readLiveCluster(createKubeClient(connection), given, signal);
  } finally {
    await connection.close();
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
