/** A client of an API server in memory, and the objects that tests put there. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../src/core/clock.ts';
import { type ClientOptions, createKubeClient, type KubeClient } from '../../src/kube/client.ts';
import { connect, type KubeConnection } from '../../src/kube/connection.ts';
import { systemClock } from '../../src/registry/clock.ts';
import { type ApiObject, type ApiServer, type ApiServerOptions, startApiServer } from './api-server/server.ts';

export interface TestKube extends AsyncDisposable {
  readonly api: ApiServer;
  readonly connection: KubeConnection;
  readonly client: KubeClient;
}

/** The clock of the machine, a hundred times as fast in its waits: back-offs take milliseconds. */
export const fastClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) => systemClock.sleep(ms / 100, signal),
};

export async function startKube(options: ApiServerOptions = {}, client: ClientOptions = {}): Promise<TestKube> {
  const api = await startApiServer(options);
  const connected = connectTo(api.kubeconfig());
  const { connection } = connected;
  return {
    api,
    connection,
    client: createKubeClient(connection, client),
    async [Symbol.asyncDispose]() {
      await connection.close();
      await api[Symbol.asyncDispose]();
      connected.remove();
    },
  };
}

/** A connection by the text of a kubeconfig. */
export function connectTo(kubeconfig: string): { readonly connection: KubeConnection; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'image-trust-kube-'));
  const file = join(folder, 'kubeconfig');
  writeFileSync(file, kubeconfig);
  return {
    connection: connect({ kubeconfig: file, clock: systemClock }),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export function pod(name: string, namespace = 'default', image = 'a:1'): ApiObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace },
    spec: { containers: [{ name: 'main', image }] },
  };
}

export function configMap(name: string, data: Readonly<Record<string, string>>, namespace = 'default'): ApiObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data };
}
