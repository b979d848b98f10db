import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Transport } from '../../../src/registry/transport.ts';
import { createTufClient, type TufClient } from '../../../src/registry/tuf/client.ts';
import { publicInstance, type TufRepository, tufRepository } from '../../../src/registry/tuf/repository.ts';
import { type LivingTuf, startLivingTuf, tufSigner } from '../../support/living-tuf.ts';
import { testTransport } from '../../support/transport.ts';

const FIRST = '{"mediaType":"first"}';
const SECOND = '{"mediaType":"second"}';
const DAY = 86_400_000;
const never = new AbortController().signal;

let folder = '';
let transport: Transport;
let living: LivingTuf;
let now = Date.now();

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tuf-test-'));
  transport = testTransport();
  living = await startLivingTuf(FIRST);
  now = Date.now();
});
afterEach(async () => {
  await living.close();
  await transport.close();
  await rm(folder, { recursive: true });
});

function client(more: { readonly folder?: string | undefined; readonly timeoutMs?: number } = {}): TufClient {
  return createTufClient({ transport, folder, now: () => now, ...more });
}
function repository(): TufRepository {
  return tufRepository(living.mirror, living.rootJson);
}

test('gives the trusted root that the repository signs, and until when', async () => {
  const root = await client().refresh(repository(), never);
  expect(root.trustedRoot).toBe(FIRST);
  expect(root.expires.getTime() - now).toBeGreaterThan(9 * DAY);
  expect(root.expires.getTime() - now).toBeLessThan(11 * DAY);
  expect(root.rootExpires.getTime() - now).toBeGreaterThan(99 * DAY);
});

test('asks for little where nothing is new', async () => {
  const asking = client();
  await asking.refresh(repository(), never);
  living.requests.length = 0;
  await asking.refresh(repository(), never);
  expect(living.requests).toEqual(['/2.root.json', '/timestamp.json']);
});

test('takes a new trusted root', async () => {
  const asking = client();
  await asking.refresh(repository(), never);
  living.publish({ trustedRoot: SECOND });
  await expect(asking.refresh(repository(), never)).resolves.toMatchObject({ trustedRoot: SECOND });
});

test('follows a root that was rotated, twice, from the first', async () => {
  living.publish({ by: tufSigner() });
  living.publish({ by: tufSigner(), trustedRoot: SECOND });
  await expect(client().refresh(repository(), never)).resolves.toMatchObject({ trustedRoot: SECOND });
});

test('follows a rotation while it runs, and remembers it after a restart', async () => {
  await client().refresh(repository(), never);
  living.publish({ by: tufSigner(), trustedRoot: SECOND });
  await client().refresh(repository(), never);
  await living.close();
  await expect(client().kept(repository())).resolves.toMatchObject({ trustedRoot: SECOND });
});

test('starts from a root that has expired, where its successor has not', async () => {
  await using old = await startLivingTuf(FIRST, { rootDays: -1 });
  old.publish({ by: tufSigner() });
  await expect(client().refresh(tufRepository(old.mirror, old.rootJson), never)).resolves.toMatchObject({
    trustedRoot: FIRST,
  });
});

/** What the mirror does, and what the message names. */
const REFUSED: readonly (readonly [string, (mirror: LivingTuf) => void, RegExp])[] = [
  [
    'a root by other keys, not signed by the old ones',
    (m) => m.publish({ by: tufSigner(), unannounced: true }),
    /root/,
  ],
  ['a timestamp that has expired', (m) => m.publish({ days: -1 }), /expired/],
  ['a root that has expired', (m) => m.publish({ by: tufSigner(), rootDays: -1 }), /expired/],
  [
    'a timestamp cut off',
    (m) => void m.files.set('/timestamp.json', (m.files.get('/timestamp.json') ?? '').slice(0, 99)),
    /JSON|Unterminated/,
  ],
  ['a timestamp that is no TUF metadata', (m) => void m.files.set('/timestamp.json', '[]'), /expected metadata/],
  ['no timestamp', (m) => void m.files.delete('/timestamp.json'), /404/],
  ['another trusted root of the same length', (m) => replaceTarget(m, FIRST.replace('first', 'fIrst')), /hash/i],
  ['a longer trusted root than was signed', (m) => replaceTarget(m, `${FIRST} `), /at most/],
  [
    'a redirect',
    (m) => (m.handler = (_, response) => void response.writeHead(302, { location: `${m.mirror}/x` }).end()),
    /302/,
  ],
  ['an error of the server', (m) => (m.handler = (_, response) => void response.writeHead(503).end()), /503/],
  [
    'more than any root is long',
    (m) => (m.handler = (_, response) => void response.end(Buffer.alloc(600_000, 32))),
    /at most/,
  ],
];

function replaceTarget(mirror: LivingTuf, text: string): void {
  for (const path of mirror.files.keys()) if (path.startsWith('/targets/')) mirror.files.set(path, text);
}

test.each(REFUSED)('refuses %s', async (_, change, named) => {
  change(living);
  await expect(client().refresh(repository(), never)).rejects.toThrow(named);
  await expect(client().kept(repository())).resolves.toBeUndefined();
  expect(await readdir(folder)).toEqual([]);
});

