/**
 * A TUF repository on loopback (TUF specification 1.0, consistent snapshots), as one runs beside a private Sigstore: all
 * four roles by one key, and the targets that it is given. Both generations of go-tuf read it.
 */
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface TufRepository extends AsyncDisposable {
  readonly mirror: string;
  /** The initial root.json, which clients are given beforehand. */
  readonly rootJson: string;
  /** Paths that were asked for, in order. */
  readonly requests: readonly string[];
}

const ROLES = ['root', 'timestamp', 'snapshot', 'targets'] as const;
const EXPIRES = '2099-01-01T00:00:00Z';

/** Serves these targets, by name. */
export async function startTufRepository(targets: Readonly<Record<string, string>>): Promise<TufRepository> {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const files = filesOf(targets, publicKey, privateKey);
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    requests.push(path);
    const body = files.get(path.replace(/^\/targets\/[0-9a-f]+\./, '/targets/'));
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/octet-stream' }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    mirror: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    rootJson: files.get('/1.root.json') ?? '',
    requests,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

function filesOf(
  targets: Readonly<Record<string, string>>,
  publicKey: KeyObject,
  privateKey: KeyObject,
): ReadonlyMap<string, string> {
  // The last 32 bytes of an Ed25519 SubjectPublicKeyInfo are the key (RFC 8410, 4).
  const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
  const key = { keytype: 'ed25519', keyval: { public: raw.toString('hex') }, scheme: 'ed25519' };
  const keyid = createHash('sha256').update(canonical(key)).digest('hex');
  const signed = (type: string, fields: object): string => {
    const content = { _type: type, spec_version: '1.0', version: 1, expires: EXPIRES, ...fields };
    const sig = sign(null, Buffer.from(canonical(content)), privateKey).toString('hex');
    return canonical({ signed: content, signatures: [{ keyid, sig }] });
  };
  const root = signed('root', {
    consistent_snapshot: true,
    keys: { [keyid]: key },
    roles: Object.fromEntries(ROLES.map((role) => [role, { keyids: [keyid], threshold: 1 }])),
  });
  const described = Object.entries(targets).map(([name, text]) => [name, describe(text)]);
  const listed = signed('targets', { targets: Object.fromEntries(described) });
  const snapshot = signed('snapshot', { meta: { 'targets.json': { version: 1, ...describe(listed) } } });
  const timestamp = signed('timestamp', { meta: { 'snapshot.json': { version: 1, ...describe(snapshot) } } });
  return new Map([
    ['/1.root.json', root],
    ['/root.json', root],
    ['/timestamp.json', timestamp],
    ['/1.snapshot.json', snapshot],
    ['/1.targets.json', listed],
    ...Object.entries(targets).map(([name, text]) => [`/targets/${name}`, text] as const),
  ]);
}

function describe(text: string): object {
  const hashOf = (algorithm: string): string => createHash(algorithm).update(text).digest('hex');
  return { length: Buffer.byteLength(text), hashes: { sha256: hashOf('sha256'), sha512: hashOf('sha512') } };
}

/** Canonical JSON as TUF signs it: names in order, nothing between tokens. All our texts are ASCII without controls. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join(',')}}`;
}
