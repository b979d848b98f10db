/** `make demo` ends well and shows what it promises: verdicts, a key that falls, and trust that comes back. */
import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const run = promisify(execFile);

test('the demo shows what is trusted, what falls with a key, and that it comes back', async () => {
  const env = { ...process.env, CLUSTER: 'embedded' };
  const { stdout } = await run(process.execPath, [join(root, 'test/demo/demo.ts')], {
    cwd: root,
    env,
    timeout: 90_000,
  });
  const before = 'shop          Audit   8        4          1         False       True\n';
  expect(stdout.split(before)).toHaveLength(3);
  expect(stdout).toContain('shop          Audit   8        7          1         False       True\n');
  expect(stdout).toMatch(/^release-2026 {4}Active {3}4 {11}4 {6}True$/m);
  expect(stdout).toMatch(/^cart +pass +Verified +vouched for by release-2026/m);
  expect(stdout).toMatch(/^cart +fail +KeyRevoked +attestor set "release": signed by TrustedKey "release-2026"/m);
  expect(stdout).toMatch(/^ghost +error +ImageNotFound /m);
  expect(stdout).toMatch(/^Warning +KeyRevoked +ledger +no longer trusted: ledger, registry\.example\.com/m);
  // Ages, uids, ports and colours would make two runs differ.
  expect(stdout).not.toContain('\u001B');
  expect(stdout).not.toMatch(/127\.0\.0\.1|[0-9a-f]{8}-[0-9a-f]{4}-/);
}, 120_000);
