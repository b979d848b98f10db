/**
 * A TUF repository on loopback that lives: made with the library's own models, signed anew, rotated, expired, rolled back
 * and broken as a test wants it. `tuf-repository.ts` beside it stands still, for those who only need one.
 */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Key, Metadata, MetaFile, Root, Signature, Snapshot, TargetFile, Targets, Timestamp } from '@tufjs/models';
import { canonicalize } from '@tufjs/canonical-json';
import { sha256 } from './registry-store.ts';

const ROLES = ['root', 'timestamp', 'snapshot', 'targets'] as const;

export interface TufSigner {
  readonly key: Key;
  readonly privateKey: KeyObject;
}

export function tufSigner(): TufSigner {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const keyVal = { public: publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex') };
  const keyID = sha256(JSON.stringify(keyVal)).slice('sha256:'.length);
  return { key: new Key({ keyID, keyType: 'ed25519', scheme: 'ed25519', keyVal }), privateKey };
}

export interface Publication {
  /** Text of trusted_root.json; as before where absent. */
  readonly trustedRoot?: string;
  /** Days from now until the metadata expire, below zero: they have. Default 10. */
  readonly days?: number;
  /** The same for root.json, where a new one is signed. */
  readonly rootDays?: number;
  /** Who signs from now on, and whether the change of hands is signed by who signed before. */
  readonly by?: TufSigner;
  readonly unannounced?: boolean;
}

export interface LivingTuf extends AsyncDisposable {
  readonly mirror: string;
  /** The initial root.json. */
  readonly rootJson: string;
  /** Paths that were asked for, in order. */
  readonly requests: string[];
  /** Everything that is served, by path: a copy of it can be put back. */
  readonly files: Map<string, string>;
  publish(change: Publication): void;
  /** Answers instead of the files, until it is undefined again. */
  handler: RequestListener | undefined;
  /** Nobody listens any more, until `open`. */
  close(): Promise<void>;
  open(): Promise<void>;
}

export async function startLivingTuf(trustedRoot: string, first: Publication = {}): Promise<LivingTuf> {
  const files = new Map<string, string>();
  const repository = createRepository(files, first.by ?? tufSigner());
  repository.publish({ trustedRoot, ...first });
  let port = 0;
  const requests: string[] = [];
  let server = createServer();
  const open = async (): Promise<void> => {
    server = createServer((request, response) => {
      requests.push(request.url ?? '/');
      if (living.handler !== undefined) return living.handler(request, response);
      const body = files.get(request.url ?? '/');
      response.writeHead(body === undefined ? 404 : 200).end(body);
    });
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    ({ port } = server.address() as AddressInfo);
  };
  const close = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  };
  const living: LivingTuf = {
    get mirror() {
      return `http://127.0.0.1:${port}`;
    },
    rootJson: files.get('/1.root.json') ?? '',
    requests,
    files,
    publish: repository.publish,
    handler: undefined,
    open,
    close,
    [Symbol.asyncDispose]: close,
  };
  await open();
  return living;
}

function createRepository(files: Map<string, string>, first: TufSigner): { publish: (change: Publication) => void } {
  let signer = first;
  let rootVersion = 0;
  let version = 0;
  let target = '';
  const publish = ({ trustedRoot = target, days = 10, rootDays = 100, by, unannounced }: Publication): void => {
    target = trustedRoot;
    version += 1;
    if (rootVersion === 0 || by !== undefined) {
      const hands = by === undefined || unannounced === true ? [by ?? signer] : [signer, by];
      signer = by ?? signer;
      rootVersion += 1;
      files.set(`/${rootVersion}.root.json`, rootText(rootVersion, signer, { hands, days: rootDays }));
    }
    const common = { version, specVersion: '1.0.31', expires: inDays(days) };
    const name = `/targets/${sha256(target).slice('sha256:'.length)}.trusted_root.json`;
    const listed = new TargetFile({ path: 'trusted_root.json', ...described(target) });
    const targets = signed(new Targets({ ...common, targets: { 'trusted_root.json': listed } }), [signer]);
    const meta = { 'targets.json': new MetaFile({ version, ...described(targets) }) };
    const snapshot = signed(new Snapshot({ ...common, meta }), [signer]);
    const snapshotMeta = new MetaFile({ version, ...described(snapshot) });
    files.set(name, target);
    files.set(`/${version}.targets.json`, targets);
    files.set(`/${version}.snapshot.json`, snapshot);
    files.set('/timestamp.json', signed(new Timestamp({ ...common, snapshotMeta }), [signer]));
  };
  return { publish };
}

function rootText(
  version: number,
  signer: TufSigner,
  { hands, days }: { readonly hands: readonly TufSigner[]; readonly days: number },
): string {
  const root = new Root({ version, specVersion: '1.0.31', expires: inDays(days), consistentSnapshot: true });
  for (const role of ROLES) root.addKey(signer.key, role);
  return signed(root, hands);
}

function signed(content: Root | Timestamp | Snapshot | Targets, hands: readonly TufSigner[]): string {
  const metadata = new Metadata(content);
  const bytes = Buffer.from(canonicalize(content.toJSON()));
  for (const { key, privateKey } of hands) {
    const sig = sign(null, bytes, privateKey).toString('hex');
    metadata.sign(() => new Signature({ keyID: key.keyID, sig }));
  }
  return JSON.stringify(metadata.toJSON());
}

function described(text: string): { readonly length: number; readonly hashes: Record<string, string> } {
  return { length: Buffer.byteLength(text), hashes: { sha256: sha256(text).slice('sha256:'.length) } };
}

function inDays(days: number): string {
  return new Date(Math.floor(Date.now() / 1000 + days * 86_400) * 1000).toISOString().replace('.000', '');
}
