/**
 * Every policy of test/golden/kyverno on the real Kyverno: its webhook takes it, it becomes ready, nothing is added to
 * it, and to apply it again changes nothing.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { type Loose, targetOf } from '../support/cluster/client.ts';
import { eventually } from '../support/eventually.ts';
import { applyReady, describeOnKyverno, type Lab } from './lab.ts';

const FOLDER = join(import.meta.dirname, '../golden/kyverno');

/** A file of comments says why there is no such policy. */
const GOLDEN = readdirSync(FOLDER).flatMap((file) => {
  const object: unknown = parse(readFileSync(join(FOLDER, file), 'utf8'));
  return isObject(object) ? [{ name: file.replace(/\.yaml$/, ''), object }] : [];
});

describeOnKyverno('every golden policy', (lab) => {
  test.each(GOLDEN)('$name', ({ name, object }) => expectStable(lab(), named(object, name)));
});

async function expectStable({ client }: Lab, policy: Loose): Promise<void> {
  const ready = await applyReady(client, policy);
  expect(ready['spec']).toEqual(policy['spec']);
  // Kyverno may still be writing the status: a change of ours would show each time.
  await eventually(async () => {
    const before = await client.get(targetOf(policy));
    const [after] = await client.apply(policy);
    expect(after?.metadata.resourceVersion).toBe(before?.metadata.resourceVersion);
  });
  const stored = await client.get(targetOf(policy));
  expect(stored?.metadata['generation']).toBe(1);
  await client.remove(targetOf(policy));
}

/** Under a name of its own: what Kyverno says of one is not taken for what it says of the next. */
function named(object: Loose, name: string): Loose {
  const metadata = object['metadata'] as object;
  return { ...object, metadata: { ...metadata, name: name.toLowerCase() } };
}

function isObject(value: unknown): value is Loose {
  return typeof value === 'object' && value !== null;
}
