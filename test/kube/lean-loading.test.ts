import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

/** In a process of its own: what is loaded once stays loaded. Gives what the script prints, as JSON. */
function run(script: string): unknown {
  const cwd = fileURLToPath(new URL('../../', import.meta.url));
  const text = execFileSync(process.execPath, ['--input-type=module', '--eval', script], { cwd, encoding: 'utf8' });
  return JSON.parse(text);
}

/** Counts the generated modules that are resolved after it. */
const COUNT = `
  import { registerHooks } from 'node:module';
  const generated = new Set();
  registerHooks({ resolve(specifier, context, next) {
    const found = next(specifier, context);
    if (/client-node\\/dist\\/gen\\/(?:models|types|apis\\/.*Api\\.js)/.test(found.url)) generated.add(found.url);
    return found;
  } });
  const { withoutGeneratedPart } = await import('./src/kube/lean-loading.ts');
`;

describe('the Kubernetes client without its generated part', () => {
  it('loads, with the package that is built on it, and none of the models', () => {
    const found = run(`${COUNT}
      const { ClusterOperator } = await withoutGeneratedPart(() => import('./src/kube/operator.ts'));
      const { connect } = await withoutGeneratedPart(() => import('./src/kube/connection.ts'));
      const models = [...generated].filter((url) => !url.endsWith('/ObjectSerializer.js'));
      console.log(JSON.stringify([typeof ClusterOperator, typeof connect, models]));
    `);
    expect(found).toEqual(['function', 'function', []]);
  });

  it('loads no HTTP client for the package that is built on it, and the one there is for everybody else', () => {
    const found = run(`
      const { withoutGeneratedPart } = await import('./src/kube/lean-loading.ts');
      const { ClusterOperator } = await withoutGeneratedPart(() => import('./src/kube/operator.ts'));
      const { createRequire } = await import('node:module');
      const loaded = Object.keys(createRequire(import.meta.url).cache).filter((path) => /(gaxios|tr46)\\//.test(path));
      const { request } = await import('gaxios');
      console.log(JSON.stringify([typeof ClusterOperator, loaded, typeof request]));
    `);
    expect(found).toEqual(['function', [], 'function']);
  });

  it('reads kubeconfigs and makes the credentials of a request', () => {
    const found = run(`${COUNT}
      const { KubeConfig } = await withoutGeneratedPart(() => import('@kubernetes/client-node'));
      const config = new KubeConfig();
      config.loadFromOptions({
        clusters: [{ name: 'one', server: 'https://localhost:6443', skipTLSVerify: true }],
        users: [{ name: 'me', token: 'secret' }],
        contexts: [{ name: 'here', cluster: 'one', user: 'me' }],
        currentContext: 'here',
      });
      const options = {};
      await config.applyToHTTPSOptions(options);
      console.log(JSON.stringify([options.headers.Authorization, options.rejectUnauthorized]));
    `);
    expect(found).toEqual(['Bearer secret', false]);
  });

  it('is the whole package for whoever imports it without', () => {
    const found = run(`
      const { withoutGeneratedPart } = await import('./src/kube/lean-loading.ts');
      await withoutGeneratedPart(() => import('./src/kube/back-off.ts'));
      const { KubeConfig, BatchV1Api, CoreV1Api } = await import('@kubernetes/client-node');
      console.log(JSON.stringify([typeof KubeConfig, typeof BatchV1Api, typeof CoreV1Api.prototype.listNode]));
    `);
    expect(found).toEqual(['function', 'function', 'function']);
  });

  it('takes the hook back where the import fails', () => {
    const found = run(`
      const { withoutGeneratedPart } = await import('./src/kube/lean-loading.ts');
      await withoutGeneratedPart(() => import('./src/kube/none.ts')).catch(() => undefined);
      const { BatchV1Api } = await import('@kubernetes/client-node');
      console.log(JSON.stringify(typeof BatchV1Api));
    `);
    expect(found).toBe('function');
  });
});
