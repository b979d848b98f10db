/** Every fixture × every place it can be fetched from, through the product's own command line. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { imageTrust } from '../support/cli.ts';
import { layoutsBelow, startRegistry, type TestRegistry } from '../support/registry.ts';
import { FIXTURE_ROWS, type FixtureRow } from './fixtures.table.ts';

const NAME = 'registry.example.com/app';
const FIXTURES = 'test/fixtures';
const LAYOUTS = ['--mirror', `${NAME}=oci:${FIXTURES}`];

interface VerifyJson {
  readonly results: readonly {
    readonly reason: string;
    readonly message: string;
    readonly evidence: readonly { readonly notes: readonly string[] }[];
  }[];
}

/** When the expiring COSE signature was made, so that "before" stays before. */
const SIGNED_AT = '2026-11-21';

async function ask(row: FixtureRow, name: string, ...mirror: string[]) {
  const args = row.args.map((arg) => (arg === 'SIGNED' ? SIGNED_AT : arg));
  const image = `${name}/${row.fixture}${row.reference ?? ':v1'}`;
  const run = await imageTrust(['verify', image, ...args, ...mirror, '-o', 'json']);
  expect(run.stderr).toBe('');
  const [result] = (JSON.parse(run.stdout) as VerifyJson).results;
  return { code: run.code, result };
}

function expectOutcome(row: FixtureRow, { code, result }: Awaited<ReturnType<typeof ask>>): void {
  const { reason, message, evidence = [] } = result ?? {};
  expect([row.behaviour, code, reason, message]).toEqual([row.behaviour, row.code, row.reason, message]);
  const notes = evidence.flatMap((e) => e.notes).join();
  expect(notes).toContain(row.note ?? '');
}

test('every fixture has a row', () => {
  const folders = readdirSync(FIXTURES).filter((name) => existsSync(`${FIXTURES}/${name}/oci-layout`));
  expect(folders.filter((name) => !FIXTURE_ROWS.some((row) => row.fixture === name))).toEqual([]);
});

describe('from an OCI layout', () => {
  test.each(FIXTURE_ROWS.map((row) => [row.behaviour, row] as const))('%s', async (_name, row) => {
    expectOutcome(row, await ask(row, NAME, ...LAYOUTS));
  });
});

describe.each([
  ['with the referrers API', true],
  ['without the referrers API', false],
])('from a registry %s', (_name, referrersApi) => {
  let registry: TestRegistry;
  beforeAll(async () => {
    registry = await startRegistry({ layouts: layoutsBelow(FIXTURES, 'app'), referrersApi });
  });
  afterAll(() => registry.close());

  test.each(FIXTURE_ROWS.map((row) => [row.behaviour, row] as const))('%s', async (_behaviour, row) => {
    expectOutcome(row, await ask(row, `${registry.host}/app`));
  });
});

describe('children of an index', () => {
  const children = (fixture: string): string[] => {
    const layout = `${FIXTURES}/${fixture}`;
    const digest = /sha256:[0-9a-f]{64}/.exec(readFileSync(`${layout}/README.md`, 'utf8'))?.[0] ?? '';
    const index = JSON.parse(readFileSync(`${layout}/blobs/sha256/${digest.slice(7)}`, 'utf8')) as {
      manifests: { digest: string }[];
    };
    return index.manifests.map((m) => m.digest);
  };
  const key = ['--key', 'test/fixtures/keys/k1.pub', '--insecure-ignore-tlog'];
  test.each([
    ['index-k1', 1, 'NoSignature'],
    ['index-bundle-recursive-k1', 0, 'Verified'],
  ] as const)('of %s, named by their own digests', async (fixture, code, reason) => {
    const all = children(fixture);
    expect(all).toHaveLength(2);
    for (const digest of all) {
      const row = { behaviour: digest, fixture, args: key, code, reason, reference: `@${digest}` };
      expectOutcome(row, await ask(row, NAME, ...LAYOUTS));
    }
  });
});
