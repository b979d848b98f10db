/**
 * Certification paths (RFC 5280, 6): does a certificate lead to one that the user trusts, with every certificate valid
 * at one point of time? Owns the search and its bounds; what a certificate may be used for is usage.ts's.
 * Must never read a clock: `at` is the caller's, the proven time of signing or now.
 */
import type { Certificate } from './certificate.ts';
import { EXTENSION } from './extensions.ts';
import { shownHolder, shownName } from './name.ts';
import { constraintFlaw } from './name-constraints.ts';

export { demandCodeSigning } from './usage.ts';

/**
 * What leads where, at which time. Only what is in `roots` is trusted, whatever it looks like: a self-signed
 * certificate elsewhere is none, and an intermediate (or the leaf itself) that is in `roots` ends a path as well as a
 * self-signed one does.
 */
export interface ChainQuestion {
  readonly leaf: Certificate;
  readonly intermediates: readonly Certificate[];
  readonly roots: readonly Certificate[];
  readonly at: Date;
}

/** A path from the leaf to its anchor, or why there is none. */
export type ChainAnswer =
  | {
      readonly ok: true;
      readonly chain: readonly Certificate[];
      /** The earliest end of validity: where `at` is now, the answer holds until then. */
      readonly notAfter: Date;
    }
  | {
      readonly ok: false;
      readonly reason: 'CertificateUntrusted' | 'CertificateExpired';
      readonly message: string;
      /** When the certificates of the path begin to be valid, where only that is missing. */
      readonly holdsUntil?: Date;
    };

/** Certificates in a path, the leaf and the anchor included. */
const MAX_DEPTH = 8;
/** Strangers' certificates that are looked at. */
const MAX_INTERMEDIATES = 64;
/** Signature checks in one search: what bounds the time, since names may be made to match at will. */
const MAX_CHECKS = 64;

/**
 * Critical extensions that are handled: read by a check, or without effect on what we decide. Policies are among them
 * since any policy is acceptable to us (RFC 5280, 6.1.1, initial-policy-set any-policy).
 */
const HANDLED: ReadonlySet<string> = new Set([
  EXTENSION.subjectKeyIdentifier,
  EXTENSION.keyUsage,
  EXTENSION.subjectAltName,
  EXTENSION.basicConstraints,
  EXTENSION.nameConstraints,
  EXTENSION.crlDistributionPoints,
  EXTENSION.certificatePolicies,
  EXTENSION.authorityKeyIdentifier,
  EXTENSION.extendedKeyUsage,
]);

interface Search {
  readonly anchors: ReadonlySet<string>;
  readonly candidates: readonly Certificate[];
  readonly at: Date;
  checksLeft: number;
  /** The first path that lacks nothing but time. */
  untimely: readonly Certificate[] | undefined;
  /** Why the longest of the other paths ended. */
  end: { readonly length: number; readonly message: string };
}

/** Searches all paths; one that is valid at the time wins over one that is not, wherever it is found. */
export function buildChain({ leaf, intermediates, roots, at }: ChainQuestion): ChainAnswer {
  const search: Search = {
    anchors: new Set(roots.map((root) => root.fingerprint256)),
    candidates: distinct([...roots, ...intermediates.slice(0, MAX_INTERMEDIATES)]),
    at,
    checksLeft: MAX_CHECKS,
    untimely: undefined,
    end: { length: 0, message: 'no trusted root is given' },
  };
  const flaw = flawOf(leaf);
  if (flaw !== undefined) return { ok: false, reason: 'CertificateUntrusted', message: flaw };
  const chain = extend([leaf], search);
  if (chain !== undefined) return { ok: true, chain, notAfter: earliestEnd(chain) };
  if (search.untimely !== undefined) return untimely(search.untimely, at);
  return { ok: false, reason: 'CertificateUntrusted', message: search.end.message };
}

/** The earliest end of validity in a chain. */
export function earliestEnd(chain: readonly Certificate[]): Date {
  return new Date(Math.min(...chain.map((certificate) => certificate.notAfter.getTime())));
}

/** What is wrong with the validity of a certificate at a time, as a sentence; undefined where nothing is. */
export function untimelinessOf(certificate: Certificate, at: Date): string | undefined {
  const name = shownHolder(certificate);
  if (at < certificate.notBefore)
    return `certificate ${name} is not valid before ${certificate.notBefore.toISOString()}`;
  if (at > certificate.notAfter) return `certificate ${name} expired at ${certificate.notAfter.toISOString()}`;
  return undefined;
}

/**
 * Was `child` signed with the key of `issuer`? By algorithms and keys that are strong, else no: an RSA key of 16,384
 * bits with a long exponent would make one check take as long as a stranger likes.
 */
export function isSignedBy(child: Certificate, issuer: Certificate): boolean {
  if (child.signatureScheme === undefined || !issuer.strongKey) return false;
  try {
    return child.x509.verify(issuer.publicKey);
  } catch {
    return false;
  }
}

/** Same octets? Names are compared as encoded: what RFC 5280 (7.1) folds together is not the same to every verifier. */
export function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}

