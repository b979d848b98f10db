/**
 * Public keys out of AWS KMS, through AWS's own SDK, which is loaded when a key is asked for and not before. Owns which
 * region and endpoint a URI leads to; who we are is the SDK's business (its default chain).
 */
import { createPublicKey } from 'node:crypto';
import type { KMSClient } from '@aws-sdk/client-kms';
import { invalid } from '../../core/failure.ts';
import { failureOfAws } from '../cloud/aws-failure.ts';
import { isLoopback } from '../host.ts';
import type { KmsKey } from './uri.ts';

/** A client of AWS KMS. */
export interface AwsKeys {
  /** PEM of the key; keys of AWS have no versions. Throws Failure. */
  publicKeys(key: Extract<KmsKey, { service: 'aws' }>, signal: AbortSignal): Promise<string>;
  close(): void;
}

/** Tries of one question; who asks again later is the caller. */
const TRIES = 2;

/** Makes one; nothing is loaded yet. */
export function createAwsKeys(): AwsKeys {
  const clients = new Map<string, KMSClient>();
  return {
    async publicKeys(key, signal): Promise<string> {
      const where = `awskms://${key.endpoint ?? ''}/${key.id}`;
      const { KMSClient, GetPublicKeyCommand } = await import('@aws-sdk/client-kms');
      const settings = settingsOf(key);
      const id = JSON.stringify(settings);
      const client = clients.get(id) ?? new KMSClient({ ...settings, maxAttempts: TRIES });
      clients.set(id, client);
      try {
        const answer = await client.send(new GetPublicKeyCommand({ KeyId: key.id }), { abortSignal: signal });
        if (answer.KeyUsage !== 'SIGN_VERIFY')
          throw invalid(where, 'a key for signing (SIGN_VERIFY)', 'one for another use');
        if (answer.PublicKey === undefined) throw invalid(where, 'a public key', 'none');
        return pemOf(answer.PublicKey, where);
      } catch (error) {
        if (signal.aborted) throw error;
        throw failureOfAws(error, where, 'kms:GetPublicKey on this key');
      }
    },
    close: () => [...clients.values()].forEach((client) => client.destroy()),
  };
}

/** An ARN knows its region; else AWS_REGION or the profile does. As cosign, an endpoint of one's own is spoken to in TLS, but on loopback. */
function settingsOf({ endpoint, id }: Extract<KmsKey, { service: 'aws' }>): { endpoint?: string; region?: string } {
  const region = /^arn:[^:]+:kms:([^:]+):/.exec(id)?.[1];
  const scheme = endpoint !== undefined && isLoopback(endpoint) ? 'http' : 'https';
  return {
    ...(endpoint === undefined ? {} : { endpoint: `${scheme}://${endpoint}` }),
    ...(region === undefined ? {} : { region }),
  };
}

function pemOf(der: Uint8Array, where: string): string {
  try {
    const key = createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' });
    return key.export({ format: 'pem', type: 'spki' });
  } catch {
    throw invalid(where, 'the DER encoding of a public key', 'something else');
  }
}
