/** Our kinds on an API server: taken or refused with the same sentences as by the command line, and well explained. */
import { beforeEach, describe, expect, test } from 'vitest';
import { MANIFESTS } from '../api/manifests.table.ts';
import { policyOf } from '../support/builders.ts';
import { ApiRefusal, type Loose } from '../support/cluster/client.ts';
import { type Cluster, describeOnClusters } from '../support/cluster/cluster.ts';
import { runTool } from '../toolbox/toolbox.ts';

const KINDS = [
  ['trustedkeys', 'TrustedKey'],
  ['imagetrustpolicies', 'ImageTrustPolicy'],
] as const;

describeOnClusters('our kinds', {}, (cluster) => {
  test.each(KINDS)('%s is established, all names and the schema accepted', async (plural) => {
    const crd = await cluster().client.get({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      name: `${plural}.imagetrust.dev`,
    });
    const status = crd?.['status'] as { conditions: { type: string; status: string }[] } | undefined;
    const shown = (status?.conditions ?? []).map((condition) => `${condition.type}=${condition.status}`);
    expect(shown.toSorted()).toEqual(['Established=True', 'NamesAccepted=True']);
  });

  // Each of the rows asks the server once; good and bad are counted from the table that the command line is tried on.
  test('are tried with many objects, good and bad', () => {
    const bad = MANIFESTS.filter(({ problems }) => problems !== undefined);
    expect(new Set(MANIFESTS.map(({ kind, name }) => `${kind} ${name}`)).size).toBe(MANIFESTS.length);
    expect(MANIFESTS.length).toBeGreaterThanOrEqual(60);
    expect(Math.min(bad.length, MANIFESTS.length - bad.length)).toBeGreaterThanOrEqual(20);
  });

  describe.each(MANIFESTS.filter(({ problems }) => problems === undefined))('$kind: $name', ({ object, kind }) => {
    test('is taken', async () => {
      const taken = await cluster().client.tryCreate({ apiVersion: 'imagetrust.dev/v1alpha1', kind, ...object });
      expect(taken.kind).toBe(kind);
    });
  });

  describe.each(MANIFESTS.filter(({ problems }) => problems !== undefined))('$kind: $name', (row) => {
    test('is refused, and says where and why', async () => {
      const { object, kind, problems = [] } = row;
      const answer = await cluster()
        .client.tryCreate({ apiVersion: 'imagetrust.dev/v1alpha1', kind, ...object })
        .then(() => 'taken', sentenceOf);
      for (const [path, sentence] of problems) {
        expect(answer).toContain(path);
        expect(answer).toContain(sentence);
      }
      expect(answer).not.toBe('taken');
    });
  });

  test('a status begins as not yet observed, so that kstatus waits', async () => {
    const { client } = cluster();
    const [created] = await client.apply(policyOf('fresh'));
    expect(created?.['status']).toEqual({ observedGeneration: -1 });
    await client.remove({ apiVersion: 'imagetrust.dev/v1alpha1', kind: 'ImageTrustPolicy', name: 'fresh' });
  });

  describe('kubectl', () => {
    beforeEach((context) => context.skip(cluster().kind === 'embedded', 'only the real server explains and prints'));

    test.each(KINDS)('explains every field of %s', async (plural) => {
      const text = await kubectl(cluster(), 'explain', '--recursive=false', `${plural}.spec`);
      expect(text).toContain('FIELDS:');
      expect(text.match(/<no description>/g)).toBeNull();
    });

    test.each(KINDS)('has a sentence for every field of %s, however deep', async (_, kind) => {
      const { components } = (await cluster().client.send('GET', '/openapi/v3/apis/imagetrust.dev/v1alpha1')) as {
        components: { schemas: Record<string, Schema> };
      };
      const schema = components.schemas[`dev.imagetrust.v1alpha1.${kind}`];
      const fields = fieldsOf(schema?.properties?.['spec'] ?? {}, 'spec');
      expect(fields.length).toBeGreaterThan(30);
      expect(fields.filter(([, { description = '' }]) => description.length < 10)).toEqual([]);
    });

    test('explains a field in words', async () => {
      const text = await kubectl(cluster(), 'explain', 'itp.spec.verification.maxStaleness');
      expect(text).toMatch(/DESCRIPTION:\s+\S+/);
    });

    test.each([
      ['itp', 'production', ['NAME', 'MODE', 'IMAGES', 'REJECTED', 'UNKNOWN', 'COMPLIANT', 'READY', 'AGE']],
      ['tkey', 'release-2026', ['NAME', 'STATE', 'WORKLOADS', 'SOLE', 'READY', 'AGE']],
    ])('get %s shows the columns that matter', async (short, name, columns) => {
      const { client } = cluster();
      const good = MANIFESTS.find(
        ({ object, problems }) => problems === undefined && (object['metadata'] as { name: string }).name === name,
      );
      await client.apply(good?.object as Loose);
      const [head] = (await kubectl(cluster(), 'get', short)).split('\n');
      expect(head?.trim().split(/\s+/)).toEqual(columns);
      expect(await kubectl(cluster(), 'get', 'imagetrust')).toContain(name);
    });
  });
});

interface Schema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema;
}

/** Every field below a schema, with its path. */
function fieldsOf(schema: Schema, path: string): readonly (readonly [string, Schema])[] {
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, field]) => [
    [`${path}.${name}`, field] as const,
    ...fieldsOf(field, `${path}.${name}`),
  ]);
  const inner = [schema.items, schema.additionalProperties].flatMap((each) =>
    each === undefined ? [] : fieldsOf(each, `${path}[]`),
  );
  return [...own, ...inner];
}

async function kubectl(cluster: Cluster, ...args: readonly string[]): Promise<string> {
  if (cluster.kind === 'embedded') throw new Error('only the real server explains and prints');
  const { code, stdout, stderr } = await runTool(cluster.plane.kubectl, ['--kubeconfig', cluster.kubeconfig, ...args]);
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

function sentenceOf(error: unknown): string {
  if (error instanceof ApiRefusal) return error.message;
  throw error;
}
