/** Imports what a test wrote, and checks what holds for every import. */
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { stringify } from 'yaml';
import { validateManifest } from '../../../src/api/validate.ts';
import { loadManifests } from '../../../src/core/manifests/load.ts';
import { importDocuments, type Imported } from '../../../src/outputs/imports/import.ts';
import { formatNote, renderImportedYaml } from '../../../src/outputs/imports/render.ts';

export const K1 = readFileSync('test/fixtures/keys/k1.pub', 'utf8');
export const OTHER = readFileSync('test/fixtures/keys/other.pub', 'utf8');
export const ROOT = readFileSync('test/fixtures/keys/pki/root.crt', 'utf8');
export const INTER = readFileSync('test/fixtures/keys/pki/inter.crt', 'utf8');
export const LEAF = readFileSync('test/fixtures/keys/pki/leaf.crt', 'utf8');

/** Offline verification by a key, as ClusterPolicy has it. */
export const OFFLINE = {
  rekor: { url: 'https://rekor.sigstore.dev', ignoreTlog: true },
  ctlog: { ignoreSCT: true },
};
export const keys = (publicKeys: string, more: object = {}) => ({ keys: { publicKeys, ...OFFLINE }, ...more });

/** A ClusterPolicy of one entry that demands k1, with these changes. */
export function clusterPolicy(entry: object = {}, { rule = {}, spec = {}, metadata = {} } = {}): object {
  return {
    apiVersion: 'kyverno.io/v1',
    kind: 'ClusterPolicy',
    metadata: { name: 'check-images', ...metadata },
    spec: {
      validationFailureAction: 'Enforce',
      ...spec,
      rules: [
        {
          name: 'verify',
          match: { any: [{ resources: { kinds: ['Pod'] } }] },
          verifyImages: [
            { imageReferences: ['registry.example.com/*'], attestors: [{ entries: [keys(K1)] }], ...entry },
          ],
          ...rule,
        },
      ],
    },
  };
}

/** Imports objects, as one stream of YAML. */
export function imported(...objects: readonly object[]): Imported {
  const text = objects.map((object) => stringify(object, { aliasDuplicateObjects: false })).join('---\n');
  const { documents, problems } = loadManifests(text, 'policies.yaml');
  expect(problems).toEqual([]);
  const result = importDocuments(documents, { namespace: 'image-trust-system' });
  expectSound(result);
  return result;
}

/** What was written to stdout and to stderr. */
export function written(result: Imported): string {
  const notes = result.notes.map((note) => `# stderr: ${formatNote(note)}\n`).join('');
  return `${renderImportedYaml(result)}${notes}# refused: ${result.refused}\n`;
}

/** Our own validation takes everything; every name that is referred to is there, once. */
function expectSound({ objects }: Imported): void {
  const names = objects.map(({ object }) => `${object.kind} ${object.metadata.name}`);
  expect(new Set(names).size).toBe(names.length);
  for (const { object } of objects) {
    if (object.kind === 'ConfigMap') continue;
    expect(validateManifest(object.kind, object)).toMatchObject({ ok: true });
  }
  const referred = JSON.stringify(objects).matchAll(/"trustedKey":"([^"]+)"/g);
  for (const [, name] of referred) expect(names).toContain(`TrustedKey ${name}`);
}

export function slug(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]+/g, '-');
}
