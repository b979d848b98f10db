/**
 * Targets that prove: every family over the real fixtures, and time-stamps. A changed signature is refused, or proves
 * exactly what the unchanged one proves: same signer, identity, annotations, predicate. What accompanies a signature
 * without being covered by it (a second time-stamp, a log entry that nobody demands) may be lost, never become another.
 * And no change makes it prove a claim that it did not prove: of another image, for another key.
 */
import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { FAMILIES } from '../../src/verify/families.ts';
import type { Claim, Outcome, Proof, RawSignature, SignatureFamily } from '../../src/verify/family.ts';
import { readCose } from '../../src/verify/notary/cose.ts';
import { readJws } from '../../src/verify/notary/jws.ts';
import type { SignerMaterial } from '../../src/verify/signer.ts';
import { verifyTimestamp } from '../../src/verify/timestamp/index.ts';
import { parsePemCertificates } from '../../src/verify/x509/pem.ts';
import { digestOf } from '../support/builders.ts';
import * as notation from '../verify/notary/scene.ts';
import * as cosign from '../verify/sigstore/layout.ts';
import { mutateBytes } from './mutate-bytes.ts';
import { mutateInside, mutateJson } from './mutate-json.ts';
import { mutateCbor, mutateDer } from './mutate-tree.ts';
import type { Random } from './random.ts';
import { type AnyTarget, closed } from './target.ts';

/** The parts of a signature that whoever can write to the registry can write. */
interface Written {
  /** base64 of the layer's bytes. */
  readonly payload: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly mediaType: string;
}

interface Scene {
  readonly family: SignatureFamily;
  readonly signature: RawSignature;
  readonly claim: Claim;
  readonly proof: Proof;
  /** Claims that the signature does not prove. */
  readonly others: readonly Claim[];
}

const SLSA: Claim['demands'] = { type: 'attestation', predicateType: 'https://slsa.dev/provenance/v1' };
const KEYLESS: SignerMaterial = {
  type: 'keyless',
  identities: [cosign.identity('https://ci.example.com/org/repo@refs/heads/main', 'https://issuer.example.com')],
  transparencyLog: 'Required',
  trustRoot: cosign.trustRoot(),
};
const LOGGED: SignerMaterial = { ...cosign.keys('k1.pub'), transparencyLog: 'Required', trustRoot: cosign.trustRoot() };
const PRIVATE_CA: SignerMaterial = {
  type: 'certificate',
  roots: cosign.pkiFile('root.crt'),
  intermediates: cosign.pkiFile('inter.crt'),
  identities: [cosign.identity('signer@example.com')],
  transparencyLog: 'Ignored',
};

/** Every family, by what it is given. */
export const PROOFS: readonly AnyTarget[] = [
  family('cosign .sig by key', [
    sigstore('legacy3-annot', cosign.keys('k1.pub')),
    sigstore('legacy2-ed25519', cosign.keys('ed25519-cosign.pub')),
    sigstore('legacy3-rsa2048', cosign.keys('rsa2048-cosign.pub')),
  ]),
  family('cosign .sig by key, logged', [sigstore('legacy2-k1-tlog', LOGGED)]),
  family('cosign .sig by certificate', [sigstore('legacy3-cert', PRIVATE_CA)]),
  family('cosign .sig keyless', [sigstore('keyless3-legacy', KEYLESS)]),
  family('cosign .att', [sigstore('attest2-slsa1', cosign.keys('k1.pub'), SLSA)]),
  family('bundles by key', [
    sigstore('bundle3-annot', cosign.keys('k1.pub')),
    sigstore('attest3-slsa1', cosign.keys('k1.pub'), SLSA),
    sigstore('bundle3-p384', cosign.keys('p384-cosign.pub')),
  ]),
  family('bundles by key, logged', [sigstore('bundle3-k1-tlog', LOGGED)]),
  family('bundles by certificate', [sigstore('bundle3-cert', PRIVATE_CA)]),
  family('bundles keyless', [
    sigstore('keyless3', KEYLESS),
    sigstore('keyless3-tsa', KEYLESS),
    sigstore('keyless3-attest', KEYLESS, SLSA),
  ]),
  family('Notary JWS', [notary('notation-jws'), notary('notation-jws-rsa'), notary('notation-jws-tsa')]),
  family('Notary COSE', [notary('notation-cose'), notary('notation-cose-expiry')]),
  reader('JWS envelopes', [notary('notation-jws'), notary('notation-jws-tsa')], mutateJson, readJws),
  reader('COSE envelopes (CBOR)', [notary('notation-cose'), notary('notation-cose-expiry')], mutateCbor, readCose),
  timestamps(),
];

