/** Which entry of config.json serves which repository, and what a broken file says. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { Credential } from '../../src/registry/credential.ts';
import { runHelper } from '../../src/registry/credential-helper.ts';
import { credentialsOf, loadDockerConfig, parseDockerConfig } from '../../src/registry/docker-config.ts';
import { failureOf, kindOf } from '../support/failures.ts';

const signal = AbortSignal.timeout(20_000);
const folder = mkdtempSync(join(tmpdir(), 'image-trust-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

const basic = (username: string): Credential => ({ type: 'basic', username, password: 'p' });
const auth = (user: string) => ({ auth: Buffer.from(`${user}:p`).toString('base64') });

function lookUp(config: object, host: string, path: string, helper: Record<string, Credential> = {}) {
  const asked: string[] = [];
  const provider = credentialsOf(
    parseDockerConfig(Buffer.from(JSON.stringify(config)), 'config.json'),
    (name, server) => {
      asked.push(`${name} ${server}`);
      return Promise.resolve(helper[server]);
    },
  );
  return provider(host, path, signal).then(([credential]) => ({ credential, asked }));
}

describe('which entry', () => {
  const auths = {
    'registry.example.com': auth('host'),
    'registry.example.com/team': auth('team'),
    'registry.example.com/team/app': auth('app'),
    'https://index.docker.io/v1/': auth('hub'),
    'https://other.example.com:5000/v2/': auth('other'),
    '[::1]:5000': auth('six'),
    'https://tls.example.com:443/': auth('tls'),
    '//bare.example.com': auth('bare'),
    'HTTP://Plain.Example.com:8080/v1': auth('plain'),
    'path.example.com/v2/': auth('path'),
    '*.wild.example.com': auth('wild'),
    'known.wild.example.com': auth('known'),
    '*.wild.example.com/team': auth('wildteam'),
    'cdn-*-?.wild.example.com': auth('cdn'),
    '*.port.example.com:5000': auth('wildport'),
  };
  test.each([
    ['registry.example.com', 'x', 'host'],
    ['registry.example.com', 'team/app', 'app'],
    ['registry.example.com', 'team/app/sub', 'app'],
    ['registry.example.com', 'team/application', 'team'],
    ['registry.example.com', 'teams/app', 'host'],
    ['docker.io', 'library/nginx', 'hub'],
    ['other.example.com:5000', 'x', 'other'],
    ['OTHER.example.com:5000', 'x', 'other'],
    ['[::1]:5000', 'x', 'six'],
    ['other.example.com', 'x', undefined],
    ['example.com', 'x', undefined],
    ['registry.example.com.evil.example', 'x', undefined],
    ['evil.example', 'registry.example.com', undefined],
    ['index.docker.io', 'library/nginx', 'hub'],
    ['registry-1.docker.io', 'library/nginx', 'hub'],
    ['tls.example.com', 'x', 'tls'],
    ['tls.example.com:443', 'x', 'tls'],
    ['tls.example.com:444', 'x', undefined],
    ['bare.example.com', 'x', 'bare'],
    ['plain.example.com:8080', 'x', 'plain'],
    ['plain.example.com', 'x', undefined],
    ['path.example.com', 'v2/x', 'path'],
    ['path.example.com', 'x', undefined],
    ['a.wild.example.com', 'x', 'wild'],
    ['a.wild.example.com', 'team/x', 'wildteam'],
    ['known.wild.example.com', 'x', 'known'],
    ['known.wild.example.com', 'team', 'wildteam'],
    ['cdn-eu-1.wild.example.com', 'x', 'cdn'],
    ['cdn-eu-12.wild.example.com', 'x', 'wild'],
    ['wild.example.com', 'x', undefined],
    ['a.b.wild.example.com', 'x', undefined],
    ['a.wild.example.com.evil.example', 'x', undefined],
    ['a.wild.example.com:5000', 'x', undefined],
    ['evil.example:5000', 'a.wild.example.com', undefined],
    ['a.port.example.com:5000', 'x', 'wildport'],
    ['a.port.example.com', 'x', undefined],
    ['a.port.example.com:5001', 'x', undefined],
  ])('%s/%s gets that of %s', async (host, path, user) => {
    expect((await lookUp({ auths }, host, path)).credential).toEqual(user === undefined ? undefined : basic(user));
  });

  test.each([
    [
      { username: 'u', password: 'p' },
      { type: 'basic', username: 'u', password: 'p' },
    ],
    [
      { username: 'other', password: 'other', auth: Buffer.from('u:p').toString('base64') },
      { type: 'basic', username: 'u', password: 'p' },
    ],
    [{ auth: 'dTpw\n' }, { type: 'basic', username: 'u', password: 'p' }],
    [{ auth: 'dT\r\n pw' }, { type: 'basic', username: 'u', password: 'p' }],
    [{ auth: 'dTo' }, { type: 'basic', username: 'u', password: '' }],
    [{ username: 'u' }, undefined],
    [
      { identitytoken: 'i', registrytoken: 'r', ...auth('u') },
      { type: 'identity-token', token: 'i' },
    ],
    [{ auth: Buffer.from('u:p:q').toString('base64') }, { type: 'basic', username: 'u', password: 'p:q' }],
    [
      { ...auth('u'), identitytoken: 't' },
      { type: 'identity-token', token: 't' },
    ],
    [{ registrytoken: 't' }, { type: 'access-token', token: 't' }],
    [{}, undefined],
    [{ auth: '' }, undefined],
  ])('an entry %j', async (entry, expected) => {
    expect((await lookUp({ auths: { 'a.example': entry } }, 'a.example', 'x')).credential).toEqual(expected);
  });

  test('a helper of the host is asked instead of the store, the store before auths', async () => {
    const config = {
      auths: { 'a.example': auth('file') },
      credsStore: 'store',
      credHelpers: { 'b.example': 'special' },
    };
    expect(await lookUp(config, 'b.example', 'x', { 'b.example': basic('helper') })).toEqual({
      credential: basic('helper'),
      asked: ['special b.example'],
    });
    expect(await lookUp(config, 'a.example', 'x', { 'a.example': basic('kept') })).toEqual({
      credential: basic('kept'),
      asked: ['store a.example'],
    });
    expect(await lookUp(config, 'a.example', 'x')).toEqual({ credential: basic('file'), asked: ['store a.example'] });
    expect((await lookUp(config, 'docker.io', 'library/nginx')).asked).toEqual(['store https://index.docker.io/v1/']);
  });
});

describe('a broken file names itself and the place, and no secret', () => {
  test.each([
    ['not json', 'config.json'],
    ['[]', 'config.json'],
    ['{"auths":[]}', 'config.json: auths'],
    ['{"auths":{"a.example":"s3cret"}}', 'auths["a.example"]'],
    ['{"auths":{"a.example":{"auth":"s3cret!"}}}', 'auths["a.example"].auth'],
    ['{"auths":{"a.example":{"auth":"czNjcmV0"}}}', 'auths["a.example"].auth'],
    ['{"auths":{"a.example":{"password":5,"username":"u"}}}', 'auths["a.example"].password'],
    ['{"credsStore":"../../bin/sh"}', 'credsStore'],
    ['{"credHelpers":{"a.example":7}}', 'credHelpers["a.example"]'],
    ['{"auths":{},"auths":{}}', 'config.json'],
  ])('%s', (text, place) => {
    let message = '';
    try {
      parseDockerConfig(Buffer.from(text), 'config.json');
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).toContain(place);
    expect(message).not.toMatch(/s3cret|czNj/);
  });
});

describe('where it is', () => {
  test('a file that was named must be there', async () => {
    expect(await kindOf(loadDockerConfig({ file: 'nope.json', env: {}, cwd: folder }))).toBe('unavailable');
  });
  test('the default file may be missing', async () => {
    const provider = await loadDockerConfig({ env: { HOME: folder }, cwd: '/' });
    expect(await provider('a.example', 'x', signal)).toEqual([]);
  });
  test('DOCKER_CONFIG names the folder', async () => {
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ auths: { 'a.example': auth('u') } }));
    const provider = await loadDockerConfig({ env: { DOCKER_CONFIG: folder }, cwd: '/' });
    expect(await provider('a.example', 'x', signal)).toEqual([basic('u')]);
  });
});

describe('helpers', () => {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const env = { PATH: `${bin}:${process.env['PATH'] ?? ''}` };
  const helper = (name: string, script: string): void => {
    writeFileSync(join(bin, `docker-credential-${name}`), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, `docker-credential-${name}`), 0o755);
  };

  test('get the server on stdin and answer in JSON', async () => {
    helper(
      'good',
      `read server; echo "{\\"ServerURL\\":\\"$server\\",\\"Username\\":\\"$1 $server\\",\\"Secret\\":\\"p\\"}"`,
    );
    expect(await runHelper('good', 'a.example', { env, signal })).toEqual(basic('get a.example'));
  });
  test('give identity tokens under the name <token>', async () => {
    helper('token', `echo '{"Username":"<token>","Secret":"t"}'`);
    expect(await runHelper('token', 'a.example', { env, signal })).toEqual({ type: 'identity-token', token: 't' });
  });
  test('that have nothing say so', async () => {
    helper('empty', `echo 'credentials not found in native keychain'; exit 1`);
    expect(await runHelper('empty', 'a.example', { env, signal })).toBeUndefined();
  });
  test.each([
    ['fails', 'echo s3cret; exit 3', 'ended with code 3'],
    ['babbles', 'echo s3cret', 'not Username and Secret'],
    ['floods', 'yes s3cret', 'printed too much'],
    ['hangs', 'exec sleep 60', 'no answer in time'],
  ])('one that %s is unauthorized, and its output is not repeated', async (name, script, text) => {
    helper(name, script);
    const failure = await failureOf(runHelper(name, 'a.example', { env, signal, timeoutMs: 300 }));
    expect(failure.detail.kind).toBe('unauthorized');
    expect(failure.message).toContain(text);
    expect(failure.message).not.toContain('s3cret');
  });
  test('one that does not exist is unauthorized', async () => {
    expect((await failureOf(runHelper('missing', 'a.example', { env, signal }))).message).toContain(
      'docker-credential-missing: cannot be run',
    );
  });
  test('a cancel ends it and passes through', async () => {
    helper('slow', 'exec sleep 60');
    const cancelled = new AbortController();
    const running = runHelper('slow', 'a.example', { env, signal: cancelled.signal });
    cancelled.abort(new Error('Ctrl-C'));
    await expect(running).rejects.toThrow('Ctrl-C');
  });
});
