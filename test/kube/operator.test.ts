import { describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  type ClusterOperator,
  createOperator,
  ResourceEventType,
  type ResourceEvent,
} from '../../src/kube/operator.ts';
import { TRUSTED_KEYS } from '../../src/kube/resource.ts';
import { eventually } from '../support/eventually.ts';
import { fastClock, pod, startKube, type TestKube } from '../support/kube.ts';

const KEY = {
  apiVersion: 'imagetrust.dev/v1alpha1',
  kind: 'TrustedKey',
  metadata: { name: 'release' },
  spec: { keyless: { identities: [{ issuer: 'https://issuer.example', subject: 'me' }] } },
};

async function started(init: (operator: ClusterOperator) => Promise<void> = async () => undefined) {
  const kube: TestKube = await startKube();
  onTestFinished(() => kube[Symbol.asyncDispose]());
  const lines: string[] = [];
  const log = (level: string) => (message: string) => void lines.push(`${level}: ${message}`);
  const operator = createOperator({
    connection: kube.connection,
    client: kube.client,
    clock: fastClock,
    random: () => 0.5,
    fieldManager: 'image-trust-operator',
    logger: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
    init,
  });
  onTestFinished(() => operator.stopped());
  return { kube, operator, lines };
}

describe('the operator', () => {
  test('starts what init adopts, and stops it, the last first', async () => {
    const order: string[] = [];
    const part = (name: string) => ({
      start: () => void order.push(`start ${name}`),
      stop: async () => void order.push(`stop ${name}`),
    });
    const { operator } = await started(async (own) => {
      own.adopt(part('a'));
      own.adopt(part('b'));
    });
    await operator.start();
    await Promise.all([operator.stopped(), operator.stopped()]);
    expect(operator.signal.aborted).toBe(true);
    operator.adopt({ stop: part('late').stop });
    await operator.stopped();
    expect(order).toEqual(['start a', 'start b', 'stop b', 'stop a', 'stop late']);
  });

  test('a part that does not stop well is logged, and keeps none of the others running', async () => {
    const order: string[] = [];
    const { operator, lines } = await started(async (own) => {
      own.adopt({ stop: async () => void order.push('stop a') });
      own.adopt({ stop: () => Promise.reject(new Error('b does not close')) });
    });
    await operator.start();
    await operator.stopped();
    expect([order, lines]).toEqual([['stop a'], ['error: stopping: b does not close']]);
  });

  test('ignores the kubeconfig that the package would take, and leaves the environment as it was', async () => {
    vi.stubEnv('KUBECONFIG', '/nowhere/at/all');
    onTestFinished(() => void vi.unstubAllEnvs());
    const home = process.env.HOME;
    const { operator, kube } = await started();
    expect(operator.getCustomResourceApiUri('imagetrust.dev', 'v1alpha1', 'trustedkeys')).toBe(
      `${kube.api.url}/apis/imagetrust.dev/v1alpha1/trustedkeys`,
    );
    expect([process.env.KUBECONFIG, process.env.HOME]).toEqual(['/nowhere/at/all', home]);
  });

  test('a watch speaks the vocabulary of the package, in order, over restarts, and no bug ends the process', async () => {
    const { operator, kube, lines } = await started();
    kube.api.seed([pod('a')]);
    const seen: string[] = [];
    const exit = vi.spyOn(process, 'exit').mockImplementation(() => undefined as never);
    onTestFinished(() => exit.mockRestore());
    await operator.watchResource('', 'v1', 'pods', async ({ type, meta }: ResourceEvent) => {
      seen.push(`${type} ${meta.kind} ${meta.name}`);
      if (type === ResourceEventType.Modified) throw new Error('a bug of a callback');
    });
    await eventually(() => expect(seen).toEqual(['ADDED Pod a']));
    kube.api.dropWatches(undefined, 'reset');
    kube.api.seed([pod('a', 'default', 'a:2')]);
    kube.api.drop('/pods', 'a', 'default');
    await eventually(() => expect(seen.at(-1)).toBe('DELETED Pod a'));
    await operator.stopped();
    await eventually(() => expect(kube.api.watches.size).toBe(0));
    expect(exit).not.toHaveBeenCalled();
    expect(lines.join()).toContain('watch on pods');
  });

  test('status is put and applied, and what fails is thrown', async () => {
    const { operator, kube } = await started();
    const written = await kube.client
      .apply(TRUSTED_KEYS, KEY, { fieldManager: 'test', signal: operator.signal })
      .catch((error: unknown) => error);
    expect(written).toMatchObject({ detail: { kind: 'not-found' } });
    const meta = {
      name: 'release',
      id: 'trustedkeys.imagetrust.dev/v1alpha1',
      resourceVersion: '1',
      apiVersion: KEY.apiVersion,
      kind: KEY.kind,
    };
    await expect(operator.patchResourceStatus(meta, { observedGeneration: 1 })).rejects.toMatchObject({
      name: 'KubeFailure',
    });
    await expect(operator.setResourceStatus(meta, { observedGeneration: 1 })).rejects.toMatchObject({
      name: 'KubeFailure',
    });
    await expect(operator.setResourceFinalizers(meta, ['x/y'])).rejects.toMatchObject({ name: 'KubeFailure' });
    await expect(operator.registerCustomResourceDefinition('crds/x.yaml')).rejects.toThrow('installed from manifests');
    expect(() => operator.getCustomResourceApiUri('x', 'v1', 'ys')).toThrow('expected a resource that');
  });

  test('finalizers are added to a copy and removed after the deed', async () => {
    const { operator, kube } = await started();
    kube.api.seed([{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'default' } }]);
    const seen: ResourceEvent[] = [];
    const deeds: string[] = [];
    await operator.watchResource('', 'v1', 'configmaps', async (event) => {
      seen.push(event);
      await operator.handleResourceFinalizer(event, 'imagetrust.dev/x', async ({ meta }) => void deeds.push(meta.name));
    });
    await eventually(() =>
      expect(kube.api.one('/configmaps', 'a', 'default')?.metadata.finalizers).toEqual(['imagetrust.dev/x']),
    );
    expect(seen[0]?.object.metadata?.finalizers).toEqual([]);
    await kube.client.remove(
      { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap', namespaced: true },
      { name: 'a', namespace: 'default' },
      { signal: operator.signal },
    );
    await eventually(() => expect(kube.api.one('/configmaps', 'a', 'default')).toBeUndefined());
    expect(deeds).toEqual(['a']);
  });
});