test('refuses a repository that was rolled back, also after a restart', async () => {
  const before = new Map(living.files);
  living.publish({ trustedRoot: SECOND });
  await client().refresh(repository(), never);
  living.files.clear();
  for (const [path, text] of before) living.files.set(path, text);
  await expect(client().refresh(repository(), never)).rejects.toThrow(/less than current/);
});

test('refuses a repository that another root signs', async () => {
  await using other = await startLivingTuf(FIRST);
  const mixed = tufRepository(living.mirror, other.rootJson);
  await expect(client().refresh(mixed, never)).rejects.toThrow(/timestamp/);
});

test.each([
  ['not JSON', 'nonsense'],
  ['another document', '{"signed":{}}'],
  ['nothing', ''],
])('names the initial root where it is %s', async (_, text) => {
  await expect(client().refresh(tufRepository(living.mirror, text), never)).rejects.toThrow(
    /^the initial root.json: expected/,
  );
});

test('says that nobody answers, and what was kept holds until it expires', async () => {
  const asking = client();
  await asking.refresh(repository(), never);
  const known = repository();
  await living.close();
  await expect(asking.refresh(known, never)).rejects.toMatchObject({ detail: { kind: 'unavailable' } });
  await expect(asking.kept(known)).resolves.toMatchObject({ trustedRoot: FIRST });
  now += 11 * DAY;
  await expect(asking.kept(known)).resolves.toBeUndefined();
});

test('a restart has what was on disk, and asks nobody for it', async () => {
  await client().refresh(repository(), never);
  const asked = living.requests.length;
  await expect(client().kept(repository())).resolves.toMatchObject({ trustedRoot: FIRST });
  expect(living.requests).toHaveLength(asked);
});

test('without a folder the process alone remembers', async () => {
  const asking = client({ folder: undefined });
  await asking.refresh(repository(), never);
  await expect(asking.kept(repository())).resolves.toMatchObject({ trustedRoot: FIRST });
  await expect(client({ folder: undefined }).kept(repository())).resolves.toBeUndefined();
});

test('goes on where nothing can be kept on disk, and says so', async () => {
  await writeFile(join(folder, 'file'), '');
  const unkept: unknown[] = [];
  const asking = createTufClient({
    transport,
    folder: join(folder, 'file', 'below'),
    now: () => now,
    onUnkept: (error) => unkept.push(error),
  });
  await expect(asking.refresh(repository(), never)).resolves.toMatchObject({ trustedRoot: FIRST });
  expect(unkept).toMatchObject([{ code: 'ENOTDIR' }]);
});

test.each([
  ['no JSON', 'nonsense'],
  ['JSON of another shape', '{"metadata":[]}'],
  ['roots that are none', '{"metadata":{"root.json":"{"},"trustedRoot":"{}"}'],
  ['names that lead elsewhere', '{"metadata":{"../root.json":"{"},"trustedRoot":"{}"}'],
])('a file on disk with %s is as good as none', async (_, text) => {
  await client().refresh(repository(), never);
  for (const name of await readdir(folder)) await writeFile(join(folder, name), text);
  await expect(client().kept(repository())).resolves.toBeUndefined();
  await expect(client().refresh(repository(), never)).resolves.toMatchObject({ trustedRoot: FIRST });
});

test('a trusted root on disk that was changed is fetched again', async () => {
  await client().refresh(repository(), never);
  const [name = ''] = await readdir(folder);
  const text = await readFile(join(folder, name), 'utf8');
  await writeFile(join(folder, name), text.replace('first', 'fIrst'));
  await expect(client().kept(repository())).resolves.toBeUndefined();
  await expect(client().refresh(repository(), never)).resolves.toMatchObject({ trustedRoot: FIRST });
});

test('a mirror that says nothing, or a drop at a time, costs the time-out of a refresh', async () => {
  living.handler = (_, response) => void response.writeHead(200).write(' ');
  await expect(client({ timeoutMs: 200 }).refresh(repository(), never)).rejects.toMatchObject({
    detail: { kind: 'timeout' },
  });
});

test('ends with the signal that it is given', async () => {
  living.handler = () => undefined;
  const reason = new Error('the operator ends');
  await expect(client().refresh(repository(), AbortSignal.abort(reason))).rejects.toBe(reason);
});

test('the public instance comes with a root that its client takes', async () => {
  await living.close();
  const { mirror, rootJson } = publicInstance();
  expect(mirror).toMatch(/^https:/);
  await expect(client().refresh(tufRepository(living.mirror, rootJson), never)).rejects.toMatchObject({
    detail: { kind: 'unavailable' },
  });
});

test.each([
  'ftp://tuf.example.com',
  'tuf.example.com',
  'https://user@tuf.example.com',
  'https://tuf.example.com/?a=b',
  '',
])('refuses %j as a mirror', (mirror) => {
  expect(() => tufRepository(mirror, '{}')).toThrow(/TUF mirror: expected the URL/);
});
