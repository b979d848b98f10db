/**
 * Why the API server did not do what was asked: one error type whose kinds steer the callers. Owns the mapping from
 * HTTP and sockets to kinds; messages name the call and the server's sentence, never headers, bodies or credentials.
 */

/** What went wrong. */
export interface KubeFailureDetail {
  readonly kind:
    | 'not-found'
    /** 409: another writer was first, or the object exists already. */
    | 'conflict'
    | 'forbidden'
    | 'unauthorized'
    /** The request itself is wrong: trying again changes nothing. */
    | 'invalid'
    /** 410: the resourceVersion or the continue token is too old. */
    | 'gone'
    | 'rate-limited'
    | 'unavailable'
    | 'timeout';
  /** How long the server wants to be left alone, in milliseconds. */
  readonly retryAfterMs?: number;
  /** HTTP status; absent where no answer came. */
  readonly status?: number;
  /** The machine's word of the server: `AlreadyExists`, `Conflict`, `NamespaceTerminating`, `ResourceVersionTooLarge`… */
  readonly reason?: string;
}

/** A call to the API server that failed. */
export class KubeFailure extends Error {
  override readonly name = 'KubeFailure';
  readonly detail: KubeFailureDetail;

  constructor(detail: KubeFailureDetail, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.detail = detail;
  }
}

/** Is it a KubeFailure of one of these kinds? */
export function isKubeFailure(error: unknown, ...kinds: readonly KubeFailureDetail['kind'][]): error is KubeFailure {
  return error instanceof KubeFailure && (kinds.length === 0 || kinds.includes(error.detail.kind));
}

/** What of an HTTP answer decides the failure. `body`: the Status object of the API server, or whatever came. */
export interface FailedAnswer {
  readonly status: number;
  readonly body: string;
  /** The header as it came: seconds (the API server sends no dates). */
  readonly retryAfter?: string | undefined;
}

/** The failure that an answer amounts to. Call it only with a status that is not 2xx. */
export function failureOfAnswer(where: string, answer: FailedAnswer): KubeFailure {
  return failureOfStatus(where, parse(answer.body), answer);
}

/**
 * The failure in a `Status` object (meta/v1), from the body of an answer or from a watch event of type ERROR.
 * `answer`: the HTTP answer around it, where there is one.
 */
export function failureOfStatus(where: string, value: unknown, answer?: Omit<FailedAnswer, 'body'>): KubeFailure {
  const status: Record<string, unknown> = isRecord(value) ? value : {};
  const details: Record<string, unknown> = isRecord(status.details) ? status.details : {};
  const code = answer?.status ?? (typeof status.code === 'number' ? status.code : 500);
  const reason = reasonOf(status, details);
  const retryAfterMs = secondsOf(details.retryAfterSeconds) ?? secondsOf(answer?.retryAfter);
  const sentence = typeof status.message === 'string' ? `: ${cut(status.message)}` : '';
  return new KubeFailure(
    {
      kind: kindOf(code, reason),
      status: code,
      ...(reason === undefined ? {} : { reason }),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    },
    `${where}: the API server answered ${code}${sentence}`,
  );
}

/** The failure that a broken exchange amounts to. */
export function failureOfError(where: string, error: unknown): KubeFailure {
  if (error instanceof KubeFailure) return error;
  const code = codeOf(error);
  const timedOut = code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT';
  return new KubeFailure(
    { kind: timedOut ? 'timeout' : 'unavailable' },
    `${where}: the API server cannot be reached (${code === '' ? describe(error) : code})`,
    { cause: error },
  );
}

/** The code that Node and undici give to errors of sockets and TLS, looked for along the causes; empty where none. */
export function codeOf(error: unknown): string {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    if ('code' in at && typeof at.code === 'string' && at.code !== '') return at.code;
  }
  return '';
}

const LONGEST_SENTENCE = 600;
const LONGEST_WAIT_S = 300;

const KINDS: Readonly<Record<number, KubeFailureDetail['kind']>> = {
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not-found',
  408: 'timeout',
  409: 'conflict',
  410: 'gone',
  429: 'rate-limited',
  504: 'timeout',
};

function kindOf(code: number, reason: string | undefined): KubeFailureDetail['kind'] {
  // A resourceVersion that the server has not reached (etcd restored from a backup) is answered 504 "Timeout".
  if (reason === 'Expired' || reason === 'ResourceVersionTooLarge') return 'gone';
  return KINDS[code] ?? (code >= 500 ? 'unavailable' : 'invalid');
}

/** Causes that say more than the reason: a namespace that goes away is `Forbidden` for the rest. */
const TELLING_CAUSES: ReadonlySet<unknown> = new Set(['NamespaceTerminating', 'ResourceVersionTooLarge']);

function reasonOf(status: Record<string, unknown>, details: Record<string, unknown>): string | undefined {
  const causes: readonly unknown[] = Array.isArray(details.causes) ? details.causes : [];
  for (const cause of causes) {
    if (isRecord(cause) && typeof cause.reason === 'string' && TELLING_CAUSES.has(cause.reason)) return cause.reason;
  }
  return typeof status.reason === 'string' && status.reason !== '' ? status.reason : undefined;
}

function secondsOf(value: unknown): number | undefined {
  const seconds = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;
  if (typeof seconds !== 'number' || !(seconds > 0)) return undefined;
  return Math.min(seconds, LONGEST_WAIT_S) * 1000;
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function cut(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length <= LONGEST_SENTENCE ? line : `${line.slice(0, LONGEST_SENTENCE - 1)}…`;
}

function describe(error: unknown): string {
  return error instanceof Error ? cut(error.message) : 'no reason given';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
