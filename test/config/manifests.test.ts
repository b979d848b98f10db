/** What is installed: hygiene of every manifest, and the promises of the installation. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { GROUP } from '../../src/api/group.ts';
import { validateManifest } from '../../src/api/validate.ts';
import {
  asList,
  documentsOf,
  kustomizationOf,
  isManifest,
  kustomizedFolders,
  type Manifest,
  manifestsIn,
  PROJECT,
  resourcesOf,
  texts,
  valueAt,
  yamlFilesBelow,
} from './kustomization.ts';

const NAMESPACE = 'image-trust-system';
const SERVICE_ACCOUNT = 'image-trust-operator';
const FILES = [...yamlFilesBelow('config'), ...yamlFilesBelow('crds')];
const INSTALLED = resourcesOf('config/default');

function only(kind: string, manifests: readonly Manifest[] = INSTALLED): Manifest {
  const [found, ...others] = manifests.filter((manifest) => manifest.kind === kind);
  if (found === undefined || others.length > 0) throw new Error(`expected one ${kind}, found ${others.length + 1}`);
  return found;
}

function container(): unknown {
  return valueAt(only('Deployment').object, 'spec', 'template', 'spec', 'containers', 0);
}

/** Paths of everything in a value that satisfies a predicate. */
function pathsWhere(value: unknown, wrong: (value: unknown, key: string) => boolean, path = ''): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [
    ...(wrong(inner, key) ? [`${path}.${key}`] : []),
    ...pathsWhere(inner, wrong, `${path}.${key}`),
  ]);
}

/** Nothing, an empty list, or an empty mapping that is not an option of this form. */
function isEmpty(value: unknown, key: string): boolean {
  if (value === null) return true;
  if (typeof value !== 'object' || Object.keys(value).length > 0) return false;
  return Array.isArray(value) || !['selfSigned', 'default', 'status'].includes(key);
}

describe('every file', () => {
  test.each(FILES)('%s parses, and says nothing empty or made by a machine', (file) => {
    const text = readFileSync(join(PROJECT, file), 'utf8');
    // Flux substitutes it.
    expect(text).not.toContain('${');
    const documents = documentsOf(join(PROJECT, file));
    expect(documents.length).toBeGreaterThan(0);
    for (const document of documents) {
      expect(pathsWhere(document, isEmpty)).toEqual([]);
      expect(pathsWhere(document, (_, key) => ['creationTimestamp', 'resourceVersion', 'uid'].includes(key))).toEqual(
        [],
      );
    }
  });

  test.each(FILES.filter((file) => !file.startsWith('config/samples/demo/')))('%s has no status', (file) => {
    for (const document of documentsOf(join(PROJECT, file))) expect(valueAt(document, 'status')).toBeUndefined();
  });

  test('is reached by a kustomization or is an example', () => {
    const folders = [...kustomizedFolders('config'), 'crds'];
    const reached = folders.flatMap((folder) => {
      const kustomization = kustomizationOf(folder);
      const patches = asList(kustomization['patches']).flatMap((patch) =>
        texts([valueAt(patch, 'path')].filter((path) => path !== undefined)),
      );
      return [...texts(kustomization['resources']), ...patches].map((path) => join(folder, path));
    });
    const lonely = FILES.filter((file) => isManifest(file) || file.endsWith('_patch.yaml'))
      .filter((file) => !reached.includes(file))
      .filter(
        (file) => !/^config\/samples\/(?:imagetrust_|kyverno\/)/.test(file) && !file.startsWith('config/argocd/'),
      );
    expect(lonely).toEqual([]);
    expect(reached.filter((path) => !existsSync(join(PROJECT, path)))).toEqual([]);
  });
});