function family(name: string, scenes: readonly Scene[]): AnyTarget {
  const seeds = scenes.map((scene) => writtenOf(scene.signature));
  const known = new Map(seeds.map((seed, at) => [seed, { ...scenes[at]!, times: timesOf(scenes[at]!.proof) }]));
  return closed<Written>({
    name,
    seeds,
    mutate: (input, random) => mutateWritten(input, seeds, random),
    check(input, seed) {
      const scene = known.get(seed)!;
      const signature = signatureOf(input, scene.signature);
      demandSameProof(scene.family.prove(signature, scene.claim), scene);
      for (const other of scene.others) {
        if (scene.family.prove(signature, other).ok)
          throw new Error('proves a claim that the signature does not prove');
      }
    },
  });
}

function demandSameProof(
  outcome: Outcome,
  { proof, times }: Scene & { readonly times: ReadonlySet<number | undefined> },
): void {
  if (!outcome.ok) {
    if (outcome.message.length > 1024) throw new Error('an endless message');
    return;
  }
  if (!isDeepStrictEqual(substance(outcome), substance(proof))) {
    throw new Error(
      `proves ${JSON.stringify(substance(outcome))} where the original proves ${JSON.stringify(substance(proof))}`,
    );
  }
  if (!times.has(secondsOf(outcome)))
    throw new Error(`another time of signing: ${String(outcome.signedAt?.toISOString())}`);
  // Without the log's promise the index is that of the inclusion proof; the fixtures' log has one leaf.
  if (![undefined, '0', proof.logIndex].includes(outcome.logIndex))
    throw new Error(`another place in the log: ${outcome.logIndex}`);
}

/** What a proof says of who signed what. */
function substance({
  notes: _notes,
  signedAt: _signedAt,
  timeSource: _source,
  logIndex: _logIndex,
  holdsUntil: _until,
  ...rest
}: Proof): object {
  return rest;
}

/** Log and time-stamp of the fixtures lie within one second; which of them counts may turn, or neither may be left. */
function timesOf(proof: Proof): ReadonlySet<number | undefined> {
  return new Set([undefined, secondsOf(proof)]);
}

function secondsOf({ signedAt }: Proof): number | undefined {
  return signedAt === undefined ? undefined : Math.floor(signedAt.getTime() / 1000);
}

function mutateWritten(input: Written, seeds: readonly Written[], random: Random): Written {
  const names = Object.keys(input.annotations);
  const other = random.pick(seeds);
  switch (random.below(names.length === 0 ? 12 : 16)) {
    case 0:
      return { ...input, mediaType: other.mediaType };
    case 1:
      return { ...input, payload: other.payload };
    case 2:
      return { ...input, annotations: { ...input.annotations, ...other.annotations } };
    case 12:
    case 13:
    case 14:
    case 15: {
      const name = random.pick(names);
      const { [name]: value = '', ...rest } = input.annotations;
      return { ...input, annotations: random.oneIn(8) ? rest : { ...rest, [name]: mutateInside(value, random) } };
    }
    default: {
      const bytes = Buffer.from(input.payload, 'base64');
      const mutate = random.oneIn(5) ? mutateBytes : bytes[0] === 0xd2 ? mutateCbor : mutateJson;
      return { ...input, payload: mutate(bytes, random).toString('base64') };
    }
  }
}

