/**
 * Stands in for Kyverno where only its kinds are there: says of every policy that it is ready, as Kyverno does, in the
 * shape of each kind. Decides about no Pod.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { ApiObject } from '../api-server/object.ts';
import type { ClusterClient, Loose } from './client.ts';
import { KYVERNO_KINDS, type KyvernoKind } from './kyverno-crds.ts';

const EVERY_MS = 100;
const KINDS: readonly KyvernoKind[] = ['ClusterPolicy', 'ImageValidatingPolicy'];

/** Says ready until it is disposed of. */
export function standInForKyverno(client: ClusterClient): AsyncDisposable {
  const end = new AbortController();
  const loop = async (): Promise<void> => {
    while (!end.signal.aborted) {
      for (const kind of KINDS) await sayReadyOf(client, kind).catch(() => undefined);
      await delay(EVERY_MS);
    }
  };
  const ended = loop();
  return {
    async [Symbol.asyncDispose]() {
      end.abort();
      await ended;
    },
  };
}

/** What Kyverno says of a policy, in the shape of its kind. */
export function readyStatus(kind: KyvernoKind, ready = true, message = ''): Loose['status'] {
  const condition = { type: 'Ready', status: ready ? 'True' : 'False', reason: 'Said', message };
  const shown = { ...condition, lastTransitionTime: '2026-01-01T00:00:00Z' };
  return kind === 'ClusterPolicy'
    ? { conditions: [shown] }
    : { conditionStatus: { ready, message, conditions: [shown] } };
}

async function sayReadyOf(client: ClusterClient, kind: KyvernoKind): Promise<void> {
  const { apiVersion } = KYVERNO_KINDS[kind];
  const silent = (await client.list(apiVersion, kind)).filter((policy) => !hasStatus(policy));
  for (const { metadata } of silent)
    await client.applyStatus({ apiVersion, kind, metadata: { name: metadata.name }, status: readyStatus(kind) });
}

function hasStatus(policy: ApiObject): boolean {
  const status = policy['status'] as { conditions?: unknown; conditionStatus?: { ready?: boolean } } | undefined;
  return status?.conditions !== undefined || status?.conditionStatus?.ready !== undefined;
}