describe('the installation', () => {
  test('holds both CRDs, under a name that `kubectl apply -f crds/` skips', () => {
    const crds = INSTALLED.filter(({ kind }) => kind === 'CustomResourceDefinition').map(({ name }) => name);
    expect(crds.toSorted()).toEqual([`imagetrustpolicies.${GROUP}`, `trustedkeys.${GROUP}`]);
    expect(yamlFilesBelow('crds').filter((file) => /kustomization\.ya?ml$/.test(file))).toEqual([]);
  });

  test('names no object twice, and only objects that are there', () => {
    const names = INSTALLED.map(({ kind, namespace, name }) => `${kind} ${namespace ?? ''}/${name}`);
    expect(names).toEqual([...new Set(names)]);
    for (const binding of INSTALLED.filter(({ kind }) => kind.endsWith('Binding'))) {
      const role = valueAt(binding.object, 'roleRef', 'kind');
      const name = valueAt(binding.object, 'roleRef', 'name');
      const roles = INSTALLED.filter((manifest) => manifest.kind === role && manifest.name === name);
      expect(roles.length, `${binding.file}: ${String(name)}`).toBe(1);
      expect(valueAt(binding.object, 'subjects')).toEqual([
        { kind: 'ServiceAccount', name: SERVICE_ACCOUNT, namespace: NAMESPACE },
      ]);
    }
    expect(only('ServiceAccount')).toMatchObject({ name: SERVICE_ACCOUNT, namespace: NAMESPACE });
    expect(only('Namespace').name).toBe(NAMESPACE);
    expect(valueAt(only('Deployment').object, 'spec', 'template', 'spec', 'serviceAccountName')).toBe(SERVICE_ACCOUNT);
  });

  test('stays in its namespace', () => {
    const clusterScoped = ['Namespace', 'CustomResourceDefinition', 'ClusterRole', 'ClusterRoleBinding'];
    for (const { file, kind, namespace } of INSTALLED)
      expect([file, kind, namespace]).toEqual([file, kind, clusterScoped.includes(kind) ? undefined : NAMESPACE]);
  });

  test('labels everything, and selects its own Pods and nothing else', () => {
    for (const { file, object } of INSTALLED) {
      const labels = valueAt(object, 'metadata', 'labels');
      const ofOurs = ['name', 'part-of'].map((label) => valueAt(labels, `app.kubernetes.io/${label}`));
      expect([file, ...ofOurs]).toEqual([file, 'image-trust-operator', 'image-trust-operator']);
    }
    const pods = { 'app.kubernetes.io/name': 'image-trust-operator', 'app.kubernetes.io/component': 'manager' };
    const deployment = only('Deployment').object;
    expect(valueAt(deployment, 'spec', 'selector', 'matchLabels')).toEqual(pods);
    expect(valueAt(deployment, 'spec', 'template', 'metadata', 'labels')).toMatchObject(pods);
    expect(valueAt(only('Service').object, 'spec', 'selector')).toEqual(pods);
    expect(valueAt(only('PodDisruptionBudget').object, 'spec', 'selector', 'matchLabels')).toEqual(pods);
    expect(valueAt(only('NetworkPolicy').object, 'spec', 'podSelector', 'matchLabels')).toEqual(pods);
  });
});

