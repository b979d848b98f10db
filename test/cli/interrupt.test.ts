/** SIGINT ends the program in under a second, whatever a registry does. */
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { expect, test } from 'vitest';

test('SIGINT ends in under a second while a registry says nothing', async () => {
  const silent = createServer(() => undefined);
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as { port: number };
  const args = [
    'src/main.ts',
    'verify',
    `127.0.0.1:${port}/app:v1`,
    '--key',
    'test/fixtures/keys/k1.pub',
    '--insecure-ignore-tlog',
    '--plain-http',
    `127.0.0.1:${port}`,
  ];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  await once(silent, 'connection');
  const begun = process.hrtime.bigint();
  child.kill('SIGINT');
  const [code] = (await once(child, 'exit')) as [number];
  const ms = Number((process.hrtime.bigint() - begun) / 1_000_000n);
  silent.close();
  expect(code).toBe(130);
  expect(ms).toBeLessThan(1000);
});
