/**
 * TrustedKey → AdmissionKey: what an admission policy can be told of a key. Beside resolveSigner, because a policy needs
 * less than the engine: a trust root that Kyverno fetches itself need not be here. Must never hand on anything that the
 * engine would not take as this key's material, and nothing private.
 */
import { createPublicKey, X509Certificate } from 'node:crypto';
import type { TrustedRoot } from '@sigstore/protobuf-specs';
import type { TrustRootSource } from '../../api/source.ts';
import type { TrustedKey, TrustedKeySpec } from '../../api/trusted-key.ts';
import type {
  AdmissionAuthorities,
  AdmissionKey,
  AdmissionMaterial,
  AdmissionTrustRoot,
} from '../../core/admission-key.ts';
import { Failure, invalid } from '../../core/failure.ts';
import type { PublicKey, SignerMaterial } from '../signer.ts';
import type { Certificate } from '../x509/certificate.ts';
import { type MaterialLookup, shownRef, type TrustRoots, trustRootsOf } from './material.ts';
import { resolveSigner } from './signer.ts';

/** A key as an admission policy names it. `unusable` says what is missing or malformed, and where. */
export function admissionKeyOf(key: TrustedKey, lookup: MaterialLookup): AdmissionKey {
  const { name } = key.metadata;
  const { state, validFrom, validUntil } = key.spec.lifecycle;
  if (state === 'Revoked') return { state: 'revoked', name };
  try {
    return {
      state: 'usable',
      name,
      material: materialOf(key, lookup),
      ...(validFrom === undefined ? {} : { validFrom: new Date(validFrom) }),
      ...(validUntil === undefined ? {} : { validUntil: new Date(validUntil) }),
    };
  } catch (error) {
    if (error instanceof Failure) return { state: 'unusable', name, message: error.message };
    throw error;
  }
}

function materialOf(key: TrustedKey, lookup: MaterialLookup): AdmissionMaterial {
  const { spec } = key;
  const trustRoot = trustRootOf(spec.trustRoot, lookup);
  const { transparencyLog, publicKey, certificate, keyless, notation } = spec;
  if (publicKey?.kms !== undefined) {
    return { type: 'publicKey', keys: [], kms: publicKey.kms.uri, transparencyLog, trustRoot };
  }
  const material = resolved(key, lookup);
  switch (material.type) {
    case 'publicKey':
      return { type: 'publicKey', keys: material.keys.map(publicKeyText), transparencyLog, trustRoot };
    case 'certificate': {
      const roots = material.roots.map(pemOf);
      const intermediates = leadingTo(material.intermediates, material.roots).map(pemOf);
      const identities = certificate?.identities ?? [];
      return { type: 'certificate', roots, intermediates, identities, transparencyLog, trustRoot };
    }
    case 'keyless':
      return { type: 'keyless', identities: keyless?.identities ?? [], transparencyLog, trustRoot };
    case 'notation':
      return notationMaterial(material, notation);
  }
}

function notationMaterial(
  material: Extract<SignerMaterial, { type: 'notation' }>,
  notation: TrustedKeySpec['notation'],
): AdmissionMaterial {
  return {
    type: 'notation',
    ca: material.ca.map(pemOf),
    signingAuthority: material.signingAuthority.map(pemOf),
    tsa: material.tsa.map(pemOf),
    trustedIdentities: notation?.trustedIdentities ?? [],
    level: levelOf(notation),
    verifyTimestamp: material.verifyTimestamp,
  };
}

/** The material as the engine reads it, but for trust roots: those are handed on as the TrustedKey names them. */
function resolved(key: TrustedKey, lookup: MaterialLookup): SignerMaterial {
  const signer = resolveSigner({ ...key, spec: withoutTrustRoot(key.spec) }, lookup, ANY_ROOT);
  if (signer.state === 'usable') return signer.material;
  throw invalid(`TrustedKey ${key.metadata.name}`, 'material that can be used', signer.message);
}

function withoutTrustRoot(spec: TrustedKeySpec): TrustedKeySpec {
  const { trustRoot: _, ...rest } = spec;
  return rest;
}

