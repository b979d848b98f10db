/** The scene of the engine's tests: one image, two signers, and a source to put signatures into. */
import { parseReference } from '../../../src/core/reference.ts';
import type { AttestorEntry, Demands } from '../../../src/verify/engine/demands.ts';
import { createProofMemo } from '../../../src/verify/engine/memo.ts';
import { type EngineContext, verifyImage } from '../../../src/verify/engine/verify.ts';
import type { Signer } from '../../../src/verify/signer.ts';
import { descriptorOf, manifestOf, MemorySource } from '../../support/memory-source.ts';
import { PLAIN_LAYER, plainFamily, plainSigner, type PlainSignature } from '../../support/plain-family.ts';

export const REPO = 'registry.example.com/app';
export const NOW = new Date('2026-11-21T00:00:00Z');
export const image = manifestOf({ salt: 'image' });
export const other = manifestOf({ salt: 'other' });

export function signed(...signatures: PlainSignature[]): MemorySource {
  const source = new MemorySource();
  source.putManifest(REPO, image, 'v1');
  sign(source, REPO, image.digest, signatures);
  return source;
}

export function sign(source: MemorySource, repo: string, digest: string, signatures: PlainSignature[]): void {
  if (signatures.length === 0) return;
  const bytes = signatures.map((s) => JSON.stringify(s));
  bytes.forEach((b) => source.putBlob(repo, b));
  const layers = bytes.map((b) => descriptorOf(b, PLAIN_LAYER));
  source.putManifest(repo, manifestOf({ salt: digest, layers }), `${digest.replace(':', '-')}.sig`);
}

export function set(
  entries: (string | AttestorEntry)[],
  count = entries.length,
  name = 'team',
): Demands['sets'][number] {
  const full = entries.map((e) => (typeof e === 'string' ? { trustedKey: e, annotations: {} } : e));
  return { name, count, entries: full };
}

export const alice = plainSigner('alice', ['A']);
export const bob = plainSigner('bob', ['B']);

export function context(
  source: MemorySource,
  signers: readonly Signer[] = [alice, bob],
  more: Partial<EngineContext> = {},
): EngineContext {
  return {
    source,
    signers: new Map(signers.map((s) => [s.name, s])),
    families: [plainFamily()],
    memo: createProofMemo(),
    now: NOW,
    signal: new AbortController().signal,
    followTags: false,
    ...more,
  };
}

export async function verdictOf(
  source: MemorySource,
  demands: Partial<Demands>,
  signers?: readonly Signer[],
  reference = `${REPO}@${image.digest}`,
  digest = image.digest,
) {
  const full = { sets: [], attestations: [], ...demands };
  return (await verifyImage({ digest, references: [parseReference(reference)] }, full, context(source, signers)))
    .verdict;
}

export const byAlice: PlainSignature = { by: 'A', names: image.digest };
export const byBob: PlainSignature = { by: 'B', names: image.digest };
