import { describe, expect, it } from 'vitest';
import { loadManifests } from '../../../src/core/manifests/load.ts';
import { formatPath, formatProblem } from '../../../src/core/manifests/problem.ts';
import { readWorld } from '../../../src/core/manifests/world.ts';
import { digestOf } from '../../support/builders.ts';

const A = digestOf('a');
const POLICY = `apiVersion: imagetrust.dev/v1alpha1
kind: ImageTrustPolicy
metadata: {name: production}
spec:
  images: ["*"]
  attestors: [{name: team, entries: [{trustedKey: release}]}]
`;
const KEY = `apiVersion: imagetrust.dev/v1alpha1
kind: TrustedKey
metadata: {name: release}
spec:
  publicKey: {secretRef: {namespace: security, name: cosign, key: cosign.pub}}
`;

describe('readWorld', () => {
  it('reads every kind that runs containers', () => {
    const template = 'template: {metadata: {labels: {app: x}}, spec: {containers: [{name: c, image: nginx}]}}';
    const kinds = [
      ['v1', 'ReplicationController', template],
      ['apps/v1', 'Deployment', template],
      ['apps/v1', 'StatefulSet', template],
      ['apps/v1', 'DaemonSet', template],
      ['apps/v1', 'ReplicaSet', template],
      ['batch/v1', 'Job', template],
      ['batch/v1', 'CronJob', `jobTemplate: {spec: {${template}}}`],
    ] as const;
    const text = kinds
      .map(([version, kind, spec]) => object(version, kind, `{name: w}`, `spec: {${spec}}`))
      .join('---\n');
    const { world, problems } = read(text);
    expect(problems).toEqual([]);
    expect(world.uses.map(({ workload }) => workload.kind).sort()).toEqual(kinds.map(([, kind]) => kind).sort());
    expect(world.uses.every(({ podLabels, namespace }) => podLabels['app'] === 'x' && namespace === 'default')).toBe(
      true,
    );
  });

  it('reads every kind of container, with what runs in it', () => {
    const { world, problems } = read(`
apiVersion: v1
kind: Pod
metadata: {name: p, namespace: shop, uid: u}
spec:
  initContainers: [{name: i, image: "a:1"}, {name: side, image: "b:1", restartPolicy: Always}]
  containers: [{name: c, image: "c:1"}]
  ephemeralContainers: [{name: e, image: "d:1"}]
  volumes:
  - {name: v, image: {reference: "e:1"}}
  - {name: other, emptyDir: {}}
status:
  phase: Running
  initContainerStatuses: [{name: i, imageID: "docker.io/library/a@${A}"}]
  containerStatuses: [{name: c, imageID: "docker-pullable://c@${A}"}, {name: i, imageID: "x@${digestOf('f')}"}]
  ephemeralContainerStatuses: [{name: e, imageID: ""}]
`);
    expect(problems).toEqual([]);
    expect(world.uses.map((use) => [use.containerType, use.container, use.digest, use.digestSource])).toEqual([
      ['initContainer', 'i', A, 'status'],
      ['initContainer', 'side', undefined, 'registry'],
      ['container', 'c', A, 'status'],
      ['ephemeralContainer', 'e', undefined, 'registry'],
      ['imageVolume', 'v', undefined, 'registry'],
    ]);
    expect(world.uses[0]?.pod).toEqual({ apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'p', uid: 'u' });
  });

  it.each([
    ['a Pod that succeeded', 'Pod', 'status: {phase: Succeeded}', 0],
    ['a Pod that failed', 'Pod', 'status: {phase: Failed}', 0],
    ['a Pod that waits', 'Pod', 'status: {phase: Pending}', 1],
    ['a Pod of an unknown phase', 'Pod', 'status: {phase: Unknown}', 1],
    ['a Job that is complete', 'Job', 'status: {conditions: [{type: Complete, status: "True"}]}', 0],
    ['a Job that failed', 'Job', 'status: {conditions: [{type: Failed, status: "True"}]}', 0],
    ['a Job that will not fail', 'Job', 'status: {conditions: [{type: Failed, status: "False"}]}', 1],
    ['a Job under way', 'Job', 'status: {active: 1}', 1],
  ])('%s', (_, kind, status, uses) => {
    const spec = 'containers: [{name: c, image: nginx}]';
    const [version, body] = kind === 'Pod' ? ['v1', spec] : ['batch/v1', `template: {spec: {${spec}}}`];
    expect(read(object(version, kind, '{name: w}', `spec: {${body}}\n${status}`)).world.uses).toHaveLength(uses);
  });

  it('leaves out an old ReplicaSet of a Deployment', () => {
    const owner = 'ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: d, uid: u, controller: true}]';
    const spec = 'spec: {replicas: 0, template: {spec: {containers: [{name: c, image: nginx}]}}}';
    expect(read(object('apps/v1', 'ReplicaSet', `{name: r, ${owner}}`, spec)).world.uses).toEqual([]);
    expect(read(object('apps/v1', 'ReplicaSet', '{name: r}', spec)).world.uses).toHaveLength(1);
  });

  it('passes over an image name that the kubelet refused', () => {
    const status = 'status: {containerStatuses: [{name: c, state: {waiting: {reason: InvalidImageName}}}]}';
    const { world, problems } = read(
      object('v1', 'Pod', '{name: p}', `spec: {containers: [{name: c, image: "A B"}]}\n${status}`),
    );
    expect(problems).toEqual([]);
    expect(world.uses).toEqual([]);
  });

  it('reads policies, keys, namespaces and what keys refer to', () => {
    const secret = `data: {cosign.pub: ${Buffer.from('PEM').toString('base64')}, a: QQ==}\nstringData: {a: B}`;
    const { world, problems } = read(
      [
        POLICY,
        KEY,
        object('v1', 'Namespace', '{name: shop, labels: {env: production}}'),
        object('v1', 'Secret', '{name: cosign, namespace: security}', secret),
        object('v1', 'ConfigMap', '{name: c}', 'data: {k: v}\nbinaryData: {b: QQ==}'),
        object('v1', 'Service', '{name: anything}', 'spec: {clusterIP: 7}'),
        object('example.com/v1', 'Pod', '{}'),
      ].join('---\n'),
    );
    expect(problems).toEqual([]);
    expect(world.policies.map(({ metadata, spec }) => [metadata.name, spec.severity])).toEqual([
      ['production', 'high'],
    ]);
    expect(world.trustedKeys.map(({ metadata }) => metadata.name)).toEqual(['release']);
    expect(world.namespaces).toEqual(new Map([['shop', { env: 'production' }]]));
    const texts = (entries: Readonly<Record<string, string>>) => new Map(Object.entries(entries));
    expect(world.secrets.get('security/cosign')).toEqual({ texts: texts({ 'cosign.pub': 'PEM', a: 'B' }), type: '' });
    expect(world.configMaps.get('default/c')).toEqual({ texts: texts({ b: 'A', k: 'v' }), type: '' });
  });

  it('reads our kinds from lists', () => {
    const items = `items:\n- {metadata: {name: a}, spec: {images: ["*"], attestors: [{name: t, entries: [{trustedKey: k}]}]}}\n`;
    const { world, problems } = read(`apiVersion: imagetrust.dev/v1alpha1\nkind: ImageTrustPolicyList\n${items}`);
    expect(problems).toEqual([]);
    expect(world.policies.map(({ metadata }) => metadata.name)).toEqual(['a']);
  });

  it.each([
    [
      'a container without image',
      pod('containers: [{name: c}]'),
      'spec.containers[0].image: expected an image, found nothing',
    ],
    [
      'a container without name',
      pod('containers: [{image: x}]'),
      'spec.containers[0].name: expected the name of the container',
    ],
    ['an image that is none', pod('containers: [{name: c, image: "https://x/y"}]'), 'remove https://'],
    ['an image that is a number', pod('containers: [{name: c, image: 7}]'), 'expected an image, found the number 7'],
    ['no containers', pod('containers: []'), 'spec.containers: expected at least one container, found none'],
    ['no containers at all', pod('volumes: []'), 'spec.containers: expected at least one container, found none'],
    [
      'containers that are no list',
      pod('containers: {}'),
      'spec.containers: expected a list of containers, found a mapping',
    ],
    [
      'a container that is none',
      pod('containers: [7]'),
      'spec.containers[0]: expected a container, found the number 7',
    ],
    [
      'an image volume without reference',
      pod('containers: [{name: c, image: x}], volumes: [{name: v, image: {}}]'),
      'spec.volumes[0].image.reference: expected',
    ],
    ['no spec', object('v1', 'Pod', '{name: p}'), 'spec: expected a Pod spec with containers, found nothing'],
    [
      'no template',
      object('apps/v1', 'Deployment', '{name: p}', 'spec: {}'),
      'spec.template.spec: expected a Pod spec',
    ],
    [
      'no name',
      object('v1', 'Pod', '{}', 'spec: {containers: [{name: c, image: x}]}'),
      'metadata.name: expected a name, found nothing',
    ],
    [
      'no metadata',
      'apiVersion: v1\nkind: Pod\nspec: {containers: [{name: c, image: x}]}\n',
      'metadata: expected metadata with a name',
    ],
    [
      'a label that is no text',
      object('v1', 'Namespace', '{name: n, labels: {"a/b": 1}}'),
      'metadata.labels["a/b"]: expected a text, found the number 1 (put numbers',
    ],
    [
      'a Secret that is no base64',
      object('v1', 'Secret', '{name: s}', 'data: {k: "hunter2!"}'),
      'data.k: expected base64, found other text',
    ],
    [
      'a field that we do not have',
      POLICY.replace('images', 'image'),
      'found unknown field "image" (did you mean images?)',
    ],
    [
      'a version that we do not have',
      KEY.replace('v1alpha1', 'v1'),
      'apiVersion: expected imagetrust.dev/v1alpha1, found "imagetrust.dev/v1"',
    ],
    [
      'a slip in our group',
      KEY.replace('imagetrust.dev', 'imagetrust.io'),
      'apiVersion: expected imagetrust.dev/v1alpha1',
    ],
    [
      'a slip in our kind',
      KEY.replace('TrustedKey', 'TrustKey'),
      'kind: expected one of the kinds TrustedKey, ImageTrustPolicy, found "TrustKey"',
    ],
    [
      'the same object twice',
      `${KEY}---\n${KEY}`,
      'f.yaml:9:18: document 2, metadata.name: expected TrustedKey release once, found the same object again; it is in f.yaml:3 (document 1) already',
    ],
    [
      'the same Pod in two lists',
      'apiVersion: v1\nkind: PodList\nitems:\n' +
        '- {metadata: {name: x}, spec: {containers: [{name: c, image: x}]}}\n'.repeat(2),
      'items[1].metadata.name: expected Pod x once',
    ],
  ])('says what is wrong with %s', (_, text, expected) => {
    expect(read(text).problems.join('\n')).toContain(expected);
  });

  it('tells the namespaces of the same name apart', () => {
    const text = [
      pod('containers: [{name: c, image: x}]'),
      object('v1', 'Pod', '{name: p, namespace: other}', 'spec: {containers: [{name: c, image: x}]}'),
    ];
    expect(read(text.join('---\n')).problems).toEqual([]);
  });

  it('never repeats what is in a Secret or a key', () => {
    const text = [
      object('v1', 'Secret', '{name: s}', 'data: {k: "hunter2!"}\nstringData: {l: 424242}'),
      KEY.replace(/\{secretRef.*/, '{pem: "hunter2"}'),
    ];
    const { problems } = read(text.join('---\n'));
    expect(problems.length).toBeGreaterThanOrEqual(3);
    expect(problems.join('\n')).not.toMatch(/hunter2|424242/);
  });

  it('collects the problems of all files', () => {
    const files = ['one.yaml', 'two.yaml'].map((file) =>
      loadManifests(`${pod('containers: [{name: c}]')}---\n${POLICY.replace('images', 'image')}`, file),
    );
    const { problems } = readWorld(files.flatMap(({ documents }) => documents));
    expect(new Set(problems.map(({ file, document }) => `${file} ${document}`))).toEqual(
      new Set(['one.yaml 1', 'one.yaml 2', 'two.yaml 1', 'two.yaml 2']),
    );
  });
});

describe('formatPath', () => {
  it.each([
    [[], ''],
    [['spec', 'containers', 0, 'image'], 'spec.containers[0].image'],
    [['metadata', 'labels', 'a.b/c'], 'metadata.labels["a.b/c"]'],
    [['items', 3, 'x-y'], 'items[3].x-y'],
  ])('%j', (path, expected) => {
    expect(formatPath(path)).toBe(expected);
  });
});

function read(text: string) {
  const loaded = loadManifests(text, 'f.yaml');
  const { world, problems } = readWorld(loaded.documents);
  return { world, problems: [...loaded.problems, ...problems].map(formatProblem) };
}

function object(apiVersion: string, kind: string, metadata: string, rest = ''): string {
  return `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: ${metadata}\n${rest}${rest === '' ? '' : '\n'}`;
}

function pod(spec: string): string {
  return object('v1', 'Pod', '{name: p}', `spec: {${spec}}`);
}
