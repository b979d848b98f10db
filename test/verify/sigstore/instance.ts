/**
 * A private Sigstore in this process: Fulcio, CT log, Rekor (v1 and v2) and a timestamp authority of @sigstore/mock, and
 * what signs with them. Nothing listens; nothing here is part of the product.
 */
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { TransparencyLogEntry, TrustedRoot } from '@sigstore/protobuf-specs';
import { initializeCA, initializeCTLog, initializeTLog, initializeTSA } from '@sigstore/mock';
import type { RawSignature } from '../../../src/verify/family.ts';
import type { TrustRoot } from '../../../src/verify/signer.ts';
import { rawOf } from './layout.ts';

export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

export function ecKeys(namedCurve = 'P-256'): KeyPair {
  return generateKeyPairSync('ec', { namedCurve });
}

/** What a signature can bring along; `log` takes the entries in their JSON form. */
export interface Company {
  readonly hint?: string;
  readonly certificate?: Uint8Array;
  readonly log?: readonly unknown[];
  readonly stamps?: readonly Uint8Array[];
}

/** What Rekor v1 answers (its types come with a package that only the mock has). */
interface RekorEntry {
  readonly body: string;
  readonly integratedTime: number;
  readonly logID: string;
  readonly logIndex: number;
  readonly verification: {
    readonly signedEntryTimestamp: string;
    readonly inclusionProof: {
      readonly logIndex: number;
      readonly treeSize: number;
      readonly rootHash: string;
      readonly checkpoint: string;
    };
  };
}

export type Sigstore = Awaited<ReturnType<typeof openSigstore>>;

/**
 * Opens an instance whose clocks all stand at `clock`: by default a minute from now, since the mock's roots are valid
 * from the moment of their making, whatever the clock says.
 */
export async function openSigstore({
  clock = new Date(Date.now() + 60_000),
  scts = true,
}: {
  clock?: Date;
  scts?: boolean;
} = {}) {
  const ct = await initializeCTLog(ecKeys(), clock);
  const ca = await initializeCA(ecKeys(), scts ? ct : undefined, clock);
  const rekor = await initializeTLog('https://rekor.example.com', ecKeys(), clock);
  const tsa = await initializeTSA(ecKeys(), clock);

  const log = (publicKey: Uint8Array, logId: Uint8Array) => ({
    baseUrl: 'https://rekor.example.com',
    hashAlgorithm: 'SHA2_256',
    publicKey: {
      rawBytes: base64(publicKey),
      keyDetails: 'PKIX_ECDSA_P256_SHA_256',
      validFor: { start: '2000-01-01T00:00:00Z' },
    },
    logId: { keyId: base64(logId) },
  });
  const authority = (...chain: readonly Uint8Array[]) => ({
    uri: 'https://sigstore.example.com',
    certChain: { certificates: chain.map((der) => ({ rawBytes: base64(der) })) },
    validFor: { start: '2000-01-01T00:00:00Z' },
  });
  const trustedRoot = {
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    tlogs: [log(rekor.publicKey, sha256(rekor.publicKey))],
    certificateAuthorities: [authority(bytes(ca.rootCertificate))],
    ctlogs: [log(ct.publicKey, bytes(ct.logID))],
    timestampAuthorities: [authority(bytes(tsa.intCertificate), bytes(tsa.rootCertificate))],
  };

  return {
    trustedRoot,
    trustRoot: (change: Readonly<Record<string, unknown>> = {}): TrustRoot => ({
      root: TrustedRoot.fromJSON({ ...trustedRoot, ...change }),
      id: 'instance',
    }),
    /** A Fulcio certificate. `legacy` extensions hold bare text. */
    async certificate(
      key: KeyObject,
      subjectAltName: string,
      extensions: readonly { oid: string; value: string; legacy?: boolean }[] = [],
    ): Promise<Buffer> {
      const publicKey = Buffer.from(spki(key));
      return bytes(await ca.issueCertificate({ publicKey, subjectAltName, extensions: [...extensions] }));
    },
    /** An entry of Rekor v1 in the JSON of bundles, with promise and proof, and the same in the form of annotations. */
    async logged(body: object) {
      const [entry] = Object.values((await rekor.log(body)) as Record<string, RekorEntry>);
      if (entry === undefined) throw new Error('the mock logged nothing');
      const { inclusionProof, signedEntryTimestamp } = entry.verification;
      const { kind, apiVersion } = body as { kind: string; apiVersion: string };
      const inBundle = {
        logIndex: String(entry.logIndex),
        logId: { keyId: Buffer.from(entry.logID, 'hex').toString('base64') },
        kindVersion: { kind, version: apiVersion },
        integratedTime: String(entry.integratedTime),
        inclusionPromise: { signedEntryTimestamp },
        inclusionProof: {
          logIndex: String(inclusionProof.logIndex),
          treeSize: String(inclusionProof.treeSize),
          rootHash: Buffer.from(inclusionProof.rootHash, 'hex').toString('base64'),
          hashes: [],
          checkpoint: { envelope: inclusionProof.checkpoint },
        },
        canonicalizedBody: entry.body,
      };
      const { body: canonical, integratedTime, logIndex, logID } = entry;
      const annotation = JSON.stringify({
        SignedEntryTimestamp: signedEntryTimestamp,
        Payload: { body: canonical, integratedTime, logIndex, logID },
      });
      return { inBundle, annotation };
    },
    /** An entry of Rekor v2: a proof, and no promise of a time. */
    async loggedV2(body: { readonly kind: string; readonly apiVersion: string; readonly spec: object }) {
      const entry = await rekor.logV2(body as never);
      const { integratedTime: _, ...json } = TransparencyLogEntry.toJSON({
        ...entry,
        kindVersion: { kind: body.kind, version: body.apiVersion },
      }) as Record<string, unknown>;
      // The mock's tree has one leaf.
      const proof = json.inclusionProof as Record<string, unknown>;
      return { ...json, integratedTime: '0', inclusionProof: { ...proof, logIndex: '0' } };
    },
    /** A timestamp of these bytes. */
    async stamp(stamped: Uint8Array, certReq = false): Promise<Buffer> {
      return bytes(
        await tsa.timestamp({
          artifactHash: sha256(stamped),
          hashAlgorithmOID: '2.16.840.1.101.3.4.2.1',
          nonce: 7,
          policyOID: '1.3.6.1.4.1.57264.2',
          certReq,
        }),
      );
    },
  };
}