function extend(path: readonly Certificate[], search: Search): readonly Certificate[] | undefined {
  const last = path.at(-1);
  if (last === undefined) return undefined;
  if (search.anchors.has(last.fingerprint256)) {
    const flaw = namesFlaw(path);
    const timely = path.every((certificate) => untimelinessOf(certificate, search.at) === undefined);
    if (flaw === undefined && timely) return path;
    if (flaw === undefined) search.untimely ??= path;
    else endsHere(search, path, flaw);
  }
  const issuers = search.candidates.filter(
    (candidate) =>
      sameBytes(candidate.subjectDer, last.issuerDer) && !path.some((known) => sameEntity(known, candidate)),
  );
  if (issuers.length === 0) endsHere(search, path, missing(last, search.anchors));
  for (const issuer of issuers) {
    const flaw = linkFlaw(issuer, path, search);
    if (flaw !== undefined) endsHere(search, path, flaw);
    const chain = flaw === undefined ? extend([...path, issuer], search) : undefined;
    if (chain !== undefined) return chain;
  }
  return undefined;
}

/** Why `issuer` may not stand above the last of `path`; undefined where it may. The signature is checked last. */
function linkFlaw(issuer: Certificate, path: readonly Certificate[], search: Search): string | undefined {
  const name = shownName(issuer.subject);
  const child = path.at(-1);
  if (child === undefined || path.length >= MAX_DEPTH) return `the path through ${name} is longer than ${MAX_DEPTH}`;
  const flaw = flawOf(issuer) ?? issuerFlaw(issuer, path, search.anchors.has(issuer.fingerprint256));
  if (flaw !== undefined) return flaw;
  if (child.signatureScheme === undefined) {
    return `certificate ${shownHolder(child)} is signed with an algorithm that is weak or unknown (${child.signatureAlgorithm})`;
  }
  if (search.checksLeft === 0) return `more than ${MAX_CHECKS} signatures would have to be checked to find a path`;
  search.checksLeft -= 1;
  return isSignedBy(child, issuer)
    ? undefined
    : `certificate ${shownHolder(child)} is not signed by the key of ${name}`;
}

/** What no certificate of a path may have, whatever its place. */
function flawOf(certificate: Certificate): string | undefined {
  const name = shownHolder(certificate);
  if (!certificate.strongKey) return `certificate ${name} has a key that is too weak or of an unknown kind`;
  for (const [oid, { critical }] of certificate.extensions) {
    if (critical && !HANDLED.has(oid))
      return `certificate ${name} has the critical extension ${oid}, which is not understood`;
  }
  return undefined;
}

/** RFC 5280, 6.1.4 (k) to (n): may this certificate issue others at this height? */
function issuerFlaw(issuer: Certificate, path: readonly Certificate[], isAnchor: boolean): string | undefined {
  const name = shownName(issuer.subject);
  // A version 1 root cannot say that it is an authority; that the user names it as a root says so (6.1.4 (k)).
  const vouchedFor = isAnchor && issuer.version === 1 && isSelfIssued(issuer);
  const { ca, pathLength = MAX_DEPTH } = issuer.basicConstraints ?? { ca: vouchedFor };
  if (!ca) return `certificate ${name} is not one of an authority (basicConstraints CA)`;
  if (issuer.keyUsage?.bits.has('keyCertSign') === false)
    return `certificate ${name} may not sign certificates (keyUsage)`;
  const between = path.slice(1).filter((certificate) => !isSelfIssued(certificate)).length;
  return between > pathLength
    ? `certificate ${name} allows ${pathLength} intermediates below it, found ${between}`
    : undefined;
}

/**
 * RFC 5280, 6.1.4 (b) and (c): the constraints of each authority bind all that is below it, except for self-issued
 * intermediates. Looked at for paths that reach an anchor only: before that, both sides of the work are a stranger's.
 */
function namesFlaw(path: readonly Certificate[]): string | undefined {
  return path
    .flatMap((issuer, height) =>
      path
        .slice(0, height)
        .filter((certificate, place) => place === 0 || !isSelfIssued(certificate))
        .map((certificate) => constraintFlaw(issuer, certificate)),
    )
    .find((flaw) => flaw !== undefined);
}

function isSelfIssued(certificate: Certificate): boolean {
  return sameBytes(certificate.subjectDer, certificate.issuerDer);
}

/** The same name with the same key: taking it twice would only lengthen the path (a loop of cross-certificates). */
function sameEntity(one: Certificate, other: Certificate): boolean {
  return (
    one.fingerprint256 === other.fingerprint256 ||
    (sameBytes(one.subjectDer, other.subjectDer) && one.publicKey.equals(other.publicKey))
  );
}

function missing(last: Certificate, anchors: ReadonlySet<string>): string {
  const name = shownHolder(last);
  if (anchors.size === 0) return 'no trusted root is given';
  if (isSelfIssued(last)) return `certificate ${name} is self-signed and not among the trusted roots`;
  return `certificate ${name} was issued by ${shownName(last.issuer)}, which is not among the roots and intermediates`;
}

function endsHere(search: Search, path: readonly Certificate[], message: string): void {
  if (path.length > search.end.length) search.end = { length: path.length, message };
}

function untimely(path: readonly Certificate[], at: Date): ChainAnswer {
  const message = path.map((certificate) => untimelinessOf(certificate, at)).find((text) => text !== undefined) ?? '';
  const answer = { ok: false, reason: 'CertificateExpired', message } as const;
  const begins = new Date(Math.max(...path.map((certificate) => certificate.notBefore.getTime())));
  return begins > at && begins <= earliestEnd(path) ? { ...answer, holdsUntil: begins } : answer;
}

function distinct(certificates: readonly Certificate[]): readonly Certificate[] {
  return [...new Map(certificates.map((certificate) => [certificate.fingerprint256, certificate])).values()];
}
