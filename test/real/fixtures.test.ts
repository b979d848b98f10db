/** What cosign signed with logs, timestamps and identities, served with and without the referrers API: both are asked. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { layoutsBelow, startRegistry, type TestRegistry } from '../support/registry.ts';
import { runTool, toolbox } from '../toolbox/toolbox.ts';
import { expectVerdicts } from './compare.ts';
import { cosignVerdict } from './cosign.ts';
import { FIXTURE_ROWS } from './fixtures.table.ts';
import { judgeHere } from './ours.ts';

const tools = await toolbox('cosign');
const ROOT = join(import.meta.dirname, '..', '..');

describe.skipIf(!tools.ready).each([false, true])('fixtures, with the referrers API: %s', (referrersApi) => {
  let registry: TestRegistry;

  beforeAll(async () => {
    registry = await startRegistry({ layouts: layoutsBelow(join(ROOT, 'test/fixtures'), 'app'), referrersApi });
  });
  afterAll(async () => registry?.close());

  it.concurrent.each(FIXTURE_ROWS)('$name', async (row) => {
    if (!tools.ready) return;
    const image = `${registry.host}/app/${row.fixture}:v1`;
    const { type, flags, theirFlags = [] } = row;
    const command = type === undefined ? ['verify'] : ['verify-attestation', '--type', type];
    const args = [...command, '--allow-http-registry', '--offline=true', ...flags, ...theirFlags, image];
    const theirs = cosignVerdict(await runTool(tools.path('cosign'), args, { cwd: ROOT, timeoutMs: 30_000 }));
    const typed = type === undefined ? [] : ['--type', type];
    const ours = await judgeHere(['--plain-http', registry.host, ...typed, ...flags, image], ROOT);
    expectVerdicts(row, theirs, ours);
  });
});
