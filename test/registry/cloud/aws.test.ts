/** AWS through its SDK: keys of KMS, passwords of ECR, who we are, and what every error is. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ecrCredentials, ecrRegion } from '../../../src/registry/cloud/ecr.ts';
import { createKeyService, type KeyService } from '../../../src/registry/kms/key-service.ts';
import { startAws, type TestAws } from '../../support/aws.ts';
import { fakeClock } from '../../support/clock.ts';
import { failureOf } from '../../support/failures.ts';

const { signal } = new AbortController();
const ID = '1234abcd-12ab-34cd-56ef-1234567890ab';
const ARN = `arn:aws:kms:us-west-2:111122223333:key/${ID}`;
const REGISTRY = '111122223333.dkr.ecr.eu-west-1.amazonaws.com';
const folder = mkdtempSync(join(tmpdir(), 'image-trust-aws-'));
afterAll(() => rmSync(folder, { recursive: true }));

const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const PEM = publicKey.export({ format: 'pem', type: 'spki' });
const DER = publicKey.export({ format: 'der', type: 'spki' });
let aws: TestAws;
let service: KeyService;

beforeEach(async () => {
  aws = await startAws();
  service = createKeyService({ env: {}, clock: fakeClock() });
  const env = {
    AWS_ENDPOINT_URL: aws.url,
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 's3cret',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: '/nonexistent',
    AWS_SHARED_CREDENTIALS_FILE: '/nonexistent',
  };
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all([service.close(), aws.close()]);
});

describe('a key of KMS', () => {
  test.each([
    ['a key id', `awskms:///${ID}`, ID, 'eu-central-1'],
    ['an alias', 'awskms:///alias/release', 'alias/release', 'eu-central-1'],
    ['an ARN, which knows its region', `awskms:///${ARN}`, ARN, 'us-west-2'],
  ])('by %s', async (_, uri, id, region) => {
    aws.keys.set(id, { der: DER });
    expect(await service.publicKeys(uri, signal)).toBe(PEM);
    expect(aws.requests).toEqual([`TrentService.GetPublicKey ${region} AKIDEXAMPLE`]);
  });

  test('at an endpoint of its own', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL', 'http://127.0.0.1:9');
    aws.keys.set('alias/x', { der: DER });
    expect(await service.publicKeys(`awskms://${aws.host}/alias/x`, signal)).toBe(PEM);
  });

  test('by the identity of a ServiceAccount', async () => {
    writeFileSync(join(folder, 'jwt'), 'the-jwt');
    vi.stubEnv('AWS_ACCESS_KEY_ID', undefined);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', undefined);
    vi.stubEnv('AWS_ROLE_ARN', 'arn:aws:iam::111122223333:role/image-trust');
    vi.stubEnv('AWS_WEB_IDENTITY_TOKEN_FILE', join(folder, 'jwt'));
    aws.keys.set('alias/release', { der: DER });
    expect(await service.publicKeys('awskms:///alias/release', signal)).toBe(PEM);
    expect(aws.requests.at(-1)).toBe('TrentService.GetPublicKey eu-central-1 ASIAFROMROLE');
  });

  test.each([
    ['for encryption', { der: DER, usage: 'ENCRYPT_DECRYPT' }, 'expected a key for signing'],
    ['that is no DER', { der: Buffer.from('x') }, 'expected the DER encoding of a public key'],
  ])('%s is none', async (_, key, message) => {
    aws.keys.set('alias/x', key);
    const failure = await failureOf(service.publicKeys('awskms:///alias/x', signal));
    expect([failure.detail.kind, failure.message.includes(message)]).toEqual(['invalid', true]);
  });
});

describe('an error of AWS', () => {
  test.each([
    [400, 'NotFoundException', 'not-found'],
    [400, 'DisabledException', 'not-found'],
    [400, 'KMSInvalidStateException', 'not-found'],
    [400, 'AccessDeniedException', 'unauthorized'],
    [400, 'UnrecognizedClientException', 'unauthorized'],
    [400, 'ExpiredTokenException', 'unauthorized'],
    [400, 'ThrottlingException', 'rate-limited'],
    [400, 'UnsupportedOperationException', 'invalid'],
    [500, 'KMSInternalException', 'unavailable'],
    [503, 'DependencyTimeoutException', 'unavailable'],
    [500, 'SomethingNew', 'unavailable'],
  ])('%i %s is %s', async (status, name, kind) => {
    aws.error = { status, name };
    const { detail, message } = await failureOf(service.publicKeys('awskms:///alias/x', signal));
    expect(detail.kind).toBe(kind);
    expect(message).toMatch(/^awskms:\/\/\/alias\/x: /);
    expect(message).not.toContain('s3cret');
  });

  test('nobody to be', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', undefined);
    const { detail, message } = await failureOf(service.publicKeys('awskms:///alias/x', signal));
    expect(detail.kind).toBe('unauthorized');
    expect(message).toContain('it takes kms:GetPublicKey on this key');
  });

  test('nobody there', async () => {
    await aws.close();
    expect((await failureOf(service.publicKeys(`awskms:///${ARN}`, signal))).detail.kind).toBe('unavailable');
  });
});

describe('a password of ECR', () => {
  test.each([
    [REGISTRY, 'eu-west-1'],
    ['111122223333.DKR.ECR.us-gov-west-1.amazonaws.com', 'us-gov-west-1'],
    ['111122223333.dkr.ecr-fips.us-east-1.amazonaws.com', 'us-east-1'],
    ['111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn', 'cn-north-1'],
    ['111122223333.dkr-ecr.us-east-1.on.aws', 'us-east-1'],
    ['111122223333.dkr.ecr.us-east-1.amazonaws.com.evil.example', undefined],
    ['evil.example/111122223333.dkr.ecr.us-east-1.amazonaws.com', undefined],
    ['x.111122223333.dkr.ecr.us-east-1.amazonaws.com', undefined],
    ['111122223333.dkr.ecr.us-east-1.amazonaws.com:444', undefined],
    ['111122223333.dkr.ecr.us-east-1.amazonaws.example', undefined],
    ['1112222.dkr.ecr.us-east-1.amazonaws.com', undefined],
    ['public.ecr.aws', undefined],
    ['docker.io', undefined],
  ])('%s: %s', (host, region) => {
    expect(ecrRegion(host)).toBe(region);
  });

  test('is asked for once, by the region of the registry, and again before its end', async () => {
    const clock = fakeClock();
    const provider = ecrCredentials(clock);
    const ask = () => provider(REGISTRY, 'team/app', signal);
    aws.password = { text: 'AWS:one:two', expiresAt: new Date(clock.now() + 12 * 3_600_000) };
    const one = { type: 'basic', username: 'AWS', password: 'one:two' };
    expect(await Promise.all([ask(), ask(), ask()])).toEqual([[one], [one], [one]]);
    clock.advance(10 * 3_600_000);
    await ask();
    expect(aws.requests).toEqual(['AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken eu-west-1 AKIDEXAMPLE']);
    aws.password = { text: 'AWS:next', expiresAt: new Date(clock.now() + 12 * 3_600_000) };
    clock.advance(3_600_000);
    expect(await ask()).toEqual([{ type: 'basic', username: 'AWS', password: 'next' }]);
    expect(aws.requests).toHaveLength(2);
  });

  test('is for no other host, and AWS is not asked for one', async () => {
    expect(await ecrCredentials(fakeClock())('registry.example.com', 'app', signal)).toEqual([]);
    expect(aws.requests).toEqual([]);
  });

  test.each([
    [400, 'AccessDeniedException', 'unauthorized'],
    [500, 'ServerException', 'unavailable'],
    [400, 'ThrottlingException', 'rate-limited'],
  ])('that is not given (%i %s) is %s, and is asked for again', async (status, name, kind) => {
    const provider = ecrCredentials(fakeClock());
    aws.error = { status, name };
    const { detail, message } = await failureOf(provider(REGISTRY, 'app', signal));
    expect([detail.kind, message.includes('s3cret')]).toEqual([kind, false]);
    aws.error = undefined;
    expect(await provider(REGISTRY, 'app', signal)).toHaveLength(1);
  });

  test('that makes no sense is invalid', async () => {
    aws.password = { text: 'nothing', expiresAt: new Date() };
    expect((await failureOf(ecrCredentials(fakeClock())(REGISTRY, 'app', signal))).detail.kind).toBe('invalid');
  });
});
