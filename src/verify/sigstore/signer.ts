/**
 * Who made a signature, for every kind of cosign trust material: a key, a holder below a private CA, a keyless holder.
 * Owns the order of demands: the signature itself, the chain, log and time, the identity. Must never return for a
 * signature that was not verified with the very key or certificate that it names.
 */
import type { TimeSource } from '../../core/verdict.ts';
import { fingerprintOfHint, toPublicKey, verifyWithKey } from '../keys.ts';
import { Refused } from '../refusal.ts';
import type { PublicKey, SignerMaterial } from '../signer.ts';
import { type Certificate, parseCertificate } from '../x509/certificate.ts';
import { demandPath, type Path } from './chain.ts';
import { demandLogged, type Evidence, gatherEvidence, logIndexOf, signingTime } from './evidence.ts';
import { demandFulcioChain } from './fulcio.ts';
import { demandIdentity, describeHolder, type Holder, holderOf } from './identity.ts';
import { quoted } from './quoted.ts';
import { COMPANY, type Signed } from './signed.ts';

/** The signer's part of a Proof. */
export interface ProvenSigner {
  readonly signerId: string;
  readonly fingerprint: string;
  readonly identity?: string;
  readonly issuer?: string;
  readonly signedAt?: Date;
  readonly timeSource: TimeSource;
  readonly logIndex?: string;
  readonly notes: readonly string[];
  readonly holdsUntil?: Date;
}

type KeyMaterial = Extract<SignerMaterial, { type: 'publicKey' }>;
type CertificateMaterial = Extract<SignerMaterial, { type: 'certificate' }>;
type KeylessMaterial = Extract<SignerMaterial, { type: 'keyless' }>;

/** The signer, proven to be one that the material trusts; else Refused. `now` counts where no time is proven. */
export function demandSigner(signed: Signed, material: SignerMaterial, now: Date): ProvenSigner {
  switch (material.type) {
    case 'publicKey':
      return demandKey(signed, material);
    case 'certificate':
      return demandCertificate(signed, material, now);
    case 'keyless':
      return demandKeyless(signed, material);
    case 'notation':
      throw new Refused(
        'UntrustedSigner',
        'this is a cosign signature, and the TrustedKey trusts Notary Project signers only',
      );
  }
}

function demandKey(signed: Signed, material: KeyMaterial): ProvenSigner {
  const key = material.keys.find((candidate) => verifyWithKey(candidate, signed.message, signed.signature));
  if (key === undefined) throw noKeyVerifies(signed, material.keys);
  const evidence = gatherEvidence(signed, { type: 'key', key: key.key }, material);
  demandLogged(evidence, material);
  return { signerId: key.fingerprint, fingerprint: key.fingerprint, ...companyOf(evidence) };
}

/**
 * The hint is nobody's proof: it never excludes a key, and only chooses the words. A signature that names one of our
 * keys and is not by it was altered; one that names another key, or none, is somebody else's.
 */
function noKeyVerifies(signed: Signed, keys: readonly PublicKey[]): Refused {
  const ours = `${keys
    .slice(0, 4)
    .map((key) => key.fingerprint)
    .join(', ')}${keys.length > 4 ? ` and ${keys.length - 4} more` : ''}`;
  const { hint } = signed;
  const named = keys.find((key) => key.hint === hint);
  if (named !== undefined) {
    return new Refused(
      'SignatureInvalid',
      `the signature names key ${named.fingerprint}, which does not verify it: the signature or its payload was changed`,
    );
  }
  const [leaf] = signed.certificates;
  if (leaf !== undefined) {
    return new Refused(
      'UntrustedSigner',
      `signed with the certificate of ${claimedHolder(leaf)}, whose key is none of this TrustedKey's (${ours}): use certificate or keyless to trust its holder`,
    );
  }
  if (isKeyHint(hint)) {
    return new Refused(
      'UntrustedSigner',
      `signed by key ${fingerprintOfHint(hint)}, which no TrustedKey of this entry holds; it holds ${ours}`,
    );
  }
  return new Refused(
    'UntrustedSigner',
    `no key of the TrustedKey (${ours}) verifies it: it was made by another key, or the signature or its payload was changed`,
  );
}

/** Whose certificate lies beside the signature: nothing is proven of it, it only helps the reader along. */
function claimedHolder(der: Uint8Array): string {
  const [certificate] = der.length <= COMPANY.itemBytes ? readable(der) : [];
  return certificate === undefined ? 'somebody, unreadable' : describeHolder(holderOf(certificate));
}

/** Is it base64 of 32 bytes, as cosign 3 writes the hash of a key? */
function isKeyHint(hint: string | undefined): hint is string {
  return hint !== undefined && /^[A-Za-z0-9+/]{43}=$/.test(hint);
}

