/**
 * What an answer or a broken connection means. Owns the one mapping from HTTP and sockets to kinds of Failure;
 * messages hold no request ids, times or bodies, since they must be the same at every pass.
 */
import { Failure, invalid, notFound } from '../core/failure.ts';
import type { HttpAnswer } from './transport.ts';

/** One value of a header; the first where it was sent several times. */
export function headerOf(answer: HttpAnswer, name: string): string | undefined {
  const value = answer.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** Every value of a header. */
export function headersOf(answer: HttpAnswer, name: string): readonly string[] {
  const value = answer.headers[name];
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

/** The Failure that an answer amounts to. Call it only with an answer that is not what was asked for. */
export function failureOfAnswer(answer: HttpAnswer, where: string, now: number): Failure {
  const { status } = answer;
  const wait = retryAfterMs(answer, now);
  const pause = wait === undefined ? {} : { retryAfterMs: wait };
  if (status === 401 || status === 403) {
    const why = status === 401 ? 'asked for credentials, or refused those it was given' : 'refused access';
    return new Failure(
      { kind: 'unauthorized' },
      `${where}: the registry ${why} (${status}); give credentials for this repository`,
    );
  }
  if (status === 404 || status === 410) return notFound(`${where}: the registry does not have it (${status})`);
  if (status === 429)
    return new Failure({ kind: 'rate-limited', ...pause }, `${where}: the registry asked to slow down (429)`);
  if (status >= 500)
    return new Failure({ kind: 'unavailable', ...pause }, `${where}: the registry answered with error ${status}`);
  return invalid(where, 'an answer with status 200', `status ${status}`);
}

/** Retry-After in milliseconds from now, given in seconds or as an HTTP date (RFC 9110, 10.2.3); undefined where absent. */
export function retryAfterMs(answer: HttpAnswer, now: number): number | undefined {
  const text = headerOf(answer, 'retry-after')?.trim();
  if (text === undefined || text === '') return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}

/** The Failure that a broken exchange amounts to. */
export function failureOfError(error: unknown, where: string): Failure {
  if (error instanceof Failure) return error;
  return new Failure({ kind: 'unavailable' }, `${where}: ${describe(codeOf(error))}`, { cause: error });
}

/** Is a second try of this broken exchange worth anything? A name that is unknown and a bad certificate stay so. */
export function isTransient(error: unknown): boolean {
  if (error instanceof Failure) return false;
  const code = codeOf(error);
  return (
    code !== 'ENOTFOUND' &&
    code !== 'UND_ERR_CONNECT_TIMEOUT' &&
    !isCertificateCode(code) &&
    !code.startsWith('ERR_SSL_')
  );
}

/** Could no connection be made at all? Then the next lookup would not fare better. */
export function isUnreachable(error: unknown): boolean {
  const code = codeOf(error);
  const connecting = [
    'ECONNREFUSED',
    'ENOTFOUND',
    'EAI_AGAIN',
    'UND_ERR_CONNECT_TIMEOUT',
    'EHOSTUNREACH',
    'ENETUNREACH',
    'EPROTO',
  ];
  return connecting.includes(code) || isCertificateCode(code) || code.startsWith('ERR_SSL_');
}

/** Did TLS fail because the other side does not speak it? (Or, without a port, because only port 80 is open.) */
export function speaksNoTls(error: unknown): boolean {
  const code = codeOf(error);
  const plain = [
    'EPROTO',
    'ERR_SSL_WRONG_VERSION_NUMBER',
    'ERR_SSL_PACKET_LENGTH_TOO_LONG',
    'ERR_SSL_HTTP_REQUEST',
    'ECONNREFUSED',
  ];
  return (
    plain.includes(code) || code === 'ERR_SSL_RECORD_LAYER_FAILURE' || (code === 'ECONNRESET' && inHandshake(error))
  );
}

/** node:tls gives a connection that ends before TLS is up no code of its own, only this message. */
function inHandshake(error: unknown): boolean {
  return error instanceof Error && error.message.includes('before secure TLS connection');
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  if ('code' in error && typeof error.code === 'string') return error.code;
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  return error.cause === undefined ? '' : codeOf(error.cause);
}

function isCertificateCode(code: string): boolean {
  return /^(?:CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|ERR_TLS_CERT|CERTIFICATE_|INVALID_CA|HOSTNAME_MISMATCH)/.test(
    code,
  );
}

function describe(code: string): string {
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'the name of the registry cannot be resolved';
  if (code === 'ECONNREFUSED') return 'the registry refuses connections';
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT')
    return 'no connection to the registry could be made in time';
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT') return 'the registry stopped answering';
  if (isCertificateCode(code))
    return `the certificate of the registry is not trusted (${code}); give its authority as CA`;
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_'))
    return 'TLS with the registry failed; use --plain-http if it speaks plain HTTP';
  return `the connection to the registry broke${code === '' ? '' : ` (${code})`}`;
}