describe('the Deployment', () => {
  test('satisfies the restricted Pod security standard, which its namespace enforces', () => {
    const levels = valueAt(only('Namespace').object, 'metadata', 'labels');
    for (const mode of ['enforce', 'audit', 'warn'])
      expect(levels).toMatchObject({ [`pod-security.kubernetes.io/${mode}`]: 'restricted' });
    const spec = valueAt(only('Deployment').object, 'spec', 'template', 'spec');
    expect(valueAt(spec, 'securityContext')).toEqual({
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(valueAt(container(), 'securityContext')).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    for (const field of ['hostNetwork', 'hostPID', 'hostIPC', 'initContainers'])
      expect(valueAt(spec, field)).toBeUndefined();
    expect(asList(valueAt(spec, 'containers'))).toHaveLength(1);
    expect(asList(valueAt(spec, 'volumes')).filter((volume) => valueAt(volume, 'emptyDir') === undefined)).toEqual([]);
  });

  test('runs two replicas of a pinned image, spread, and never drained both at once', () => {
    const deployment = only('Deployment').object;
    expect(valueAt(deployment, 'spec', 'replicas')).toBe(2);
    expect(valueAt(only('PodDisruptionBudget').object, 'spec', 'minAvailable')).toBe(1);
    const spread = asList(valueAt(deployment, 'spec', 'template', 'spec', 'topologySpreadConstraints'));
    expect(spread.map((constraint) => valueAt(constraint, 'topologyKey'))).toEqual([
      'kubernetes.io/hostname',
      'topology.kubernetes.io/zone',
    ]);
    const version = String(valueAt(JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')), 'version'));
    expect(String(valueAt(container(), 'image')).split('/').at(-1)).toBe(`image-trust-operator:${version}`);
  });

  test('is probed, has time to end, and limits that fit it', () => {
    expect(valueAt(container(), 'livenessProbe', 'httpGet')).toEqual({ path: '/healthz', port: 'health' });
    expect(valueAt(container(), 'readinessProbe', 'httpGet')).toEqual({ path: '/readyz', port: 'health' });
    // It ends within 10 s of SIGTERM.
    expect(
      Number(valueAt(only('Deployment').object, 'spec', 'template', 'spec', 'terminationGracePeriodSeconds')),
    ).toBeGreaterThan(10);
    // 200 MB at 10,000 Pods, and Node takes its heap limit from this.
    expect(valueAt(container(), 'resources', 'limits', 'memory')).toBe('512Mi');
    expect(valueAt(container(), 'resources', 'requests')).toMatchObject({ cpu: '100m', memory: '256Mi' });
  });

  test('listens on the ports that it names', () => {
    const args = texts(valueAt(container(), 'args'));
    for (const port of asList(valueAt(container(), 'ports'))) {
      const flag = valueAt(port, 'name') === 'metrics' ? '--metrics-bind-address' : '--health-probe-bind-address';
      expect(args).toContain(`${flag}=:${String(valueAt(port, 'containerPort'))}`);
    }
    expect(valueAt(only('Service').object, 'spec', 'ports', 0)).toMatchObject({ name: 'metrics', port: 8080 });
  });
});

describe('the samples', () => {
  const samples = yamlFilesBelow('config/samples').filter(isManifest).flatMap(manifestsIn);
  const ours = samples.filter(({ apiVersion }) => apiVersion.startsWith(`${GROUP}/`));

  test.each(ours.map((sample): [string, Manifest] => [`${sample.file} ${sample.name}`, sample]))(
    '%s is valid',
    (_, { kind, object }) => {
      const checked =
        kind === 'TrustedKey' ? validateManifest(kind, object) : validateManifest('ImageTrustPolicy', object);
      expect(checked).toMatchObject({ ok: true });
    },
  );

  test('have every namespace that they use, and keys for every policy', () => {
    const applied = resourcesOf('config/samples');
    const made = applied.filter(({ kind }) => kind === 'Namespace').map(({ name }) => name);
    const used = applied.flatMap(({ namespace }) => (namespace === undefined ? [] : [namespace]));
    expect([...new Set(used)].toSorted()).toEqual(made.toSorted());
    const keys = ours.filter(({ kind }) => kind === 'TrustedKey').map(({ name }) => name);
    for (const { object } of ours.filter(({ kind }) => kind === 'ImageTrustPolicy'))
      for (const set of asList(valueAt(object, 'spec', 'attestors')))
        for (const entry of asList(valueAt(set, 'entries'))) expect(keys).toContain(valueAt(entry, 'trustedKey'));
  });

  test('open to the operator what the sample keys refer to, and nothing else', () => {
    const applied = resourcesOf('config/samples');
    const rules = asList(only('Role', applied).object['rules']);
    const opened = rules.flatMap((rule) =>
      texts(valueAt(rule, 'resourceNames')).map((name) => `${texts(valueAt(rule, 'resources')).join()}/${name}`),
    );
    const objects = applied.filter(({ kind }) => kind === 'Secret' || kind === 'ConfigMap');
    expect(opened.toSorted()).toEqual(objects.map(({ kind, name }) => `${kind.toLowerCase()}s/${name}`).toSorted());
  });
});
