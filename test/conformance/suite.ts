/**
 * The bundles of sigstore-conformance: a checkout that is named, else the cache outside of the checkout, else fetched into
 * it from GitHub at the commit below. Owns the layout of a case (test/assets/bundle-verify/README.md there).
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract } from 'tar';
import { cacheRoot } from '../toolbox/toolbox.ts';
import type { BundleQuestion } from './arguments.ts';

/** The state of 2026-08-19. */
const COMMIT = 'a73de4970176d258e0154c530b89d20b89444e4d';
const ARCHIVE = `https://codeload.github.com/sigstore/sigstore-conformance/tar.gz/${COMMIT}`;
const CASES = 'test/assets/bundle-verify';
const FETCH_LIMIT_MS = 120_000;

/** What cases without files of their own ask for (test/client.py there). */
const IDENTITY =
  'https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main';
const ISSUER = 'https://token.actions.githubusercontent.com';

/** One case: what is asked, and whether it has to be verified. */
export interface Case {
  readonly name: string;
  readonly verifies: boolean;
  readonly question: BundleQuestion;
}

/** The folder of the suite. Throws where it is not there and cannot be fetched. */
export async function suiteFolder(named: string | undefined): Promise<string> {
  if (named !== undefined) return named;
  const folder = join(cacheRoot(), `sigstore-conformance-${COMMIT.slice(0, 12)}`);
  if (!existsSync(join(folder, CASES))) await fetchInto(folder);
  return folder;
}

/** All cases of the suite, by name. */
export async function casesIn(suite: string): Promise<readonly Case[]> {
  const root = join(suite, CASES);
  const entries = await readdir(root, { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(root, name));
  return Promise.all(folders.toSorted().map(caseIn));
}

async function caseIn(folder: string): Promise<Case> {
  const own = (name: string): string | undefined => (existsSync(join(folder, name)) ? join(folder, name) : undefined);
  const said = async (name: string): Promise<string | undefined> => {
    const path = own(name);
    return path === undefined ? undefined : (await readFile(path, 'utf8')).trim();
  };
  const key = own('key.pub');
  const trustedRoot = own('trusted_root.json');
  const identity = (await said('identity')) ?? IDENTITY;
  const question = {
    bundle: join(folder, 'bundle.sigstore.json'),
    signer: key === undefined ? { identity, issuer: (await said('issuer')) ?? ISSUER } : { key },
    artifact: own('artifact') ?? join(folder, '..', 'a.txt'),
    ...(trustedRoot === undefined ? {} : { trustedRoot }),
  };
  return { name: basename(folder), verifies: !folder.endsWith('_fail'), question };
}

/** Whole or not at all: a run that ends in between leaves nothing that looks like the suite. */
async function fetchInto(folder: string): Promise<void> {
  await mkdir(cacheRoot(), { recursive: true });
  const part = await mkdtemp(`${folder}.`);
  try {
    const response = await fetch(ARCHIVE, { signal: AbortSignal.timeout(FETCH_LIMIT_MS) });
    if (!response.ok || response.body === null) throw new Error(`${ARCHIVE}: HTTP ${response.status}`);
    const wanted = (path: string): boolean => path.includes(`/${CASES}/`);
    await pipeline(Readable.fromWeb(response.body), extract({ cwd: part, strip: 1, filter: wanted }));
    await rename(part, folder);
  } finally {
    await rm(part, { recursive: true, force: true });
  }
}
