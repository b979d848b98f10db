/**
 * The family of the Notary Project (notation): JWS and COSE envelopes with a certificate chain, verified in the order
 * of the trust policy specification. Serves signatures, never attestations.
 */
import {
  type Claim,
  NOT_CHECKED,
  type Outcome,
  type Proof,
  type RawSignature,
  type RevocationDemand,
  type SignatureFamily,
} from '../family.ts';
import { toPublicKey } from '../keys.ts';
import { attempt, Refused } from '../refusal.ts';
import { type Link, namesPlaces } from '../revocation/status.ts';
import type { NotaryLevel, SignerMaterial } from '../signer.ts';
import { type Certificate, parseCertificate } from '../x509/certificate.ts';
import { formatName } from '../x509/name.ts';
import { demandSignature } from './algorithm.ts';
import { type Attributes, demandAttributes } from './attributes.ts';
import { demandIdentity, demandTrusted } from './authenticity.ts';
import { readCose } from './cose.ts';
import type { Envelope } from './envelope.ts';
import { demandIntegrity } from './integrity.ts';
import { readJws } from './jws.ts';
import { demandMetadata, demandTarget, type Metadata } from './payload.ts';
import { demandCodeSigningChain } from './profile.ts';
import { runSteps } from './steps.ts';
import { demandAuthenticTime, demandNotExpired, type SigningTime } from './time.ts';

const ARTIFACT = 'application/vnd.cncf.notary.signature';
const READERS: ReadonlyMap<string, (bytes: Uint8Array) => Envelope> = new Map([
  ['application/jose+json', readJws],
  ['application/cose', readCose],
]);

/** Notary Project signatures. */
export const notary: SignatureFamily = {
  name: 'notary',
  serves: ({ demands, material }) => demands.type === 'signature' && material.type === 'notation',
  layers: ({ artifactType, config, layers }) => {
    // OCI 1.1 manifests say what they are in artifactType, older ones in the type of their config.
    if ((artifactType ?? config?.mediaType) !== ARTIFACT || layers.length !== 1) return [];
    return layers.filter((layer) => READERS.has(layer.mediaType));
  },
  prove: (signature, claim) => attempt('the Notary signature', () => prove(signature, claim)),
};

function prove(raw: RawSignature, claim: Claim): Outcome {
  const { material, demands } = claim;
  if (demands.type !== 'signature') {
    throw new Refused('AttestationMissing', 'this is a signature, and an attestation is demanded');
  }
  if (material.type !== 'notation') {
    throw new Refused('UntrustedSigner', 'this is a Notary Project signature, and the TrustedKey is of another kind');
  }
  const read = READERS.get(raw.layer.mediaType);
  demandIntegrity(read !== undefined, 'the layer is neither application/jose+json nor application/cose');
  return judge(demandIntact(read(raw.payload), claim), material, claim);
}

/** An envelope whose integrity is proven: by whom is not decided yet. */
interface Intact {
  readonly envelope: Envelope;
  readonly attributes: Attributes;
  readonly chain: readonly Certificate[];
  readonly leaf: Certificate;
  readonly root: Certificate;
  readonly metadata: Metadata;
}

/** "Validate Integrity", which every level enforces. */
function demandIntact(envelope: Envelope, claim: Claim): Intact {
  const attributes = demandAttributes(envelope);
  const chain = envelope.chain.map(parseCertificate);
  const [first] = chain;
  demandIntegrity(first !== undefined, 'the envelope has no certificate');
  demandSignature(envelope, attributes.algorithm, first);
  const { leaf, root } = demandCodeSigningChain(chain);
  const metadata = demandTarget(envelope.payload, claim.subject);
  return { envelope, attributes, chain, leaf, root, metadata };
}

/** The steps that a trust level may relax, and the user's own demands, which it may not. */
function judge(intact: Intact, material: Extract<SignerMaterial, { type: 'notation' }>, claim: Claim): Proof {
  const { envelope, attributes, chain, leaf, root, metadata } = intact;
  const authority = attributes.scheme === 'notary.x509.signingAuthority';
  const steps = runSteps(material.level, {
    authenticity: () => {
      demandTrusted(chain, authority ? material.signingAuthority : material.ca, authority ? 'signingAuthority' : 'ca');
      demandIdentity(leaf, material.trustedIdentities);
      return true;
    },
    expiry: () => demandNotExpired(attributes, claim.now),
    authenticTimestamp: () => demandAuthenticTime({ envelope, attributes, chain, material, now: claim.now }),
  });
  demandMetadata(metadata, claim.annotations);
  // A signing authority that nobody trusts vouches for no time.
  const believed = !authority || steps.authenticity === true;
  const time: SigningTime = (believed ? steps.authenticTimestamp : undefined) ?? { timeSource: 'none' };
  const { fingerprint } = toPublicKey(leaf.publicKey);
  const identity = formatName(leaf.subject);
  const { holdsUntil: _, ...signed } = time;
  return {
    ok: true,
    signerId: `x509:${root.fingerprint256}:${identity}`,
    fingerprint,
    identity,
    ...signed,
    annotations: metadata,
    notes: [...steps.notes, ...revocationNote(material.level)],
    ...revocationDemand(material.level, chain),
    ...earliest([steps.authenticTimestamp?.holdsUntil, steps.expiry]),
  };
}

/** Revocation is not looked up by this family: said so wherever the level would have it looked up. */
function revocationNote(level: NotaryLevel): readonly string[] {
  return level.revocation === 'skip' ? [] : [NOT_CHECKED];
}

/** "Validate Revocation": every certificate of the chain but the root, where it names somebody to ask. */
function revocationDemand(
  { revocation: step }: NotaryLevel,
  chain: readonly Certificate[],
): { readonly revocation?: RevocationDemand } {
  if (step === 'skip') return {};
  const links = chain.flatMap((certificate, height): readonly Link[] => {
    const issuer = chain[height + 1];
    return issuer === undefined || !namesPlaces(certificate)
      ? []
      : [{ certificate: certificate.raw, issuer: issuer.raw }];
  });
  return links.length === 0 ? {} : { revocation: { step, links } };
}

function earliest(times: readonly (Date | undefined)[]): Pick<Proof, 'holdsUntil'> {
  const known = times.filter((time) => time !== undefined).map((time) => time.getTime());
  return known.length === 0 ? {} : { holdsUntil: new Date(Math.min(...known)) };
}
