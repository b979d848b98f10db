/**
 * Where generated policies are tried: a real control plane with the real Kyverno, and two registries with every image of
 * test/fixtures, with and without the referrers API. To Kyverno the first is Docker Hub as well. Owns what runs; ends
 * all of it.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe } from 'vitest';
import type { ApiObject } from '../support/api-server/object.ts';
import { ApiRefusal, type ClusterClient, type Loose, targetOf } from '../support/cluster/client.ts';
import { type Cluster, startCluster } from '../support/cluster/cluster.ts';
import type { ControlPlaneOptions } from '../support/control-plane.ts';
import { eventually } from '../support/eventually.ts';
import { type Kyverno, KYVERNO_TOOLS, startKyverno } from '../support/kyverno.ts';
import { layoutsBelow, startRegistry, type TestRegistry } from '../support/registry.ts';
import { toolbox } from '../toolbox/toolbox.ts';
import { startHub } from './hub.ts';

/** The registries: what a signature is found by differs. */
export const REGISTRIES = ['the referrers API', 'fallback tags'] as const;
export type RegistryName = (typeof REGISTRIES)[number];

export interface Lab extends AsyncDisposable {
  readonly cluster: Extract<Cluster, { kind: 'real' }>;
  readonly client: ClusterClient;
  readonly kyverno: Kyverno;
  readonly registries: Readonly<Record<RegistryName, TestRegistry>>;
}

/** What the door said. `said` has the words of a refusal. */
export interface Admission {
  readonly admitted: boolean;
  readonly said: string;
  /** The Pod as it would be stored. */
  readonly pod?: ApiObject;
}

const START_LIMIT_MS = 30 * 60_000;
const READY_LIMIT_MS = 20_000;
/** So many refusals in a row: the API server has several connections, and each may lag. */
const STEADY = 3;
const FIXTURES = join(import.meta.dirname, '../fixtures');

/** A suite with a laboratory of its own; skipped, loudly, where the real Kyverno cannot be had. */
export function describeOnKyverno(
  name: string,
  suite: (lab: () => Lab) => void,
  options: ControlPlaneOptions = {},
): void {
  describe(`${name}, on the real Kyverno`, () => {
    let lab: Lab | undefined;
    beforeAll(async () => {
      lab = await openLab(options);
    }, START_LIMIT_MS);
    afterAll(() => lab?.[Symbol.asyncDispose]());
    beforeEach((context) => context.skip(lab === undefined, 'no real Kyverno on this machine'));
    suite(() => lab ?? unopened());
  });
}

/** Starts everything; undefined where Kyverno or the control plane cannot be had. */
export async function openLab(options: ControlPlaneOptions = {}): Promise<Lab | undefined> {
  const box = await toolbox(...KYVERNO_TOOLS);
  const stack = new AsyncDisposableStack();
  try {
    const cluster = box.ready ? stack.use(await startCluster('real', options)) : undefined;
    if (!box.ready || cluster?.kind !== 'real') return undefined;
    const layouts = layoutsBelow(FIXTURES, 'app');
    const registries = {
      'the referrers API': stack.use(await startRegistry({ layouts, referrersApi: true })),
      'fallback tags': stack.use(await startRegistry({ layouts, referrersApi: false })),
    };
    const hub = stack.use(await startHub(registries['the referrers API'].host));
    const kyverno = stack.use(await startKyverno(cluster, box, { env: hub.env }));
    const owned = stack.move();
    return {
      cluster,
      client: cluster.client,
      kyverno,
      registries,
      [Symbol.asyncDispose]: () => owned.disposeAsync(),
    };
  } finally {
    await stack.disposeAsync();
  }
}

/**
 * Applies a generated policy as its controller does, and waits until the API server asks Kyverno about it: `refused` is
 * a Pod that it must refuse. Readiness alone does not say so: under load the first Pods after it were let in.
 */
export async function enforce(client: ClusterClient, policy: Loose, refused: Loose): Promise<ApiObject> {
  const stored = await applyReady(client, policy);
  await eventually(
    async () => {
      for (let count = 0; count < STEADY; count++)
        if ((await knock(client, refused)).admitted) throw new Error(`${policy.kind} is ready, and lets it in`);
    },
    { what: `${targetOf(refused).name} is refused by ${policy.kind} ${targetOf(policy).name}`, within: READY_LIMIT_MS },
  );
  return stored;
}

/** Removes a policy, and waits until it guards nothing any more: the next one must not be taken for it. */
export async function lift(client: ClusterClient, policy: Loose, refused: Loose): Promise<void> {
  await client.remove(targetOf(policy));
  await eventually(
    async () => {
      const { admitted, said } = await knock(client, refused);
      if (!admitted) throw new Error(said);
    },
    { what: `${targetOf(refused).name} is let in without ${targetOf(policy).name}`, within: READY_LIMIT_MS },
  );
}

/** Applies a policy and waits until Kyverno says that it is ready. */
export async function applyReady(client: ClusterClient, policy: Loose): Promise<ApiObject> {
  await client.apply(policy);
  return eventually(
    async () => {
      const stored = await client.get(targetOf(policy));
      if (stored === undefined || !isReady(stored)) throw new Error(JSON.stringify(stored?.['status'] ?? {}));
      return stored;
    },
    { what: `${policy.kind} is ready`, within: READY_LIMIT_MS, every: 20 },
  );
}

/** Does Kyverno say that it enforces it? Its two kinds say so in two places. */
export function isReady(policy: ApiObject): boolean {
  const status = (policy['status'] ?? {}) as {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly conditionStatus?: { readonly ready?: boolean };
  };
  const ready = (status.conditions ?? []).some(({ type, status: is }) => type === 'Ready' && is === 'True');
  return ready || status.conditionStatus?.ready === true;
}

/** Would the Pod be created? An error that is not Kyverno's refusal fails the test. */
export async function knock(client: ClusterClient, pod: Loose): Promise<Admission> {
  try {
    return { admitted: true, said: '', pod: await client.tryCreate(pod) };
  } catch (error) {
    return refusal(error);
  }
}

/** The same of anything else that is asked. */
export async function ask(request: () => Promise<unknown>): Promise<Admission> {
  try {
    await request();
    return { admitted: true, said: '' };
  } catch (error) {
    return refusal(error);
  }
}

function refusal(error: unknown): Admission {
  if (error instanceof ApiRefusal && error.message.startsWith('admission webhook'))
    return { admitted: false, said: error.message };
  throw error;
}

function unopened(): never {
  throw new Error('the laboratory has not been opened');
}
