import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { imageTrust } from '../support/cli.ts';

const DEMO = ['generate', '-f', 'config/samples/demo'];

interface Generated {
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

function objects(stdout: string): readonly Generated[] {
  return parseAllDocuments(stdout).map((document) => document.toJS() as Generated);
}

describe('generate', () => {
  test.each(['ClusterPolicy', 'ImageValidatingPolicy'])(
    'prints what can be said as %s, and tells what cannot',
    async (kind) => {
      const run = await imageTrust([...DEMO, '--format', kind]);
      const printed = run.stdout === '' ? [] : objects(run.stdout);
      const refused = new Set(
        [...run.stderr.matchAll(/^ImageTrustPolicy (\S+): not expressible as (\w+): \S+/gm)].map(([, name]) => name),
      );
      expect(printed.every((object) => object.kind === kind)).toBe(true);
      expect(printed.length + refused.size).toBe(4);
      expect(run.code).toBe(refused.size === 0 ? 0 : 1);
    },
  );

  test('one policy alone, the same bytes twice', async () => {
    const args = [...DEMO, '--policy', 'shop', '--format', 'ClusterPolicy'];
    const [one, two] = [await imageTrust(args), await imageTrust(args)];
    expect(one.stdout).toBe(two.stdout);
    expect(objects(one.stdout)).toMatchObject([{ apiVersion: 'kyverno.io/v1', kind: 'ClusterPolicy' }]);
  });

  test('JSON says what YAML says', async () => {
    const args = [...DEMO, '--policy', 'shop', '--format', 'ClusterPolicy'];
    const [yaml, json] = [await imageTrust(args), await imageTrust([...args, '-o', 'json'])];
    expect(JSON.parse(json.stdout)).toEqual(objects(yaml.stdout)[0]);
  });

  test.each([
    ['nothing given', ['generate'], 'generate: give manifests with -f FILE'],
    ['no policy', ['generate', '-f', 'config/samples/demo/keys.yaml'], 'there is no ImageTrustPolicy'],
    ['an unknown policy', [...DEMO, '--policy', 'shopp'], '--policy shopp: no such object (there is'],
    ['an unknown format', [...DEMO, '--format', 'Policy'], "argument 'Policy' is invalid"],
  ])('%s is wrong usage', async (_, args, said) => {
    const run = await imageTrust(args);
    expect(run).toMatchObject({ code: 64, stdout: '' });
    expect(run.stderr).toContain(said);
  });
});
