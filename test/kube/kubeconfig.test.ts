import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type KubeconfigOptions, type KubeEnvironment, loadKubeconfig } from '../../src/kube/kubeconfig.ts';

let folder = '';

/** A kubeconfig whose cluster, user and context all have this name. */
function kubeconfig(name: string, user: object = {}, current = name): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server: `https://${name}.example:6443`, 'certificate-authority': 'ca.crt' } }],
    users: [{ name, user }],
    contexts: [{ name, context: { cluster: name, user: name, namespace: `${name}-ns` } }],
    'current-context': current,
  });
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'image-trust-kubeconfig-'));
  mkdirSync(join(folder, 'home/.kube'), { recursive: true });
  for (const name of ['one', 'two']) writeFileSync(join(folder, name), kubeconfig(name));
  writeFileSync(join(folder, 'home/.kube/config'), kubeconfig('home'));
  writeFileSync(join(folder, 'token-file'), kubeconfig('tok', { tokenFile: 'secrets/token' }));
  writeFileSync(join(folder, 'lost'), kubeconfig('lost', {}, 'elsewhere'));
  writeFileSync(join(folder, 'empty'), '');
  writeFileSync(join(folder, 'broken'), 'clusters: [');
  writeFileSync(join(folder, 'nameless'), JSON.stringify({ clusters: [{ cluster: { server: 'x' } }] }));
  writeFileSync(join(folder, 'no-server'), kubeconfig('x').replace('https://x.example:6443', 'not a url'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function load(options: KubeconfigOptions, environment: KubeEnvironment = {}): KubeConfig {
  const resolved = options.kubeconfig === undefined ? {} : { kubeconfig: join(folder, options.kubeconfig) };
  return loadKubeconfig(new KubeConfig(), { ...options, ...resolved }, environment);
}

describe('which cluster', () => {
  test.each<[string, KubeconfigOptions, () => KubeEnvironment, string]>([
    ['the flag before everything', { kubeconfig: 'one' }, () => ({ KUBECONFIG: join(folder, 'two') }), 'one'],
    [
      '$KUBECONFIG before the home folder',
      {},
      () => ({ KUBECONFIG: join(folder, 'two'), HOME: join(folder, 'home') }),
      'two',
    ],
    [
      'the first of several files decides',
      {},
      () => ({ KUBECONFIG: `${join(folder, 'two')}:${join(folder, 'one')}` }),
      'two',
    ],
    [
      'a listed file that is missing is passed over',
      {},
      () => ({ KUBECONFIG: `/nowhere:${join(folder, 'one')}` }),
      'one',
    ],
    ['the home folder', {}, () => ({ HOME: join(folder, 'home') }), 'home'],
    [
      'a context by name, out of several files',
      { context: 'one' },
      () => ({ KUBECONFIG: `${join(folder, 'two')}:${join(folder, 'one')}` }),
      'one',
    ],
  ])('%s', (_, options, environment, name) => {
    const config = load(options, environment());
    expect(config.getCurrentCluster()?.server).toBe(`https://${name}.example:6443`);
    expect(config.getContextObject(config.getCurrentContext())?.namespace).toBe(`${name}-ns`);
  });

  test.each<[string, KubeconfigOptions, () => KubeEnvironment, RegExp]>([
    [
      'no file at the flag',
      { kubeconfig: 'nothing' },
      () => ({}),
      /--kubeconfig .*nothing: expected a kubeconfig file, found nothing there/,
    ],
    [
      'no file at $KUBECONFIG',
      {},
      () => ({ KUBECONFIG: '/nowhere' }),
      /\$KUBECONFIG: expected .* found none at \/nowhere/,
    ],
    [
      'nothing anywhere',
      {},
      () => ({ HOME: '/nowhere' }),
      /no cluster: expected a kubeconfig \(--kubeconfig, .*found neither/,
    ],
    [
      'an empty file',
      { kubeconfig: 'empty' },
      () => ({}),
      /empty: expected a kubeconfig, found one that cannot be read/,
    ],
    [
      'broken YAML',
      { kubeconfig: 'broken' },
      () => ({}),
      /broken: expected a kubeconfig, found one that cannot be read/,
    ],
    ['a cluster without a name', { kubeconfig: 'nameless' }, () => ({}), /clusters\[0\]\.name is missing/],
    ['a context that is not there', { kubeconfig: 'lost' }, () => ({}), /expected context elsewhere, found lost/],
    [
      'a flag that names no context',
      { kubeconfig: 'one', context: 'two' },
      () => ({}),
      /expected context two, found one/,
    ],
    [
      'a server that is no URL',
      { kubeconfig: 'no-server' },
      () => ({}),
      /with the URL of a server, found server not a url/,
    ],
  ])('%s is said, with the place', (_, options, environment, message) => {
    expect(() => load(options, environment())).toThrow(message);
  });

  test('files beside a kubeconfig are looked for beside it, the token that kubectl calls tokenFile too', () => {
    const config = load({ kubeconfig: 'token-file' });
    expect(config.getCurrentCluster()?.caFile).toBe(join(folder, 'ca.crt'));
    expect(config.getCurrentUser()?.authProvider?.config).toEqual({ tokenFile: join(folder, 'secrets/token') });
  });
});
