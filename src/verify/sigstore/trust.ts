/**
 * A Sigstore trusted root, prepared once: keys parsed, authorities split into roots and intermediates.
 * Owns the preparation and its memory; must never judge anything.
 */
import type { CertificateAuthority, TimeRange, TrustedRoot } from '@sigstore/protobuf-specs';
import { Refused } from '../refusal.ts';
import type { TrustRoot } from '../signer.ts';
import type { Certificate } from '../x509/certificate.ts';
import { parseCertificate } from '../x509/certificate.ts';
import { type TrustMaterial, toTrustMaterial } from './library.ts';

/** A certificate authority of a trusted root, trusted for signatures made between `start` and `end`. */
export interface Authority {
  readonly root: Certificate;
  readonly intermediates: readonly Certificate[];
  readonly start: Date;
  readonly end: Date;
}

/** A trusted root, ready for use. */
export interface PreparedTrust {
  readonly library: TrustMaterial;
  readonly fulcio: readonly Authority[];
  readonly timestamping: readonly Authority[];
}

const prepared = new WeakMap<TrustedRoot, PreparedTrust>();

/** Prepares a trusted root, once per object. Refuses with TrustRootUnavailable (unknown) where it cannot be used. */
export function prepareTrust(trustRoot: TrustRoot): PreparedTrust {
  const known = prepared.get(trustRoot.root);
  if (known !== undefined) return known;
  const fresh = prepare(trustRoot.root);
  prepared.set(trustRoot.root, fresh);
  return fresh;
}

function prepare(root: TrustedRoot): PreparedTrust {
  try {
    const library = toTrustMaterial(root, () => {
      throw new Error('keys are found by us');
    });
    demandStarts([...root.tlogs, ...root.ctlogs].map((log) => log.publicKey?.validFor));
    demandStarts([...root.certificateAuthorities, ...root.timestampAuthorities].map((authority) => authority.validFor));
    return {
      library,
      fulcio: root.certificateAuthorities.flatMap(toAuthority),
      timestamping: root.timestampAuthorities.flatMap(toAuthority),
    };
  } catch (error) {
    throw new Refused(
      'TrustRootUnavailable',
      `the trusted root cannot be used: ${error instanceof Error ? error.message : 'unreadable'}`,
    );
  }
}

/** sigstore_common.proto, TimeRange: a range without a start is malformed, and never one without bounds. */
function demandStarts(ranges: readonly (TimeRange | undefined)[]): void {
  if (ranges.some((range) => range !== undefined && range.start === undefined))
    throw new Error('validFor has no start');
}

const BEGINNING = new Date(0);
const END = new Date(8_640_000_000_000_000);

/** The last certificate of the chain is the anchor, self-signed or not (protobuf-specs, CertificateAuthority.cert_chain). */
function toAuthority(authority: CertificateAuthority): Authority[] {
  const chain = (authority.certChain?.certificates ?? []).map((certificate) => parseCertificate(certificate.rawBytes));
  const root = chain.at(-1);
  if (root === undefined) return [];
  return [
    {
      root,
      intermediates: chain.slice(0, -1),
      start: authority.validFor?.start ?? BEGINNING,
      end: authority.validFor?.end ?? END,
    },
  ];
}
