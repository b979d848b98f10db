/**
 * The result of `image-trust keys`: every TrustedKey with its life and with who depends on it, as a document and as a
 * table. Owns the columns; what is said of a key is what its status says (key-status.ts).
 */
import { API_VERSION } from '../api/group.ts';
import type { TrustedKey } from '../api/trusted-key.ts';
import { compareText } from '../core/image-use.ts';
import { type Cell, renderColumns } from './columns.ts';
import { rfc3339 } from './conditions.ts';
import { endOfKey, type KeyView, summariseKey } from './key-status.ts';
import type { KeyDocument, KeysDocument } from './schemas.ts';
import type { TableOptions } from './table.ts';

/** The keys as a document of kind KeysResult, by name. */
export function keysDocument(views: readonly KeyView[], now: Date): KeysDocument {
  const keys = views.toSorted((a, b) => compareText(a.key.metadata.name, b.key.metadata.name));
  return { apiVersion: API_VERSION, kind: 'KeysResult', keys: keys.map((view) => keyDocument(view, now)) };
}

/** The keys as a table, by name. `now` gives the ages. */
export function renderKeysTable({ keys }: KeysDocument, now: Date, { wide, colour }: TableOptions): string {
  const header = ['NAME', 'STATE', 'READY', 'AGE', 'EXPIRES', 'IMAGES', 'WORKLOADS', 'SOLELY-DEPENDENT'];
  const more = wide ? ['TYPE', 'POLICIES', 'FINGERPRINTS'] : [];
  return renderColumns(
    [...header, ...more, 'MESSAGE'],
    keys.map((key) => cellsOf(key, now, { wide, colour })),
  );
}

function keyDocument(view: KeyView, now: Date): KeyDocument {
  const { key, dependents } = view;
  // What an operator wrote into the status before says nothing here: everything was looked at just now.
  const { conditions, ...status } = summariseKey(view, now, undefined);
  const end = endOfKey(view);
  const born = bornAt(key);
  const sole = [...(dependents?.solelyDependent.values() ?? [])].toSorted((a, b) =>
    compareText(`${a.namespace} ${a.kind} ${a.name}`, `${b.namespace} ${b.kind} ${b.name}`),
  );
  return {
    name: key.metadata.name,
    type: typeOf(key),
    state: key.spec.lifecycle.state,
    ready: conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false,
    ...(born === undefined ? {} : { bornAt: rfc3339(born) }),
    ...(end === undefined ? {} : { expiresAt: rfc3339(end) }),
    keys: [...(status.keys ?? [])],
    dependents: status.dependents ?? { policies: 0, images: 0, workloads: 0, solelyDependentWorkloads: 0 },
    solelyDependent: sole.map(({ namespace = '', kind, name }) => ({ namespace, kind, name })),
    conditions: (conditions ?? []).map(({ type, status: is, reason, message }) => ({
      type,
      status: is,
      reason,
      message,
    })),
  };
}

/** A key's age counts from validFrom, else from the day on which it was created in the cluster. */
function bornAt({ metadata, spec }: TrustedKey): Date | undefined {
  const created = metadata['creationTimestamp'];
  const time = Date.parse(spec.lifecycle.validFrom ?? (typeof created === 'string' ? created : ''));
  return Number.isNaN(time) ? undefined : new Date(time);
}

function typeOf({ spec }: TrustedKey): KeyDocument['type'] {
  if (spec.publicKey !== undefined) return 'publicKey';
  if (spec.certificate !== undefined) return 'certificate';
  return spec.keyless === undefined ? 'notation' : 'keyless';
}

function cellsOf(key: KeyDocument, now: Date, { wide, colour }: TableOptions): readonly Cell[] {
  const { dependents, expiresAt, bornAt: born } = key;
  const expired = expiresAt !== undefined && Date.parse(expiresAt) <= now.getTime();
  return [
    { text: key.name },
    painted(key.state, STATE_COLOURS[key.state], colour),
    painted(key.ready ? 'True' : 'False', key.ready ? GREEN : RED, colour),
    { text: born === undefined ? '<unknown>' : ageOf(now.getTime() - Date.parse(born)) },
    painted(expiresAt ?? '', expired ? RED : undefined, colour),
    { text: String(dependents.images) },
    { text: String(dependents.workloads) },
    { text: String(dependents.solelyDependentWorkloads) },
    ...(wide ? wideCells(key) : []),
    { text: messageOf(key) },
  ];
}

function wideCells({ type, dependents, keys }: KeyDocument): readonly Cell[] {
  const prints = keys.map(({ fingerprint, algorithm }) => `${fingerprint} (${algorithm})`);
  return [{ text: type }, { text: String(dependents.policies) }, { text: prints.join(', ') }];
}

/** What asks for attention speaks; else what the key does. */
function messageOf({ conditions }: KeyDocument): string {
  const loud = conditions.filter(({ type }) => type === 'Expiring' || type === 'RotationDue' || type === 'Stalled');
  const said = loud.length > 0 ? loud : conditions.filter(({ type }) => type === 'Ready');
  return said.map(({ message }) => message).join('; ');
}

const RED = 31;
const GREEN = 32;
const YELLOW = 33;
const STATE_COLOURS: Readonly<Record<TrustedKey['spec']['lifecycle']['state'], number>> = {
  Active: GREEN,
  Retiring: YELLOW,
  Revoked: RED,
};

function painted(text: string, code: number | undefined, colour: boolean): Cell {
  if (!colour || code === undefined || text === '') return { text };
  return { text, paint: (padded) => `\u001b[${code}m${padded}\u001b[0m` };
}

const UNITS: readonly (readonly [name: string, ms: number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
];

/** As kubectl writes ages, by the largest unit; a key that is valid only later has none yet. */
function ageOf(ms: number): string {
  if (ms < 0) return '<later>';
  const [name, size] = UNITS.find(([, unit]) => ms >= unit) ?? ['s', 1_000];
  return `${Math.floor(ms / size)}${name}`;
}
