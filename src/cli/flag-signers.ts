/**
 * The signer that the flags of `verify` describe. With --notation-policy it can differ from image to image.
 */
import { API_VERSION } from '../api/group.ts';
import { Failure } from '../core/failure.ts';
import { formatRepository, type RepositoryReference } from '../core/reference.ts';
import type { Signer } from '../verify/signer.ts';
import type { MaterialLookup } from '../verify/trust/material.ts';
import { resolveSigner } from '../verify/trust/signer.ts';
import {
  parseNotationTrustPolicy,
  selectStatement,
  signerOfStatement,
  type TrustStores,
} from '../verify/trust/trust-policy.ts';
import type { Certificate } from '../verify/x509/certificate.ts';
import { parsePemCertificates } from '../verify/x509/pem.ts';
import { UsageError } from './exit.ts';
import { readText } from './files.ts';
import { askKms } from './kms.ts';
import type { Terminal } from './terminal.ts';
import { openTrustRoots, type TrustRootFlags } from './trust-roots.ts';
import { type SignerFlags, signerKindOf, storeFile, trustedKeySpecOf } from './verify-flags.ts';

/** The signer for each image. */
export interface FlagSigners {
  signerFor(image: RepositoryReference): Signer;
}

/** Reads keys, certificates and policies. Throws UsageError for everything in them that cannot be used. */
export async function flagSigners(
  flags: SignerFlags & TrustRootFlags,
  name: string,
  terminal: Terminal,
): Promise<FlagSigners> {
  if (flags.notationPolicy !== undefined)
    return policySigners(flags, flags.notationPolicy, { name, cwd: terminal.cwd });
  if (signerKindOf(flags) !== 'notation' && flags.notationTsa.length > 0)
    throw new UsageError('--notation-tsa needs --notation-ca or --notation-policy');
  const spec = await trustedKeySpecOf(flags, terminal.cwd);
  const { roots } = await openTrustRoots([{ spec }], NOTHING, flags, terminal);
  const { kms } = spec.publicKey ?? {};
  const keys = await askKms(kms === undefined ? [] : [kms], terminal);
  const signer = resolveSigner(
    { apiVersion: API_VERSION, kind: 'TrustedKey', metadata: { name }, spec },
    { ...NOTHING, kms: (source) => keys.get(source) },
    roots,
  );
  // Material from a file cannot heal while we wait; only a trust root that was not given is worth a verdict.
  if (signer.state === 'unusable' && signer.reason === 'TrustedKeyNotReady') throw new UsageError(signer.message);
  return { signerFor: () => signer };
}

/** Flags hold their material themselves. */
const NOTHING: MaterialLookup = { text: () => ({ ok: false, message: 'flags refer to no objects' }) };

async function policySigners(
  flags: SignerFlags,
  file: string,
  { name, cwd }: { name: string; cwd: string },
): Promise<FlagSigners> {
  if (flags.notationIdentity.length > 0 || flags.notationLevel !== undefined) {
    throw new UsageError(
      '--notation-policy brings identities and level itself: leave out --notation-identity and --notation-level',
    );
  }
  signerKindOf(flags);
  const text = await readText(file, cwd);
  const stores = await readStores(flags, cwd);
  try {
    const policy = parseNotationTrustPolicy(text, stores);
    return {
      signerFor: (image) => signerOfStatement(selectStatement(policy, formatRepository(image)), name),
    };
  } catch (error) {
    if (error instanceof Failure) throw new UsageError(`${file}: ${error.message}`);
    throw error;
  }
}

async function readStores(flags: SignerFlags, cwd: string): Promise<TrustStores> {
  const read = async (
    type: string,
    texts: readonly string[],
  ): Promise<readonly (readonly [string, readonly Certificate[]])[]> =>
    Promise.all(
      texts.map(async (text) => {
        const { name, file } = storeFile(text);
        if (name === undefined)
          throw new UsageError(
            `${text}: with --notation-policy write NAME=FILE, with the store’s name in trustpolicy.json`,
          );
        return [`${type}:${name}`, certificatesOf(file, await readText(file, cwd))] as const;
      }),
    );
  const all = [
    ...(await read('ca', flags.notationCa)),
    ...(await read('tsa', flags.notationTsa)),
    ...(await read('signingAuthority', flags.notationSigningAuthority)),
  ];
  const stores = new Map<string, readonly Certificate[]>();
  for (const [store, certificates] of all) stores.set(store, [...(stores.get(store) ?? []), ...certificates]);
  return stores;
}

function certificatesOf(file: string, text: string): readonly Certificate[] {
  try {
    return parsePemCertificates(text);
  } catch (error) {
    if (error instanceof Failure) throw new UsageError(`${file}: ${error.message}`);
    throw error;
  }
}