function demandCertificate(signed: Signed, material: CertificateMaterial, now: Date): ProvenSigner {
  const { leaf, intermediates, key } = demandSignedByLeaf(signed);
  const evidence = gatherEvidence(signed, { type: 'certificate', der: leaf.raw }, material);
  const times = evidence.times.map((time) => time.at);
  const pool = { roots: material.roots, intermediates: [...material.intermediates, ...intermediates] };
  const path = demandPath(leaf, times.length === 0 ? [now] : times, () => pool);
  demandLogged(evidence, material);
  const proven = holderProof(holderOf(leaf), path, key, material.identities);
  const holdsUntil = times.length === 0 ? { holdsUntil: path.notAfter } : {};
  return { ...proven, ...companyOf(evidence), ...holdsUntil };
}

function demandKeyless(signed: Signed, material: KeylessMaterial): ProvenSigner {
  const { leaf, key } = demandSignedByLeaf(signed);
  const evidence = gatherEvidence(signed, { type: 'certificate', der: leaf.raw }, material);
  const times = evidence.times.map((time) => time.at);
  // Without a proven time the chain is still looked at, as of the certificate's own beginning: "not from this Fulcio"
  // tells more than "no time". Nothing can be trusted by it, for the demand of a time follows.
  const path = demandFulcioChain(leaf, material.trustRoot, times.length === 0 ? [leaf.notBefore] : times);
  demandLogged(evidence, material);
  demandTimed(evidence);
  return { ...holderProof(holderOf(leaf), path, key, material.identities), ...companyOf(evidence) };
}

function demandTimed(evidence: Evidence): void {
  if (evidence.times.length > 0) return;
  const untimed = evidence.log.length > 0 ? 'the log entry promises no time' : 'there is neither';
  throw new Refused(
    'TimestampMissing',
    `a keyless certificate lives for minutes, so the time of signing must be proven by a transparency log or a timestamp authority of the trusted root: ${evidence.failures.join('; ') || untimed}`,
  );
}

interface SignedByLeaf {
  readonly leaf: Certificate;
  readonly intermediates: readonly Certificate[];
  readonly key: PublicKey;
}

function demandSignedByLeaf(signed: Signed): SignedByLeaf {
  const [first, ...rest] = demandCertificates(signed);
  const leaf = parseCertificate(first);
  const key = toPublicKey(leaf.publicKey);
  if (key.algorithm === 'unsupported') {
    throw new Refused(
      'CertificateUntrusted',
      "the certificate's key is of a kind or size that no image signature may rest on",
    );
  }
  if (!verifyWithKey(key, signed.message, signed.signature)) {
    throw new Refused(
      'SignatureInvalid',
      `the certificate's key ${key.fingerprint} does not verify the signature: the signature or its payload was changed`,
    );
  }
  return { leaf, intermediates: rest.flatMap(readable), key };
}

/** The leaf and what the signature brings with it, within bounds. */
function demandCertificates(signed: Signed): readonly [Uint8Array, ...Uint8Array[]] {
  const [leaf, ...rest] = signed.certificates;
  if (leaf === undefined) {
    const unreadable = signed.unreadable.find((u) => u.part === 'certificate');
    if (unreadable !== undefined) throw new Refused('SignatureInvalid', unreadable.why);
    const by = isKeyHint(signed.hint) ? `key ${fingerprintOfHint(signed.hint)}` : 'a plain key';
    throw new Refused('UntrustedSigner', `signed by ${by}, and this TrustedKey trusts holders of certificates only`);
  }
  if (rest.length < COMPANY.certificates && signed.certificates.every((der) => der.length <= COMPANY.itemBytes))
    return [leaf, ...rest];
  throw new Refused(
    'SignatureInvalid',
    `the signature brings more than ${COMPANY.certificates} certificates, or a huge one`,
  );
}

/** What follows the leaf can only help to find a path: what cannot be read does not help, and harms nothing. */
function readable(der: Uint8Array): readonly Certificate[] {
  try {
    return [parseCertificate(der)];
  } catch {
    return [];
  }
}

function holderProof(
  holder: Holder,
  path: Path,
  key: PublicKey,
  accepted: CertificateMaterial['identities'],
): Pick<ProvenSigner, 'signerId' | 'fingerprint' | 'identity' | 'issuer'> {
  const identity = demandIdentity(holder, accepted);
  const issuer = holder.issuer === undefined ? {} : { issuer: bounded(holder.issuer) };
  // All names, whichever of them matched: two entries that accept different names of one holder are one signer.
  const names = holder.subjects.map((subject) => quoted(subject, 1024)).join(',');
  return {
    signerId: `${quoted(holder.issuer ?? '', 1024)}|${names}|${path.root.fingerprint256}`,
    fingerprint: key.fingerprint,
    identity: bounded(identity),
    ...issuer,
  };
}

function bounded(text: string): string {
  return text.length > 1024 ? `${text.slice(0, 1023)}…` : text;
}

function companyOf(evidence: Evidence): Pick<ProvenSigner, 'signedAt' | 'timeSource' | 'logIndex' | 'notes'> {
  return { ...signingTime(evidence), ...logIndexOf(evidence), notes: evidence.failures };
}
