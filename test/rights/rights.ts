/** How a right is tried: taken away alone, and what it is for is not seen; given back, and it is. */
import { expect } from 'vitest';
import type { Account } from '../support/cluster/access.ts';
import type { ClusterClient } from '../support/cluster/client.ts';
import type { Gate } from '../support/cluster/gate.ts';
import { type Grant, takeAway } from '../support/cluster/grants.ts';
import { controllerOf, type Image, namespace, runPod } from '../support/cluster/scene.ts';
import { eventually } from '../support/eventually.ts';
import type { OwnerKind } from './owners.table.ts';
import type { Scenario, Stage } from './rbac.table.ts';

/** What an account was given, and the gate through which it asks. */
export interface Rights {
  readonly client: ClusterClient;
  readonly gate: Gate;
  readonly account: Account;
  readonly grants: readonly Grant[];
}

/** So many Pods of one kind of owner are enough for a list of owners in place of single reads. */
export const MANY = 50;

/** Does it without this one right, which is given back whatever comes of it. `refused`: was it asked for, in vain? */
export async function without<T>(
  { client, gate, account, grants }: Rights,
  right: string,
  work: (refused: () => boolean) => Promise<T>,
): Promise<T> {
  const grant = grants.find((one) => one.right === right);
  if (grant === undefined) throw new Error(`${right} is not granted`);
  const before = gate.count(right, 403);
  const giveBack = await takeAway(client, account, grant);
  try {
    return await work(() => gate.count(right, 403) > before);
  } finally {
    await giveBack();
  }
}

/** Plays a scenario without its right, and sees it with the right given back. */
export async function expectNeeded(
  rights: Rights,
  stage: Stage,
  { right, within, act, once, holdMs = 0 }: Scenario,
  name: string,
): Promise<void> {
  let seen = await without(rights, right, async () => {
    const before = rights.gate.count(within ?? right, 403);
    const look = await act(stage, name);
    await eventually(() => expect(rights.gate.count(within ?? right, 403)).toBeGreaterThan(before));
    await staysUnseen(look, holdMs);
    return look;
  });
  if (once === true) seen = await act(stage, `${name}-again`);
  await eventually(seen, { within: 15_000 });
}

/** Nothing is seen, now and for as long as it would have taken. */
async function staysUnseen(look: () => Promise<void>, ms: number): Promise<void> {
  const until = Date.now() + ms;
  do {
    await expect(look()).rejects.toThrow('not seen');
    await new Promise((resolve) => setTimeout(resolve, 100));
  } while (Date.now() < until);
}

/** Pods of many owners of a kind, in a namespace of their own. */
export async function manyOf(client: ClusterClient, image: Image, owners: OwnerKind): Promise<void> {
  const { resource, apiVersion, kind, spec } = owners;
  const space = `many-${resource.replaceAll(/[^a-z]+/g, '-').replace(/^-/, '')}`;
  await client.apply(namespace(space));
  const one = async (name: string): Promise<void> => {
    const [owner] = await client.apply({ apiVersion, kind, metadata: { name, namespace: space }, spec });
    const metadata = { name, namespace: space, labels: { app: 'o' }, ownerReferences: [controllerOf(owner)] };
    await runPod(client, metadata, image);
  };
  await Promise.all(Array.from({ length: MANY }, (_, index) => one(`o-${index}`)));
}
