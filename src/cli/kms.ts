/**
 * Public keys in key management services for one run of the command line: each is asked once, before anything is judged.
 * Must never make a run fail for a service: what cannot be had makes its key unknown.
 */
import type { KmsSource } from '../api/source.ts';
import { Failure } from '../core/failure.ts';
import { systemClock } from '../registry/clock.ts';
import { createKeyService } from '../registry/kms/key-service.ts';
import type { KmsKeys } from '../store/kms-keys.ts';
import type { KmsAnswer } from '../verify/trust/material.ts';
import { mapConcurrently } from './concurrently.ts';
import { proxyOf } from './registry-flags.ts';
import type { Terminal } from './terminal.ts';

const AT_ONCE = 8;

/** Asks for all of these keys; nothing is contacted where there are none. */
export async function askKms(sources: readonly KmsSource[], terminal: Terminal): Promise<Pick<KmsKeys, 'get'>> {
  const uris = [...new Set(sources.map(({ uri }) => uri))];
  const answers = new Map<string, KmsAnswer>();
  if (uris.length > 0) {
    const { env, signal } = terminal;
    const service = createKeyService({ env, clock: systemClock, proxy: proxyOf(env) });
    try {
      await mapConcurrently(uris, AT_ONCE, async (uri) => {
        answers.set(uri, await answerOf(() => service.publicKeys(uri, signal)));
      });
    } finally {
      await service.close();
    }
  }
  return { get: ({ uri }) => answers.get(uri) ?? { state: 'unknown', message: `${uri}: it was not asked for` } };
}

async function answerOf(ask: () => Promise<string>): Promise<KmsAnswer> {
  try {
    return { state: 'known', text: await ask() };
  } catch (error) {
    if (error instanceof Failure) return { state: 'unknown', message: error.message };
    throw error;
  }
}