/** An in-toto statement about this digest, as cosign 3 signs it. */
export function statement(digest: string, change: Readonly<Record<string, unknown>> = {}): Buffer {
  const hex = digest.replace('sha256:', '');
  return Buffer.from(
    JSON.stringify({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ digest: { sha256: hex }, annotations: {} }],
      predicateType: 'https://sigstore.dev/cosign/sign/v1',
      predicate: {},
      ...change,
    }),
  );
}

/** DSSE pre-authentication encoding, written a second time so that a mistake in the product's shows. */
export function pae(payload: Uint8Array, type = 'application/vnd.in-toto+json'): Buffer {
  return Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `), payload]);
}

/** A bundle in a layer. */
export function bundle(
  payload: Uint8Array,
  signature: Uint8Array,
  company: Company,
  change: Readonly<Record<string, unknown>> = {},
): RawSignature {
  const json = {
    mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    verificationMaterial: {
      ...(company.certificate === undefined
        ? { publicKey: { hint: company.hint ?? '' } }
        : { certificate: { rawBytes: base64(company.certificate) } }),
      tlogEntries: company.log ?? [],
      timestampVerificationData: {
        rfc3161Timestamps: (company.stamps ?? []).map((der) => ({ signedTimestamp: base64(der) })),
      },
    },
    dsseEnvelope: {
      payload: base64(payload),
      payloadType: 'application/vnd.in-toto+json',
      signatures: [{ sig: base64(signature) }],
    },
    ...change,
  };
  return rawOf('sigstore-bundle', 'application/vnd.dev.sigstore.bundle.v0.3+json', Buffer.from(JSON.stringify(json)));
}

/** Bodies of Rekor entries for a signature. `verifier` is PEM text or DER. */
export const BODY = {
  hashedrekord: (message: Uint8Array, signature: Uint8Array, pem: string, algorithm = 'sha256') => ({
    kind: 'hashedrekord',
    apiVersion: '0.0.1',
    spec: {
      data: { hash: { algorithm, value: createHash(algorithm).update(message).digest('hex') } },
      signature: { content: base64(signature), publicKey: { content: base64(Buffer.from(pem)) } },
    },
  }),
  dsse: (payload: Uint8Array, signature: Uint8Array, pem: string) => ({
    kind: 'dsse',
    apiVersion: '0.0.1',
    spec: {
      payloadHash: { algorithm: 'sha256', value: sha256(payload).toString('hex') },
      signatures: [{ signature: base64(signature), verifier: base64(Buffer.from(pem)) }],
    },
  }),
  intoto1: (envelope: Uint8Array, pem: string) => ({
    kind: 'intoto',
    apiVersion: '0.0.1',
    spec: {
      content: { hash: { algorithm: 'sha256', value: sha256(envelope).toString('hex') } },
      publicKey: base64(Buffer.from(pem)),
    },
  }),
  intoto2: (payload: Uint8Array, signature: Uint8Array, pem: string) => ({
    kind: 'intoto',
    apiVersion: '0.0.2',
    spec: {
      content: {
        envelope: {
          payloadType: 'application/vnd.in-toto+json',
          signatures: [{ sig: base64(Buffer.from(base64(signature))), publicKey: base64(Buffer.from(pem)) }],
        },
        payloadHash: { algorithm: 'sha256', value: sha256(payload).toString('hex') },
      },
    },
  }),
  /** Rekor v2 (rekor-tiles): what it records for a DSSE envelope is the hash of what was signed. */
  hashedrekordV2: (message: Uint8Array, signature: Uint8Array, verifier: object) => ({
    kind: 'hashedrekord',
    apiVersion: '0.0.2',
    spec: {
      hashedRekordV002: {
        data: { algorithm: 'SHA2_256', digest: base64(sha256(message)) },
        signature: { content: base64(signature), verifier },
      },
    },
  }),
  dsseV2: (payload: Uint8Array, signature: Uint8Array, verifier: object) => ({
    kind: 'dsse',
    apiVersion: '0.0.2',
    spec: {
      dsseV002: {
        payloadHash: { algorithm: 'SHA2_256', digest: base64(sha256(payload)) },
        signatures: [{ content: base64(signature), verifier }],
      },
    },
  }),
} as const;

export function pemOf(der: Uint8Array): string {
  return `-----BEGIN CERTIFICATE-----\n${(base64(der).match(/.{1,64}/g) ?? []).join('\n')}\n-----END CERTIFICATE-----\n`;
}

export function pemOfKey(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' });
}

export function spki(key: KeyObject): Uint8Array {
  return key.export({ type: 'spki', format: 'der' });
}

export function signed(
  message: Uint8Array,
  { privateKey }: Pick<KeyPair, 'privateKey'>,
  hash: string | null = 'sha256',
): Buffer {
  return sign(hash, message, privateKey);
}

export function base64(value: Uint8Array): string {
  return Buffer.from(value).toString('base64');
}

export function sha256(value: Uint8Array): Buffer {
  return createHash('sha256').update(value).digest();
}

function bytes(view: ArrayBufferView): Buffer {
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength);
}
