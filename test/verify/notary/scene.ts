/** Notary signatures of the fixtures, straight from the blobs of their OCI layouts, and envelopes made here to order. */
import { constants, createHash, sign } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { encode, Token, Type } from 'cborg';
import type { Digest } from '../../../src/core/digest.ts';
import type { Descriptor, Manifest } from '../../../src/registry/source.ts';
import type { Claim, RawSignature, Subject } from '../../../src/verify/family.ts';
import { notary } from '../../../src/verify/notary/index.ts';
import type { NotaryLevel, SignerMaterial } from '../../../src/verify/signer.ts';
import { parsePemCertificates } from '../../../src/verify/x509/pem.ts';
import { CA, type Issued, openPki, type Pki } from '../../support/pki.ts';

export type NotationMaterial = Extract<SignerMaterial, { type: 'notation' }>;

const FIXTURES = new URL('../../fixtures/', import.meta.url);
const IMAGE = 'application/vnd.oci.image.manifest.v1+json';

export const NOW = new Date('2026-11-21T12:00:00Z');
export const STRICT: NotaryLevel = {
  name: 'strict',
  authenticity: 'enforce',
  authenticTimestamp: 'enforce',
  expiry: 'enforce',
  revocation: 'enforce',
};
export const PERMISSIVE: NotaryLevel = {
  ...STRICT,
  name: 'permissive',
  authenticTimestamp: 'log',
  expiry: 'log',
  revocation: 'log',
};
export const AUDIT: NotaryLevel = { ...PERMISSIVE, name: 'audit', authenticity: 'log' };
export const TEST_IDENTITY = {
  shown: 'x509.subject: C=US, ST=WA, O=Test',
  attributes: new Map([
    ['C', 'US'],
    ['ST', 'WA'],
    ['O', 'Test'],
  ]),
};

export const pkiFile = (name: string) =>
  parsePemCertificates(readFileSync(new URL(`keys/pki/${name}`, FIXTURES), 'utf8'));

export function material(more: Partial<NotationMaterial> = {}): NotationMaterial {
  return {
    type: 'notation',
    ca: pkiFile('root.crt'),
    signingAuthority: [],
    tsa: [],
    trustedIdentities: [TEST_IDENTITY],
    level: STRICT,
    verifyTimestamp: 'always',
    ...more,
  };
}

export function claimOn(subject: Subject, more: Partial<NotationMaterial> = {}, rest: Partial<Claim> = {}): Claim {
  return { subject, demands: { type: 'signature' }, material: material(more), annotations: {}, now: NOW, ...rest };
}

export interface Fixture {
  readonly subject: Subject;
  readonly signatures: readonly RawSignature[];
}

/** The image of a fixture (tag v1) and every Notary signature in its layout. */
export function openFixture(name: string): Fixture {
  const folder = new URL(`${name}/`, FIXTURES);
  const index = JSON.parse(readFileSync(new URL('index.json', folder), 'utf8')) as { manifests: Descriptor[] };
  const image = index.manifests.find((entry) => entry.annotations['org.opencontainers.image.ref.name'] === 'v1');
  if (image === undefined) throw new Error(`fixture ${name} has no tag v1`);
  const blobs = new Map(
    readdirSync(new URL('blobs/sha256/', folder)).map((hex) => [
      `sha256:${hex}`,
      readFileSync(new URL(`blobs/sha256/${hex}`, folder)),
    ]),
  );
  const signatures = [...blobs].flatMap(([digest, bytes]) => signaturesIn(digest as Digest, bytes, blobs));
  return { subject: { digest: image.digest, mediaType: image.mediaType, size: image.size }, signatures };
}

function signaturesIn(digest: Digest, bytes: Buffer, blobs: ReadonlyMap<string, Buffer>): readonly RawSignature[] {
  const manifest = manifestIn(digest, bytes);
  return (manifest === undefined ? [] : notary.layers(manifest)).map((layer) => ({
    family: notary.name,
    place: { repository: 'registry.example.com/app', via: 'referrers-tag', manifest: digest, blob: layer.digest },
    layer,
    manifest: manifest!,
    payload: blobs.get(layer.digest)!,
  }));
}

function manifestIn(digest: Digest, bytes: Buffer): Manifest | undefined {
  if (bytes[0] !== 0x7b || !bytes.includes('"layers"')) return undefined;
  const { mediaType = IMAGE, artifactType, config, layers } = JSON.parse(bytes.toString()) as Partial<Manifest>;
  return {
    digest,
    mediaType,
    bytes,
    layers: layers ?? [],
    manifests: [],
    annotations: {},
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(config === undefined ? {} : { config }),
  };
}

/** A signature around these bytes. */
export function rawOf(payload: Uint8Array, mediaType = 'application/jose+json'): RawSignature {
  const digest: Digest = `sha256:${createHash('sha256').update(payload).digest('hex')}`;
  const layer = { mediaType, digest, size: payload.length, annotations: {} };
  const manifest = {
    digest,
    mediaType: IMAGE,
    bytes: new Uint8Array(),
    layers: [layer],
    manifests: [],
    annotations: {},
  };
  return {
    family: 'notary',
    place: { repository: 'registry.example.com/app', via: 'referrers-api', manifest: digest, blob: digest },
    layer,
    manifest,
    payload,
  };
}

