/**
 * Ports of 127.0.0.1 that nobody listens on, from below the range from which the system gives ports to connections and
 * to `listen(0)`: what is free now stays free until it is used, also when a server there is stopped and started again.
 */
import { once } from 'node:events';
import { createServer } from 'node:net';

const FIRST = 15_000;
const LAST = 31_999;

/** So many free ports, each another. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const found = new Set<number>();
  while (found.size < count) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST + 1));
    if (await isFree(port)) found.add(port);
  }
  return [...found];
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    await once(server.listen(port, '127.0.0.1'), 'listening');
    return true;
  } catch {
    return false;
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}