function writtenOf({ payload, layer }: RawSignature): Written {
  return {
    payload: Buffer.from(payload).toString('base64'),
    annotations: layer.annotations ?? {},
    mediaType: layer.mediaType,
  };
}

function signatureOf({ payload, annotations, mediaType }: Written, original: RawSignature): RawSignature {
  const bytes = Buffer.from(payload, 'base64');
  return { ...original, payload: bytes, layer: { ...original.layer, annotations, mediaType, size: bytes.length } };
}

function sigstore(fixture: string, material: SignerMaterial, demands: Claim['demands'] = { type: 'signature' }): Scene {
  const { subject, signatures } = cosign.openFixture(fixture);
  const claim = cosign.claimOn(subject, material, { demands });
  const foreign: SignerMaterial =
    material.type === 'publicKey'
      ? { ...material, keys: cosign.keys('other.pub').keys }
      : ({
          ...material,
          identities: [cosign.identity('https://ci.example.com/org/other@refs/heads/main')],
        } as SignerMaterial);
  return sceneOf(fixture, signatures[0], claim, foreign);
}

function notary(fixture: string): Scene {
  const { subject, signatures } = notation.openFixture(fixture);
  const more = fixture.endsWith('-tsa') ? { tsa: notation.pkiFile('root.crt') } : {};
  const claim = notation.claimOn(subject, more);
  return sceneOf(fixture, signatures[0], claim, notation.material({ ...more, ca: notation.pkiFile('root2.crt') }));
}

function sceneOf(fixture: string, signature: RawSignature | undefined, claim: Claim, foreign: SignerMaterial): Scene {
  const owner = FAMILIES.find(({ name }) => name === signature?.family);
  if (signature === undefined || owner === undefined) throw new Error(`fixture ${fixture} holds no signature`);
  const proof = owner.prove(signature, claim);
  if (!proof.ok) throw new Error(`fixture ${fixture} is to prove, and is refused: ${proof.message}`);
  const demands: Claim['demands'] = claim.demands.type === 'signature' ? SLSA : { type: 'signature' };
  const others = [
    { ...claim, subject: { ...claim.subject, digest: digestOf('f') } },
    { ...claim, material: foreign },
    { ...claim, demands },
    { ...claim, annotations: { env: 'staging' } },
  ];
  return { family: owner, signature, claim, proof, others };
}

/** A reader of an envelope may throw what it likes: the family turns it into a refusal. It must end, and in time. */
function reader(
  name: string,
  scenes: readonly Scene[],
  mutate: (input: Buffer, random: Random) => Buffer,
  read: (bytes: Uint8Array) => object,
): AnyTarget {
  const seeds = scenes.map(({ signature }) => Buffer.from(signature.payload));
  return closed<Buffer>({
    name,
    seeds,
    mutate,
    check(input) {
      try {
        read(input);
      } catch (error) {
        // Exhausted memory or stack is no way to say no.
        if (!(error instanceof Error) || error instanceof RangeError) throw error;
      }
    },
  });
}

function timestamps(): AnyTarget {
  const { timestamp, signature } = readJws(notary('notation-jws-tsa').signature.payload);
  const roots = parsePemCertificates(readFileSync(new URL('../fixtures/keys/pki/root.crt', import.meta.url), 'utf8'));
  const ask = (token: Uint8Array) => verifyTimestamp({ token, message: signature, roots });
  const original = ask(timestamp!);
  if (!original.ok) throw new Error(`the fixture's time-stamp is refused: ${original.message}`);
  return closed<Buffer>({
    name: 'time-stamp tokens',
    seeds: [Buffer.from(timestamp!)],
    mutate: mutateDer,
    check(input) {
      const found = ask(input);
      if (!found.ok) return;
      if (found.time.getTime() !== original.time.getTime() || found.accuracyMs !== original.accuracyMs)
        throw new Error('another time');
      if (found.boundBy !== original.boundBy) throw new Error('another binding');
    },
  });
}
