/**
 * Values as they go into a log: errors with their causes, nothing endless, nothing secret. Pure. Must never let through
 * what opens a door: tokens, passwords, private keys, whatever the field is called.
 */

/** A value that JSON can hold, bounded in depth and length, with secrets taken out. */
export function logValue(value: unknown): unknown {
  return shown(value, 0);
}

const MAX_DEPTH = 6;
const MAX_ITEMS = 100;
const MAX_TEXT = 4096;
const REDACTED = '[redacted]';

/** Fields that hold a secret whatever is in them. Names of objects and references are none. */
const SECRET_FIELD =
  /^(?:authorization|proxy-?authorization|cookie|set-?cookie|password|passwd|token|id_?token|access_?token|refresh_?token|identitytoken|registrytoken|bearer_?token|auth|client_?secret|private_?key|api_?key|\.?dockerconfigjson)$/i;

/** What a secret looks like inside a text. */
const SECRETS: readonly (readonly [pattern: RegExp, replacement: string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, REDACTED],
  [/\b(Bearer|Basic|Negotiate)\s+[\w.~+/=-]{6,}/gi, `$1 ${REDACTED}`],
  // JSON Web Tokens: ServiceAccounts, OIDC, registries.
  [/\beyJ[\w-]{5,}\.[\w-]{5,}(?:\.[\w-]*)?/g, REDACTED],
  [/\b([a-z][a-z0-9+.-]*:\/\/)[^/\s@]+@/gi, `$1${REDACTED}@`],
  [/([?&](?:[\w-]*token|[\w-]*signature|sig|[\w-]*credential|password)=)[^&\s"']+/gi, `$1${REDACTED}`],
];

function shown(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return text(value);
  if (typeof value === 'bigint' || typeof value === 'symbol') return String(value);
  if (typeof value === 'function') return '[function]';
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_DEPTH) return '[…]';
  return value instanceof Error ? errorFields(value, depth) : shownObject(value, depth);
}

function shownObject(value: object, depth: number): unknown {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'no time' : value.toISOString();
  if (value instanceof URL) return text(value.href);
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (value instanceof Map)
    return fields(
      [...value].map(([key, inner]) => [String(key), inner]),
      depth,
    );
  if (Array.isArray(value) || value instanceof Set)
    return [...value].slice(0, MAX_ITEMS).map((one) => shown(one, depth + 1));
  return fields(Object.entries(value), depth);
}

/**
 * Message, kind and causes: what `JSON.stringify` leaves out of an error. Of its own fields those that say something of
 * it: sockets and requests hang on errors as well. The stack of what nobody expected comes too.
 */
function errorFields(error: Error, depth: number): unknown {
  const { name, message, cause, stack } = error;
  const own = Object.entries(error).filter(
    ([key, value]) => !SAID_ALREADY.has(key) && (typeof value !== 'object' || key === 'detail'),
  );
  const parts = error instanceof AggregateError ? { errors: shown(error.errors, depth + 1) } : {};
  const inner = cause === undefined ? {} : { cause: shown(cause, depth + 1) };
  // What the system reports has a code; without one it is a fault of the program.
  const bug = FAULTS.has(name) && !('code' in error) && stack !== undefined ? { stack: text(stack) } : {};
  return { name, message: text(message), ...fields(own, depth), ...parts, ...inner, ...bug };
}

const SAID_ALREADY: ReadonlySet<string> = new Set(['name', 'message', 'cause', 'stack', 'errors']);

/** Errors that say that the program is wrong, not the world. */
const FAULTS: ReadonlySet<string> = new Set(['Error', 'TypeError', 'RangeError', 'ReferenceError', 'SyntaxError']);

function fields(entries: readonly (readonly [string, unknown])[], depth: number): Readonly<Record<string, unknown>> {
  const kept = entries.slice(0, MAX_ITEMS).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(
    kept.map(([key, inner]) => [key, SECRET_FIELD.test(key) && inner !== null ? REDACTED : shown(inner, depth + 1)]),
  );
}

/** Cut first: what a pattern has to look through stays bounded. */
function text(value: string): string {
  const bounded = value.length <= MAX_TEXT ? value : `${value.slice(0, MAX_TEXT - 1)}…`;
  return SECRETS.reduce((clean, [pattern, replacement]) => clean.replace(pattern, replacement), bounded).toWellFormed();
}
