/** Connections for tests: to loopback, and not for long. */
import { createReach } from '../../src/registry/reach.ts';
import { createTransport, type Transport } from '../../src/registry/transport.ts';

export function testTransport(): Transport {
  return createTransport({
    connectionsPerHost: 2,
    connectTimeoutMs: 2_000,
    idleTimeoutMs: 2_000,
    reach: createReach(),
    allowPrivate: new Set(),
  });
}
