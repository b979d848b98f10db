/** What the operator and people may do: least privilege, as far as manifests alone can show it. */
import { describe, expect, test } from 'vitest';
import {
  asList,
  asMapping,
  isManifest,
  type Manifest,
  manifestsIn,
  resourcesOf,
  texts,
  valueAt,
  yamlFilesBelow,
} from './kustomization.ts';

const NAMESPACE = 'image-trust-system';
const INSTALLED = resourcesOf('config/default');

describe('RBAC', () => {
  const roles = [...INSTALLED, ...yamlFilesBelow('config/components').filter(isManifest).flatMap(manifestsIn)].filter(
    ({ kind }) => kind === 'Role' || kind === 'ClusterRole',
  );

  test.each(roles.map((role): [string, Manifest] => [role.file, role]))('%s has no wildcard', (_, role) => {
    const rules = asList(role.object['rules']);
    expect(rules.length).toBeGreaterThan(0);
    for (const rule of rules) {
      const all = Object.values(asMapping(rule)).flatMap(texts);
      expect(all.filter((text) => text.includes('*'))).toEqual([]);
      expect(texts(valueAt(rule, 'verbs')).length).toBeGreaterThan(0);
    }
    expect(role.object['aggregationRule']).toBeUndefined();
  });

  test('lets the operator write nothing but status, reports, Kyverno policies, events and its Lease', () => {
    const bound = INSTALLED.filter(({ kind }) => kind.endsWith('Binding')).map(({ object }) =>
      valueAt(object, 'roleRef', 'name'),
    );
    const writes = roles
      .filter(({ name, file }) => bound.includes(name) && file.startsWith('config/rbac/'))
      .flatMap(({ object }) => asList(object['rules']))
      .filter((rule) => texts(valueAt(rule, 'verbs')).some((verb) => !['get', 'list', 'watch'].includes(verb)))
      .flatMap((rule) => texts(valueAt(rule, 'resources')));
    expect([...new Set(writes)].toSorted()).toEqual([
      'clusterpolicies',
      'events',
      'imagetrustpolicies/status',
      'imagevalidatingpolicies',
      'leases',
      'policyreports',
      'reports',
      'trustedkeys/status',
    ]);
  });

  test('opens Secrets in no namespace but its own', () => {
    const readers = roles.filter(({ object }) =>
      asList(object['rules']).some((rule) => texts(valueAt(rule, 'resources')).includes('secrets')),
    );
    // The second is an option, and says what it costs.
    expect(readers.map(({ name, file }) => [name, file.includes('/components/')])).toEqual([
      ['image-trust-operator-trust-material', false],
      ['image-trust-operator-pull-secrets', true],
    ]);
    const bindings = INSTALLED.filter(
      ({ object }) => valueAt(object, 'roleRef', 'name') === 'image-trust-operator-trust-material',
    );
    expect(bindings.map(({ kind, namespace }) => [kind, namespace])).toEqual([['RoleBinding', NAMESPACE]]);
  });

  test('gives people a viewer, an editor and an admin of each kind, and aggregates reading alone', () => {
    for (const plural of ['imagetrustpolicies', 'trustedkeys']) {
      const of = roles.filter(({ name, object }) => {
        const rule = asList(object['rules'])[0];
        return /-(viewer|editor|admin)$/.test(name) && texts(valueAt(rule, 'resources')).includes(plural);
      });
      expect(of.map(({ name }) => name.replace(/^.*-/, '')).toSorted()).toEqual(['admin', 'editor', 'viewer']);
    }
    const aggregated = roles.filter(({ object }) =>
      Object.keys(asMapping(valueAt(object, 'metadata', 'labels'))).some((label) => label.includes('aggregate-to')),
    );
    for (const { object } of aggregated)
      expect(asList(object['rules']).flatMap((rule) => texts(valueAt(rule, 'verbs')))).not.toContain('patch');
    expect(aggregated.map(({ name }) => name.replace(/^.*-/, ''))).toEqual(['viewer', 'viewer']);
  });
});
