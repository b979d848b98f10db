/** What an Event of events.k8s.io/v1 looks like, within the bounds that the API server checks. Owns bounds and names. */
import { microTime } from './lease.ts';
import type { KubeBody, ObjectName } from './resource.ts';

/** An object that an event is about. */
export interface ObjectReference {
  readonly apiVersion: string;
  readonly kind: string;
  /** Absent for cluster-scoped objects. */
  readonly namespace?: string | undefined;
  readonly name: string;
  readonly uid?: string | undefined;
}

/** What happened. */
export interface EventInput {
  readonly regarding: ObjectReference;
  readonly related?: ObjectReference;
  readonly type: 'Normal' | 'Warning';
  /** CamelCase, machine-readable. */
  readonly reason: string;
  /** What we did when it happened: `Verify`. */
  readonly action: string;
  /** For people. Cut at 1,024 bytes. */
  readonly note: string;
}

/** Who tells. */
export interface EventReporter {
  /** Qualified name: `imagetrust.dev/image-trust-operator`. */
  readonly controller: string;
  /** This replica. */
  readonly instance: string;
}

/** Bounds of pkg/apis/core/validation/events.go, in bytes. */
const LONGEST = { note: 1024, reason: 128, action: 128, instance: 128, name: 253 };

/** An Event object; `at` in milliseconds, `serial` sets apart those of one moment. */
export function eventObject(
  event: EventInput,
  { controller, instance }: EventReporter,
  { at, serial }: { readonly at: number; readonly serial: number },
): KubeBody & { readonly metadata: ObjectName } {
  const { regarding, related, type, reason, action, note } = event;
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    // An event about a cluster-scoped object must lie in `default`.
    metadata: { name: eventName(regarding.name, at, serial), namespace: regarding.namespace ?? 'default' },
    eventTime: microTime(at),
    reportingController: controller,
    reportingInstance: cutBytes(instance, LONGEST.instance),
    type,
    reason: cutBytes(reason, LONGEST.reason),
    action: cutBytes(action, LONGEST.action),
    note: cutBytes(note, LONGEST.note),
    regarding: referenceOf(regarding),
    ...(related === undefined ? {} : { related: referenceOf(related) }),
  };
}

/** That an event happened again: what a server-side apply adds to it. */
export function seriesObject(
  { name, namespace }: ObjectName,
  { count, at }: { readonly count: number; readonly at: number },
): KubeBody {
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name, namespace: namespace ?? 'default' },
    series: { count, lastObservedTime: microTime(at) },
  };
}

/** At most `max` bytes of UTF-8, never half a character. */
export function cutBytes(text: string, max: number): string {
  if (Buffer.byteLength(text) <= max) return text;
  const room = max - Buffer.byteLength('…');
  let cut = '';
  let length = 0;
  for (const character of text) {
    length += Buffer.byteLength(character);
    if (length > room) break;
    cut += character;
  }
  return `${cut}…`;
}

/** As client-go names them: the object's name and a moment in hexadecimal nanoseconds. */
function eventName(regarding: string, at: number, serial: number): string {
  const moment = (BigInt(Math.trunc(at)) * 1_000_000n + BigInt(serial % 1_000_000)).toString(16);
  const room = LONGEST.name - moment.length - 1;
  return `${regarding.slice(0, room).replace(/[^a-z0-9]+$/, '')}.${moment}`;
}

function referenceOf({ apiVersion, kind, namespace, name, uid }: ObjectReference): object {
  return {
    apiVersion,
    kind,
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(uid === undefined ? {} : { uid }),
  };
}
