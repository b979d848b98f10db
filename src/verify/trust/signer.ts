/**
 * TrustedKey → Signer: everything that proofs are checked against, parsed once. Pure and synchronous; what lies
 * elsewhere comes through the lookup. Must never make a signer usable with less than its TrustedKey demands.
 */
import type { CertificateIdentity, KeylessIdentity } from '../../api/identity.ts';
import type { KmsSource, PemSource, PublicKeySource } from '../../api/source.ts';
import type { TrustedKey, TrustedKeySpec } from '../../api/trusted-key.ts';
import type { NotationSigner } from '../../api/trusted-key-notation.ts';
import { Failure, invalid } from '../../core/failure.ts';
import { literal, regexp } from '../matcher.ts';
import type {
  IdentityMatcher,
  Lifecycle,
  Signer,
  PublicKey,
  SignerMaterial,
  TextMatcher,
  TrustRoot,
} from '../signer.ts';
import type { Certificate } from '../x509/certificate.ts';
import { parsePemCertificates } from '../x509/pem.ts';
import { type MaterialLookup, pemText, type TrustRootAnswer, type TrustRoots } from './material.ts';
import { materialId } from './material-id.ts';
import { parseNotaryIdentities } from './notary-identity.ts';
import { notaryLevel } from './notary-level.ts';
import { parsePublicKeys } from './public-keys.ts';

/** The reasons for which a signer cannot be used. */
type UnusableReason = Extract<Signer, { state: 'unusable' }>['reason'];

const MAX_CERTIFICATES = 256;

interface Sources {
  readonly lookup: MaterialLookup;
  readonly roots: TrustRoots;
}

/**
 * The signer that a TrustedKey describes. `unusable` says what is wrong, where, and what to do. A revoked key resolves
 * like any other, so that a signature by it can be named for what it is.
 */
export function resolveSigner(key: TrustedKey, lookup: MaterialLookup, roots: TrustRoots): Signer {
  const name = key.metadata.name;
  try {
    const material = materialOf(key.spec, { lookup, roots });
    return { state: 'usable', name, id: materialId(material), material, lifecycle: lifecycleOf(key.spec.lifecycle) };
  } catch (error) {
    if (error instanceof Unusable) return { state: 'unusable', name, reason: error.reason, message: error.message };
    if (error instanceof Failure)
      return { state: 'unusable', name, reason: 'TrustedKeyNotReady', message: error.message };
    throw error;
  }
}

/** Thrown where the material cannot be had; never leaves this file. */
class Unusable extends Error {
  override readonly name = 'Unusable';
  readonly reason: UnusableReason;

  constructor(reason: UnusableReason, message: string) {
    super(message);
    this.reason = reason;
  }
}

function materialOf(spec: TrustedKeySpec, sources: Sources): SignerMaterial {
  const { publicKey, certificate, keyless, notation } = spec;
  if ([publicKey, certificate, keyless, notation].filter((part) => part !== undefined).length !== 1)
    throw invalid('spec', 'exactly one of publicKey, certificate, keyless, notation', 'none or several');
  if (publicKey !== undefined) return publicKeyMaterial(publicKey, spec, sources);
  if (certificate !== undefined) return certificateMaterial(certificate, spec, sources);
  if (keyless !== undefined) return keylessMaterial(keyless.identities, spec, sources);
  if (notation !== undefined) return notationMaterial(notation, sources.lookup);
  throw invalid('spec', 'exactly one of publicKey, certificate, keyless, notation', 'none');
}

function publicKeyMaterial(source: PublicKeySource, spec: TrustedKeySpec, sources: Sources): SignerMaterial {
  const keys =
    source.kms === undefined
      ? parsed(source, 'publicKey', sources.lookup, parsePublicKeys)
      : kmsKeys(source.kms, sources.lookup);
  return { type: 'publicKey', keys, ...logMaterial(spec, sources.roots) };
}

/** Without an answer of the service the key vouches for nothing, and nobody is rejected for it. */
function kmsKeys(source: KmsSource, lookup: MaterialLookup): readonly PublicKey[] {
  const answer = lookup.kms?.(source) ?? { state: 'unknown', message: `${source.uri}: nobody asks key services here` };
  switch (answer.state) {
    case 'known':
      return located(`publicKey.kms: ${source.uri}`, () => parsePublicKeys(answer.text));
    case 'loading':
      throw new Unusable('KmsUnavailable', `publicKey.kms: ${source.uri} has not been read yet`);
    case 'unknown':
      throw new Unusable('KmsUnavailable', `publicKey.kms: ${answer.message}`);
  }
}

function certificateMaterial(
  { roots, intermediates, identities }: NonNullable<TrustedKeySpec['certificate']>,
  spec: TrustedKeySpec,
  sources: Sources,
): SignerMaterial {
  if (identities.length === 0) throw invalid('certificate.identities', 'at least one identity', 'none');
  return {
    type: 'certificate',
    roots: certificates([roots], 'certificate.roots', sources.lookup),
    intermediates:
      intermediates === undefined ? [] : certificates([intermediates], 'certificate.intermediates', sources.lookup),
    identities: identities.map((identity, index) => identityMatcher(identity, `certificate.identities[${index}]`)),
    ...logMaterial(spec, sources.roots),
  };
}

