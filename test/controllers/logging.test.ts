import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLog, type LogLevel } from '../../src/controllers/logging.ts';
import { logValue } from '../../src/controllers/log-value.ts';
import { KubeFailure } from '../../src/kube/failure.ts';
import { Failure } from '../../src/core/failure.ts';

const TIME = new Date('2026-11-21T10:00:00.123Z');

function logTo(level: LogLevel = 'debug') {
  const lines: string[] = [];
  const log = createLog({ level, now: () => TIME, sink: { write: (line) => lines.push(line) } });
  return { log, lines, last: () => JSON.parse(lines.at(-1) ?? 'null') };
}

describe('createLog', () => {
  it('writes one line of JSON, time, level and message first', () => {
    const { log, lines } = logTo();
    log.info('leading', { elected: true });
    expect(lines).toEqual(['{"time":"2026-11-21T10:00:00.123Z","level":"info","message":"leading","elected":true}\n']);
  });

  it('writes every line before it returns, in order', () => {
    const { log, lines } = logTo();
    for (let i = 0; i < 1000; i++) log.info('line', { i });
    expect(lines.map((line) => JSON.parse(line).i)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
  });

  it.each([
    ['error', ['error']],
    ['warn', ['error', 'warn']],
    ['info', ['error', 'warn', 'info']],
    ['debug', ['error', 'warn', 'info', 'debug']],
  ] as const)('level %s writes %j', (level, expected) => {
    const { log, lines } = logTo(level);
    for (const one of ['debug', 'info', 'warn', 'error'] as const) log[one](one);
    expect(new Set(lines.map((line) => JSON.parse(line).level))).toEqual(new Set(expected));
  });

  it('keeps fields apart that are called as what the line has itself', () => {
    const { log, last } = logTo();
    log.info('verdict changed', { message: 'signed by another', level: 'x', time: 'y', stack: 'z' });
    expect(last()).toMatchObject({
      message: 'verdict changed',
      message_: 'signed by another',
      level_: 'x',
      stack: 'z',
    });
    expect(last()).toMatchObject({ level: 'info', time: TIME.toISOString(), time_: 'y' });
  });

  it('says all of an error: kind, detail and causes', () => {
    const { log, last } = logTo();
    const root = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    const error = new Failure({ kind: 'unavailable', retryAfterMs: 5 }, 'ghcr.io: no answer', { cause: root });
    log.warn('trying again', { key: 'a', error });
    expect(last()).toMatchObject({
      key: 'a',
      error: {
        name: 'Failure',
        message: 'ghcr.io: no answer',
        detail: { kind: 'unavailable', retryAfterMs: 5 },
        cause: { name: 'Error', message: 'connect ECONNREFUSED', code: 'ECONNREFUSED' },
      },
    });
    expect(last().error).not.toHaveProperty('stack');
    expect(last().error.cause).not.toHaveProperty('stack');
    log.error('bug', { error: new TypeError('x is not a function') });
    expect(last().error.stack).toContain('logging.test.ts');
  });

  it('says all parts of an error of several, and nothing of the sockets that hang on it', () => {
    const { log, last } = logTo();
    const failed = (port: number) =>
      Object.assign(new Error(`connect ${port}`), { code: 'ECONNREFUSED', socket: { localAddress: '10.0.0.1' } });
    log.warn('trying again', { error: new AggregateError([failed(1), failed(2)], 'both') });
    expect(last().error).toMatchObject({
      message: 'both',
      errors: [{ message: 'connect 1' }, { message: 'connect 2' }],
    });
    expect(JSON.stringify(last())).not.toContain('10.0.0.1');
  });

  it('says what the API server said', () => {
    const { log, last } = logTo();
    log.warn('refused', { error: new KubeFailure({ kind: 'forbidden', status: 403 }, 'list pods: forbidden') });
    expect(last().error).toMatchObject({ message: 'list pods: forbidden', detail: { kind: 'forbidden', status: 403 } });
  });
});

describe('5. no secret is in a line', () => {
  const JWT = 'eyJhbGciOiJSUzI1NiIsImtpZCI6IiJ9.eyJpc3MiOiJrdWJlcm5ldGVzIn0.c2lnbmF0dXJl';
  const SECRET = 'hunter2-hunter2';
  it.each([
    ['a field called token', { token: SECRET }],
    ['a field called Authorization', { headers: { Authorization: SECRET } }],
    ['a field called auth, in a list', { auths: [{ auth: SECRET }] }],
    ['a field called password, in a Map', new Map([['password', SECRET]])],
    ['the content of a pull secret', { data: { '.dockerconfigjson': SECRET } }],
    ['a bearer token in a message', `GET / with Authorization: Bearer ${SECRET}`],
    ['basic credentials in a message', `basic ${SECRET}=`],
    ['a password in an address', `proxy http://user:${SECRET}@proxy:3128 refused`],
    ['a password in a URL', new URL(`https://user:${SECRET}@example.com/`)],
    ['a signed address', `redirect to https://storage.example.com/x?X-Amz-Signature=${SECRET}&a=b`],
    [
      'the cause of the cause of an error',
      new Error('a', { cause: new Error('b', { cause: new Error(`Bearer ${SECRET}`) }) }),
    ],
    ['a field of an error', Object.assign(new Error('a'), { detail: { password: SECRET } })],
    ['a private key', `-----BEGIN EC PRIVATE KEY-----\n${SECRET}\n-----END EC PRIVATE KEY-----`],
    ['a private key that was cut', `-----BEGIN PRIVATE KEY-----\n${SECRET}`],
  ])('%s', (_, value) => {
    const { log, lines } = logTo();
    log.info('a line', { value });
    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toContain(SECRET);
    expect(lines[0]).toContain('[redacted]');
  });

  it('a token of a ServiceAccount, wherever it stands', () => {
    const { log, lines } = logTo();
    log.info(`token ${JWT}`, { where: [`x=${JWT};`], error: new Error(JWT) });
    expect(lines[0]).not.toContain('eyJ');
  });

  it('what is no secret stays readable', () => {
    const fields = {
      tokenReviews: 3,
      secretRef: 'security/cosign',
      image: 'ghcr.io/a/b@sha256:abc',
      authority: 'fulcio',
    };
    expect(logValue(fields)).toEqual(fields);
  });
});

describe('logValue', () => {
  it('ends for values that do not', () => {
    const loop: Record<string, unknown> = { name: 'loop' };
    loop['self'] = loop;
    const error = new Error('round');
    error.cause = error;
    expect(JSON.stringify(logValue([loop, error])).length).toBeLessThan(20_000);
  });

  it('is bounded in length', () => {
    expect(String(logValue('x'.repeat(100_000))).length).toBeLessThanOrEqual(4096);
    expect(logValue(Array.from({ length: 5000 }, () => 1))).toHaveLength(100);
  });

  it('gives JSON for whatever it is given', () => {
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true }),
        (value) => {
          JSON.stringify(logValue(value));
        },
      ),
    );
  });
});