export const SUBJECT: Subject = { digest: `sha256:${'ab'.repeat(32)}`, mediaType: IMAGE, size: 1234 };
export const CODE = ['keyUsage=critical,digitalSignature', 'extendedKeyUsage=codeSigning'] as const;

/** What an envelope is made of; every part can be replaced. */
export interface Recipe {
  readonly target?: unknown;
  readonly payload?: string;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly chain?: readonly Issued[];
  readonly signer?: Issued;
  /** Unprotected headers beside the certificates. */
  readonly header?: Readonly<Record<string, unknown>>;
  readonly envelope?: Readonly<Record<string, unknown>>;
  readonly mend?: (text: string) => string;
}

const N = 'io.cncf.notary.';
export const SCHEME = `${N}signingScheme`;
export const SIGNING_TIME = `${N}signingTime`;
export const AUTHENTIC_TIME = `${N}authenticSigningTime`;
export const EXPIRY = `${N}expiry`;

/** A PKI of one root and one signer, and what makes envelopes with it. */
export function openWorkshop() {
  const pki: Pki = openPki();
  const root = pki.issue({ subject: '/C=US/ST=WA/O=Test/CN=Root', extensions: CA });
  const signer = pki.issue({ subject: '/C=US/ST=WA/O=Test/CN=Signer', extensions: CODE, issuer: root });

  function jws(recipe: Recipe = {}): Uint8Array {
    const by = recipe.signer ?? signer;
    const headers = {
      alg: 'ES256',
      cty: 'application/vnd.cncf.notary.payload.v1+json',
      crit: [SCHEME],
      [SCHEME]: 'notary.x509',
      [SIGNING_TIME]: '2026-11-21T10:00:00Z',
      ...recipe.headers,
    };
    const mend = recipe.mend ?? ((text: string) => text);
    const encoded = Buffer.from(mend(JSON.stringify(headers))).toString('base64url');
    const payload = Buffer.from(payloadOf(recipe)).toString('base64url');
    const signature = signBytes(Buffer.from(`${encoded}.${payload}`), by).toString('base64url');
    const x5c = (recipe.chain ?? [by, root]).map(({ certificate }) => Buffer.from(certificate.raw).toString('base64'));
    return Buffer.from(
      JSON.stringify({ payload, protected: encoded, header: { x5c, ...recipe.header }, signature, ...recipe.envelope }),
    );
  }

  function cose(
    recipe: {
      readonly target?: unknown;
      readonly headers?: readonly (readonly [unknown, unknown])[];
      readonly unprotected?: readonly (readonly [unknown, unknown])[];
    } = {},
  ): Uint8Array {
    const headers = new Map<unknown, unknown>([
      [1, -7],
      [2, [SCHEME]],
      [3, 'application/vnd.cncf.notary.payload.v1+json'],
      [SCHEME, 'notary.x509'],
      [SIGNING_TIME, new Date('2026-11-21T10:00:00Z')],
      ...(recipe.headers ?? []),
    ]);
    const encoded = toCbor(headers);
    const payload = Buffer.from(payloadOf(recipe));
    const signature = signBytes(toCbor(['Signature1', encoded, new Uint8Array(), payload]), signer);
    const unprotected = new Map<unknown, unknown>([
      [33, [signer, root].map(({ certificate }) => certificate.raw)],
      ...(recipe.unprotected ?? []),
    ]);
    return Buffer.concat([Uint8Array.of(0xd2), toCbor([encoded, unprotected, payload, signature])]);
  }

  const trust = (more: Partial<NotationMaterial> = {}, rest: Partial<Claim> = {}) =>
    claimOn(SUBJECT, { ca: [root.certificate], ...more }, rest);
  return { pki, root, signer, jws, cose, trust, dispose: () => pki.dispose() };
}

function payloadOf(recipe: { readonly target?: unknown; readonly payload?: string }): string {
  return recipe.payload ?? JSON.stringify({ targetArtifact: recipe.target ?? SUBJECT });
}

function signBytes(bytes: Uint8Array, { key }: Issued): Buffer {
  if (key.asymmetricKeyType === 'ec') {
    const hash = { prime256v1: 'sha256', secp384r1: 'sha384', secp521r1: 'sha512' }[
      key.asymmetricKeyDetails?.namedCurve ?? ''
    ];
    return sign(hash ?? 'sha256', bytes, { key, dsaEncoding: 'ieee-p1363' });
  }
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  const hash = bits > 3072 ? 'sha512' : bits > 2048 ? 'sha384' : 'sha256';
  return sign(hash, bytes, {
    key,
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
  });
}

/** CBOR with Dates as tag 1. */
function toCbor(value: unknown): Uint8Array {
  const date = (found: Date) => [new Token(Type.tag, 1), new Token(Type.uint, Math.floor(found.getTime() / 1000))];
  return encode(value, { typeEncoders: { Date: date } });
}