/** Stands for roots that are not looked at here. An empty root proves nothing, and none of it is handed on. */
const ANY_ROOT: TrustRoots = {
  rootOf: () => ({
    ok: true,
    root: {
      id: 'none',
      root: { mediaType: '', tlogs: [], certificateAuthorities: [], ctlogs: [], timestampAuthorities: [] },
    },
  }),
};

function trustRootOf(source: TrustRootSource | undefined, lookup: MaterialLookup): AdmissionTrustRoot {
  if (source === undefined) return { kind: 'public' };
  if (source.tuf === undefined) return fileRoot(source, lookup);
  const ref = { kind: 'ConfigMap', ...source.tuf.rootRef.configMapRef } as const;
  const answer = lookup.text(ref);
  if (answer.ok) return { kind: 'tuf', mirror: source.tuf.mirror, rootJson: answer.text };
  throw invalid('trustRoot.tuf.rootRef', `the root.json in ${shownRef(ref)}`, answer.message);
}

function fileRoot(source: TrustRootSource, lookup: MaterialLookup): AdmissionTrustRoot {
  const answer = trustRootsOf(lookup).rootOf(source);
  if (!answer.ok) throw invalid('trustRoot', 'a trusted_root.json that can be read', answer.message);
  return { kind: 'file', authorities: authoritiesOf(answer.root.root) };
}

function authoritiesOf(root: TrustedRoot): AdmissionAuthorities {
  const chains = root.certificateAuthorities.flatMap(({ certChain }) => certChain?.certificates ?? []);
  const periods = [
    ...root.certificateAuthorities.map(({ validFor }) => validFor),
    ...[...root.tlogs, ...root.ctlogs].map(({ publicKey }) => publicKey?.validFor),
  ];
  return {
    certificates: [...new Set(chains.map(({ rawBytes }) => new X509Certificate(rawBytes).toString()))],
    rekorKeys: logKeys(root.tlogs),
    ctlogKeys: logKeys(root.ctlogs),
    limited: periods.some((period) => period?.end !== undefined),
  };
}

function logKeys(logs: TrustedRoot['tlogs']): readonly string[] {
  const raw = logs.flatMap(({ publicKey }) => publicKey?.rawBytes ?? []);
  return [...new Set(raw.map(logKey))];
}

/** SPKI, or PKCS#1 where an older Rekor has an RSA key; parseTrustedRoot has read it as one of the two. */
function logKey(der: Buffer): string {
  const read = (type: 'spki' | 'pkcs1'): string =>
    createPublicKey({ key: der, format: 'der', type }).export({ type: 'spki', format: 'pem' });
  try {
    return read('spki');
  } catch {
    return read('pkcs1');
  }
}

function publicKeyText({ key, fingerprint, algorithm }: PublicKey): {
  readonly pem: string;
  readonly fingerprint: string;
  readonly algorithm: string;
} {
  return { pem: key.export({ type: 'spki', format: 'pem' }), fingerprint, algorithm };
}

function pemOf({ x509 }: Certificate): string {
  return x509.toString();
}

/**
 * Kyverno takes every certificate of its list as an anchor: an intermediate that no root of the key has issued would be
 * a new root there. The engine only walks through it.
 */
function leadingTo(intermediates: readonly Certificate[], roots: readonly Certificate[]): readonly Certificate[] {
  const anchored: Certificate[] = [...roots];
  const issued = (one: Certificate): boolean =>
    anchored.some(({ x509, publicKey }) => one.x509.checkIssued(x509) && one.x509.verify(publicKey));
  let rest = [...intermediates];
  for (let round = rest.length; round > 0; round -= 1) {
    anchored.push(...rest.filter(issued));
    rest = rest.filter((one) => !anchored.includes(one));
  }
  return intermediates.filter((one) => anchored.includes(one));
}

function levelOf(notation: TrustedKeySpec['notation']): string {
  if (notation === undefined) return 'strict';
  const changed = Object.keys(notation.levelOverrides).toSorted();
  return changed.length === 0 ? notation.level : `${notation.level} with ${changed.join(', ')} overridden`;
}
