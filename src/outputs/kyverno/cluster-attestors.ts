/**
 * Clauses as attestor sets of a ClusterPolicy. Owns the form of its entries. Must never write an entry that could vouch
 * for more than its verifier, nor one of another kind of signature than the rule reads.
 */
import type { KeylessIdentity } from '../../api/identity.ts';
import type { Clause } from './clauses.ts';
import { NOBODY_PEM } from './nobody.ts';
import { anchoredPattern, literalPattern } from './pattern.ts';
import type { LogDemand, Reading, Verifier } from './verifier.ts';

type Fields = Readonly<Record<string, unknown>>;

/** One attestor set. */
export function clusterAttestorSet({ count, vouchers }: Clause, reading: Reading): Fields {
  const entries = vouchers.flatMap(({ verifiers }) => verifiers.map((verifier) => entryOf(verifier, reading)));
  return { count, entries };
}

/** A set that nobody can meet. */
export function nobodySet(): Fields {
  const keys = { publicKeys: NOBODY_PEM, signatureAlgorithm: 'sha256', ...withoutLog() };
  return { count: 1, entries: [{ signatureAlgorithm: 'sha256', keys }] };
}

function entryOf(verifier: Verifier, reading: Reading): Fields {
  const { annotations, repository } = verifier.demand;
  return {
    signatureAlgorithm: verifier.type === 'key' ? verifier.hash : 'sha256',
    ...signerOf(verifier, reading),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    ...(repository === undefined ? {} : { repository }),
  };
}

function signerOf(verifier: Verifier, reading: Reading): Fields {
  switch (verifier.type) {
    case 'key': {
      const { source, hash, log } = verifier;
      const key = 'pem' in source ? { publicKeys: source.pem } : { kms: source.kms };
      // The hash of the keys counts, that of the entry is not read.
      return {
        keys: { ...key, signatureAlgorithm: hash, ...(log.required ? demandedLog(log, reading) : withoutLog()) },
      };
    }
    case 'keyless':
      return { keyless: keylessOf(verifier.identity, verifier.log, reading) };
    case 'certificate': {
      const { identity, log, anchors } = verifier;
      const logs = log.required ? { ...demandedLog(log, 'legacy'), ctlog: { ignoreSCT: true } } : withoutLog();
      return {
        keyless: { roots: anchors.join(''), ...named('subject', identity.subject, identity.subjectRegExp), ...logs },
      };
    }
    case 'notation':
      return { certificates: { cert: verifier.root } };
  }
}

/** Kyverno wants an address also where it does not ask there. */
const REKOR = 'https://rekor.sigstore.dev';

function withoutLog(): Fields {
  return { rekor: { url: REKOR, ignoreTlog: true }, ctlog: { ignoreSCT: true } };
}

/** For a key no SCT is looked at; with bundles Kyverno gets the keys of both logs only where SCTs are not ignored. */
function demandedLog({ trustRoot }: LogDemand, reading: Reading): Fields {
  const pubkey = trustRoot.kind === 'file' ? trustRoot.authorities.rekorKeys[0] : undefined;
  return {
    rekor: { url: REKOR, ignoreTlog: false, ...(pubkey === undefined ? {} : { pubkey }) },
    ctlog: { ignoreSCT: reading !== 'bundle' },
  };
}

function keylessOf(identity: KeylessIdentity, log: LogDemand, reading: Reading): Fields {
  const { issuer, issuerRegExp, subject, subjectRegExp, extensions } = identity;
  const { rekor } = demandedLog(log, reading);
  const authorities = log.trustRoot.kind === 'file' ? log.trustRoot.authorities : undefined;
  const pubkey = authorities?.ctlogKeys[0];
  return {
    ...named('issuer', issuer, issuerRegExp),
    ...named('subject', subject, subjectRegExp),
    ...(authorities === undefined ? {} : { roots: authorities.certificates.join('') }),
    ...(Object.keys(extensions).length === 0 ? {} : { additionalExtensions: extensions }),
    rekor,
    ctlog: { ignoreSCT: false, ...(pubkey === undefined ? {} : { pubkey }) },
  };
}

/** Kyverno reads `*` and `?` in a name as wildcards, and searches for a pattern inside of the name. */
function named(field: 'issuer' | 'subject', text: string | undefined, source: string | undefined): Fields {
  if (source !== undefined) return { [`${field}RegExp`]: anchoredPattern(source) };
  if (text === undefined) return {};
  return /[*?]/.test(text) ? { [`${field}RegExp`]: literalPattern(text) } : { [field]: text };
}
