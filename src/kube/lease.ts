/**
 * The Lease that a leader holds (coordination.k8s.io/v1), as client-go reads and writes it. Owns its fields;
 * must never decide who leads: leader.ts does.
 */
import type { KubeBody, KubeObject, ObjectName } from './resource.ts';

/** What a Lease says. */
export interface LeaseRecord {
  /** Empty: released. */
  readonly holder: string;
  readonly transitions: number;
  /** Verbatim: only compared, never read as a time. Clocks of other machines are not to be trusted. */
  readonly renewTime: string;
  readonly acquireTime: string;
}

/** Reads a Lease. */
export function recordOf(lease: KubeObject): LeaseRecord {
  const spec: unknown = lease.spec;
  const field = (name: string): unknown =>
    typeof spec === 'object' && spec !== null ? Reflect.get(spec, name) : undefined;
  const text = (name: string): string => {
    const value = field(name);
    return typeof value === 'string' ? value : '';
  };
  const transitions = field('leaseTransitions');
  return {
    holder: text('holderIdentity'),
    transitions: typeof transitions === 'number' ? transitions : 0,
    renewTime: text('renewTime'),
    acquireTime: text('acquireTime'),
  };
}

/** A Lease to be written, over the one that was read: its other metadata stays. */
export function leaseOf(
  name: ObjectName,
  record: LeaseRecord & { readonly durationSeconds: number },
  over?: KubeObject,
): KubeBody & { readonly spec: object } {
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: over?.metadata ?? {
      name: name.name,
      ...(name.namespace === undefined ? {} : { namespace: name.namespace }),
    },
    spec: {
      holderIdentity: record.holder,
      leaseDurationSeconds: record.durationSeconds,
      acquireTime: record.acquireTime,
      renewTime: record.renewTime,
      leaseTransitions: record.transitions,
    },
  };
}

/** meta/v1 MicroTime: the API server refuses a time without exactly six decimals. `now` in milliseconds. */
export function microTime(now: number): string {
  return new Date(now).toISOString().replace(/\.(\d{3})Z$/, '.$1000Z');
}