function keylessMaterial(
  identities: readonly KeylessIdentity[],
  spec: TrustedKeySpec,
  sources: Sources,
): SignerMaterial {
  if (identities.length === 0) throw invalid('keyless.identities', 'at least one identity', 'none');
  return {
    type: 'keyless',
    identities: identities.map((identity, index) => identityMatcher(identity, `keyless.identities[${index}]`)),
    transparencyLog: spec.transparencyLog,
    trustRoot: demandTrustRoot(spec, sources.roots),
  };
}

function notationMaterial(notation: NotationSigner, lookup: MaterialLookup): SignerMaterial {
  const { ca, signingAuthority, tsa } = notation.trustStores;
  if (ca.length + signingAuthority.length === 0)
    throw invalid('notation.trustStores', 'certificates in ca or signingAuthority', 'none');
  return {
    type: 'notation',
    ca: certificates(ca, 'notation.trustStores.ca', lookup),
    signingAuthority: certificates(signingAuthority, 'notation.trustStores.signingAuthority', lookup),
    tsa: certificates(tsa, 'notation.trustStores.tsa', lookup),
    trustedIdentities: parseNotaryIdentities(notation.trustedIdentities),
    level: notaryLevel(notation.level, notation.levelOverrides),
    verifyTimestamp: notation.verifyTimestamp,
  };
}

/**
 * The log and, where there is one, the trust root. A root that the key names and that cannot be had makes it unusable
 * even where the log is ignored: without the root's timestamps good signatures would be rejected. Where the key names
 * none and there is no root for such keys, it stays usable: that an image is not signed, or by another key, is true
 * without any root, and a signature that needs the log is refused as uncheckable where it is proven. A key that names
 * none and ignores the log takes the root that was given, and never one that has to be fetched.
 */
function logMaterial(
  spec: TrustedKeySpec,
  roots: TrustRoots,
): { readonly transparencyLog: 'Required' | 'Ignored'; readonly trustRoot?: TrustRoot } {
  const { transparencyLog, trustRoot } = spec;
  if (trustRoot !== undefined) return { transparencyLog, trustRoot: demandTrustRoot(spec, roots) };
  const root = transparencyLog === 'Ignored' ? roots.given : rootOrNone(roots.rootOf(undefined));
  return root === undefined ? { transparencyLog } : { transparencyLog, trustRoot: root };
}

function rootOrNone(answer: TrustRootAnswer): TrustRoot | undefined {
  return answer.ok ? answer.root : undefined;
}

function demandTrustRoot({ trustRoot }: TrustedKeySpec, roots: TrustRoots): TrustRoot {
  const answer = roots.rootOf(trustRoot);
  if (answer.ok) return answer.root;
  throw new Unusable('TrustRootUnavailable', answer.message);
}

function identityMatcher(identity: CertificateIdentity | KeylessIdentity, where: string): IdentityMatcher {
  const { subject, subjectRegExp, issuer, issuerRegExp, extensions } = {
    issuer: undefined,
    issuerRegExp: undefined,
    extensions: {},
    ...identity,
  };
  const demanded = {
    ...textMatcher('issuer', issuer, issuerRegExp, where),
    ...textMatcher('subject', subject, subjectRegExp, where),
  };
  if (demanded.subject === undefined) throw invalid(where, 'subject or subjectRegExp', 'neither');
  return { ...demanded, extensions };
}

function textMatcher(
  field: 'issuer' | 'subject',
  text: string | undefined,
  source: string | undefined,
  where: string,
): { readonly [F in 'issuer' | 'subject']?: TextMatcher } {
  if (text !== undefined && source !== undefined) throw invalid(where, `one of ${field}, ${field}RegExp`, 'both');
  if (text !== undefined) return { [field]: literal(text) };
  if (source === undefined) return {};
  return { [field]: located(`${where}.${field}RegExp`, () => regexp(source)) };
}

function certificates(sources: readonly PemSource[], where: string, lookup: MaterialLookup): readonly Certificate[] {
  const all = sources.flatMap((source, index) =>
    parsed(source, sources.length === 1 ? where : `${where}[${index}]`, lookup, parsePemCertificates),
  );
  if (all.length > MAX_CERTIFICATES) throw invalid(where, `at most ${MAX_CERTIFICATES} certificates`, `${all.length}`);
  return [...new Map(all.map((certificate) => [certificate.fingerprint256, certificate])).values()];
}

function parsed<T>(source: PemSource, where: string, lookup: MaterialLookup, parse: (text: string) => T): T {
  const answer = pemText(source, where, lookup);
  if (!answer.ok) throw new Unusable('TrustedKeyNotReady', `${where}: ${answer.message}`);
  return located(answer.where, () => parse(answer.text));
}

/** A failure inside a text, told with the place of the text. */
function located<T>(where: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    throw new Failure(error.detail, `${where}: ${error.message}`, { cause: error });
  }
}

/** The life of a key, as its spec has it. */
export function lifecycleOf(life: TrustedKeySpec['lifecycle']): Lifecycle {
  const { state, validFrom, validUntil, revocation, revokedAt } = life;
  const keeps = state === 'Revoked' && revocation === 'AfterRevokedAt' && revokedAt !== undefined;
  return {
    state,
    ...(validFrom === undefined ? {} : { validFrom: new Date(validFrom) }),
    ...(validUntil === undefined ? {} : { validUntil: new Date(validUntil) }),
    ...(keeps ? { keepsProvenBefore: new Date(revokedAt) } : {}),
  };
}
