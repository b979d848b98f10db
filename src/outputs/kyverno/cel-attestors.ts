/**
 * Verifiers as attestors of an ImageValidatingPolicy. Owns their form and their names; an attestor that is the same is
 * declared once. Must never declare one that could vouch for more than its verifier.
 */
import { canonical } from '../canonical.ts';
import { celNames } from './names.ts';
import { NOBODY_PEM } from './nobody.ts';
import { anchoredPattern } from './pattern.ts';
import type { LogDemand, Verifier } from './verifier.ts';

type Attestor = Readonly<Record<string, unknown>>;

/** The attestors of one policy, named as they are asked for. */
export interface Attestors {
  /** CEL for the attestor: `attestors.release_2026`. */
  use(verifier: Verifier): string;
  /** All of them, `nobody` last. */
  declared(): readonly Attestor[];
}

/**
 * In every call, so that it never finds all of its attestors: only then does Kyverno remember a result, and with it a
 * tag that has moved since (pkg/cel/libs/imageverify).
 */
export const NOBODY = 'attestors.nobody';

/** An empty list. */
export function createAttestors(): Attestors {
  const names = celNames();
  const known = new Map<string, { readonly name: string; readonly attestor: Attestor }>();
  return {
    use(verifier): string {
      const attestor = attestorOf(verifier);
      const key = `${verifier.trustedKey} ${canonical(attestor)}`;
      const entry = known.get(key) ?? { name: names(verifier.trustedKey), attestor };
      known.set(key, entry);
      return `attestors.${entry.name}`;
    },
    declared: () => [...[...known.values()].map(({ name, attestor }) => ({ name, ...attestor })), nobody()],
  };
}

function nobody(): Attestor {
  const key = { data: NOBODY_PEM, hashAlgorithm: 'sha256' };
  return { name: 'nobody', cosign: { key, ctlog: WITHOUT_LOG } };
}

const WITHOUT_LOG = { insecureIgnoreTlog: true, insecureIgnoreSCT: true };

function attestorOf(verifier: Verifier): Attestor {
  switch (verifier.type) {
    case 'key': {
      const { source, hash } = verifier;
      const material = 'pem' in source ? { data: source.pem } : { kms: source.kms };
      const log = verifier.log.required ? demandedLog(verifier.log) : { ctlog: WITHOUT_LOG };
      return { cosign: { key: { ...material, hashAlgorithm: hash }, ...log, ...sourceOf(verifier) } };
    }
    case 'keyless': {
      const { issuer, issuerRegExp, subject, subjectRegExp } = verifier.identity;
      const identity = {
        ...(issuer === undefined ? {} : { issuer }),
        ...(issuerRegExp === undefined ? {} : { issuerRegExp: anchoredPattern(issuerRegExp) }),
        ...(subject === undefined ? {} : { subject }),
        ...(subjectRegExp === undefined ? {} : { subjectRegExp: anchoredPattern(subjectRegExp) }),
      };
      return { cosign: { keyless: { identities: [identity] }, ...demandedLog(verifier.log), ...sourceOf(verifier) } };
    }
    case 'notation':
      return {
        notary: {
          certs: { value: verifier.root },
          ...(verifier.tsa === undefined ? {} : { tsaCerts: { value: verifier.tsa } }),
        },
      };
    case 'certificate':
      throw new Error('a certificate of a private authority has no form in ImageValidatingPolicy');
  }
}

/** Kyverno wants an address where it demands the log; log entries are read from the signature. */
const PUBLIC_REKOR = 'https://rekor.sigstore.dev';

function demandedLog({ required, trustRoot }: LogDemand): Attestor {
  const ctlog = required ? { url: PUBLIC_REKOR } : { insecureIgnoreTlog: true };
  if (trustRoot.kind !== 'tuf') return { ctlog };
  const data = Buffer.from(trustRoot.rootJson, 'utf8').toString('base64');
  return { ctlog, tuf: { mirror: trustRoot.mirror, root: { data } } };
}

function sourceOf({ demand }: Verifier): Attestor {
  return demand.repository === undefined ? {} : { source: { repository: demand.repository } };
}
