/**
 * A private Sigstore on loopback for the real cosign: Fulcio (v2), Rekor (v1) and a timestamp authority, of
 * @sigstore/mock and openssl, behind the HTTP that cosign speaks. Owns the servers and the files that point to them.
 */
import { createHash, generateKeyPairSync } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fulcioHandler, initializeCA, initializeCTLog, initializeTLog } from '@sigstore/mock';
import { CA, openPki, TSA } from '../support/pki.ts';
import type { Lab } from './lab.ts';
import { startTimestampAuthority } from './timestamp-authority.ts';

export interface PrivateSigstore {
  /** trusted_root.json of this instance. */
  readonly trustedRoot: string;
  /** Fulcio and Rekor, and the timestamp authority, for signers without a signing config. */
  readonly url: string;
  readonly timestampUrl: string;
  /** Services that a signer uses: with the log, with log and timestamps, with timestamps alone. */
  readonly services: Readonly<Record<Services, string>>;
  /** A file with an identity token; a claim `email` counts only with `email_verified`. */
  token(claims: Claims): Promise<string>;
  stop(): Promise<void>;
}

/** Claims of an identity token. */
export type Claims = Readonly<Record<string, string | boolean>>;
export type Services = 'log' | 'log and timestamps' | 'timestamps';

const ecKeys = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const bytes = (view: ArrayBufferView): Buffer => Buffer.from(view.buffer, view.byteOffset, view.byteLength);
const base64 = (view: Uint8Array): string => Buffer.from(view).toString('base64');
const sha256 = (data: Uint8Array | string): Buffer => createHash('sha256').update(data).digest();

/** Starts the instance and writes its files into the lab's folder. */
export async function startPrivateSigstore(lab: Lab, cosign: string): Promise<PrivateSigstore> {
  const ct = await initializeCTLog(ecKeys());
  const ca = await initializeCA(ecKeys(), ct);
  const rekor = await initializeTLog('https://rekor.example.com', ecKeys());
  const folder = join(lab.folder, 'sigstore');
  await mkdir(folder);
  const pki = openPki();
  const stampRoot = pki.issue({ subject: '/O=Test/CN=timestamp root', extensions: CA });
  const stamper = pki.issue({ subject: '/O=Test/CN=timestamps', extensions: TSA, issuer: stampRoot });
  const timestamps = await startTimestampAuthority(stamper, folder);

  const fulcio = fulcioHandler(ca);
  const server = await serve(async ({ url, body, authorization }) => {
    if (url === fulcio.path) {
      const request = {
        ...JSON.parse(body),
        credentials: { oidcIdentityToken: authorization.replace(/^Bearer /, '') },
      };
      const answer = await fulcio.fn(JSON.stringify(request));
      // cosign takes 200 and nothing else from Fulcio.
      return { status: answer.statusCode === 201 ? 200 : answer.statusCode, body: textOf(answer.response) };
    }
    if (url !== '/api/v1/log/entries') return { status: 404, body: '{}' };
    const entry = await rekor.log(canonical(JSON.parse(body) as ProposedEntry));
    const [uuid = ''] = Object.keys(entry);
    return { status: 201, body: JSON.stringify(entry), headers: { etag: uuid, location: `${url}/${uuid}` } };
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const log = (publicKey: Uint8Array, id: Uint8Array) => ({
    baseUrl: 'https://rekor.example.com',
    hashAlgorithm: 'SHA2_256',
    publicKey: {
      rawBytes: base64(publicKey),
      keyDetails: 'PKIX_ECDSA_P256_SHA_256',
      validFor: { start: '2000-01-01T00:00:00Z' },
    },
    logId: { keyId: base64(id) },
  });
  const authority = (...chain: readonly Uint8Array[]) => ({
    uri: 'https://sigstore.example.com',
    subject: { organization: 'Test', commonName: 'Test' },
    certChain: { certificates: chain.map((der) => ({ rawBytes: base64(der) })) },
    validFor: { start: '2000-01-01T00:00:00Z' },
  });
  const trustedRoot = join(folder, 'trusted_root.json');
  const root = {
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    tlogs: [log(rekor.publicKey, sha256(rekor.publicKey))],
    certificateAuthorities: [authority(bytes(ca.rootCertificate))],
    ctlogs: [log(ct.publicKey, bytes(ct.logID))],
    timestampAuthorities: [authority(stamper.certificate.raw, stampRoot.certificate.raw)],
  };
  await writeFile(trustedRoot, JSON.stringify(root));

  const service = (at: string) => `url=${at},api-version=1,start-time=2020-01-01T00:00:00Z,operator=test`;
  const withLog = ['--rekor', service(url), '--rekor-config', 'ANY'];
  const withStamps = ['--tsa', service(timestamps.url), '--tsa-config', 'ANY'];
  const services = async (name: string, args: readonly string[]): Promise<string> => {
    const out = join(folder, `${name}.json`);
    await lab.must(cosign, ['signing-config', 'create', '--fulcio', service(url), ...args, '--out', out]);
    return out;
  };
  let tokens = 0;
  return {
    trustedRoot,
    url,
    timestampUrl: timestamps.url,
    services: {
      log: await services('log', withLog),
      'log and timestamps': await services('both', [...withLog, ...withStamps]),
      timestamps: await services('timestamps', withStamps),
    },
    token: async (claims) => {
      tokens += 1;
      const file = join(folder, `token-${tokens}`);
      const now = Math.floor(Date.now() / 1000);
      const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
      // Nobody here checks the signature of a token: the instance believes what it is told.
      const token = [part({ alg: 'none' }), part({ aud: 'sigstore', iat: now, exp: now + 600, ...claims }), 'none'];
      await writeFile(file, token.join('.'));
      return file;
    },
    stop: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await Promise.all([closed, timestamps.stop()]);
      pki.dispose();
    },
  };
}

function textOf(answer: unknown): string {
  return typeof answer === 'string' ? answer : JSON.stringify(answer);
}

interface ProposedEntry {
  readonly kind: string;
  readonly apiVersion: string;
  readonly spec: { readonly proposedContent?: { readonly envelope: string; readonly verifiers: readonly string[] } };
}

/** What Rekor v1 logs of a proposed DSSE entry (rekor, pkg/types/dsse): hashes, and signatures with their verifiers. */
function canonical(entry: ProposedEntry): object {
  const { proposedContent } = entry.spec;
  if (entry.kind !== 'dsse' || proposedContent === undefined) return entry;
  const envelope = JSON.parse(proposedContent.envelope) as { payload: string; signatures: readonly { sig: string }[] };
  const hashOf = (data: Uint8Array | string) => ({ algorithm: 'sha256', value: sha256(data).toString('hex') });
  const signatures = envelope.signatures.map(({ sig }, index) => ({
    signature: sig,
    verifier: proposedContent.verifiers[index] ?? '',
  }));
  const payloadHash = hashOf(Buffer.from(envelope.payload, 'base64'));
  const envelopeHash = hashOf(proposedContent.envelope);
  return { kind: 'dsse', apiVersion: '0.0.1', spec: { envelopeHash, payloadHash, signatures } };
}

interface Asked {
  readonly url: string;
  readonly body: string;
  readonly authorization: string;
}

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

async function serve(answer: (asked: Asked) => Promise<Answer>): Promise<Server> {
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    const {
      status,
      headers = {},
      body: text,
    } = await answer({
      url: request.url ?? '/',
      body,
      authorization: request.headers.authorization ?? '',
    });
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text);
  };
  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
