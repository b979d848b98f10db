/** Public keys in policies: texts that are none, several in one, one in several. Must never repeat a key. */
import { createHash, createPublicKey } from 'node:crypto';
import { Failure } from '../../core/failure.ts';
import type { Field } from '../../core/manifests/field.ts';
import { splitPemBlocks } from '../../core/pem-blocks.ts';
import type { Search } from './hole.ts';

/** References that Kyverno resolves: nothing is known of the key behind them. */
const REFERENCE = /^(?:k8s|awskms|gcpkms|azurekms|hashivault|[a-z0-9]+):\/\/|\{\{/;

/** How many keys a text of Kyverno may hold: in a ClusterPolicy each block is a key, elsewhere only the first is read. */
export type Blocks = 'each' | 'first';

/**
 * What the keys of a text are, so that equal ones can be told: fingerprints, or the reference itself. None where there is
 * no text. What is wrong with the text is found.
 */
export function keysIn(field: Field, blocks: Blocks, search: Search): readonly string[] {
  if (typeof field.value !== 'string' || field.value.trim() === '') return [];
  const text = field.value.trim();
  if (REFERENCE.test(text)) return [text];
  const fingerprints = fingerprintsIn(text);
  if (fingerprints === undefined || !text.startsWith('-----BEGIN')) {
    const says = text.includes('-----BEGIN') ? 'not a PEM block of a public key alone' : 'no PEM block of a public key';
    search.found('UnreadableKey', field, says);
    return [];
  }
  if (blocks === 'first' && fingerprints.length > 1)
    search.found('SeveralPemBlocks', field, `${fingerprints.length} blocks, of which the first is read`);
  return blocks === 'first' ? fingerprints.slice(0, 1) : fingerprints;
}

function fingerprintsIn(text: string): readonly string[] | undefined {
  try {
    const blocks = splitPemBlocks(text);
    return blocks.length === 0 ? undefined : blocks.map(({ label, body }) => fingerprintOf(label, body));
  } catch (error) {
    if (error instanceof Failure || error instanceof UnreadableKey) return undefined;
    throw error;
  }
}

class UnreadableKey extends Error {}

function fingerprintOf(label: string, body: string): string {
  if (!label.endsWith('PUBLIC KEY')) throw new UnreadableKey(label);
  try {
    const type = label === 'RSA PUBLIC KEY' ? 'pkcs1' : 'spki';
    const key = createPublicKey({ key: Buffer.from(body, 'base64'), format: 'der', type });
    return createHash('sha256')
      .update(key.export({ format: 'der', type: 'spki' }))
      .digest('hex');
  } catch (error) {
    throw new UnreadableKey('no public key', { cause: error });
  }
}
