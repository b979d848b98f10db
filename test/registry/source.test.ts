/** The conformance of every source: two kinds of registry, two kinds of layout, mirrors of both kinds. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRegistrySource } from '../../src/registry/client.ts';
import { openLayout } from '../../src/registry/layout.ts';
import { parseMirrorRule, withMirrors } from '../../src/registry/mirrors.ts';
import type { ImageSource, Repository } from '../../src/registry/source.ts';
import { layoutsBelow, startRegistry, type TestRegistryOptions } from '../support/registry.ts';
import { conformanceOfSource, type SourceUnderTest } from './source.conformance.ts';

const FIXTURES = new URL('../fixtures', import.meta.url).pathname;
const ORIGIN = 'registry.example.com';

conformanceOfSource('a registry with the referrers API', () => overRegistry({ referrersApi: true }));
conformanceOfSource('a registry without the referrers API', () => overRegistry({ referrersApi: false }));
conformanceOfSource('a registry with tokens, and without etags', () =>
  overRegistry({ auth: { type: 'bearer' }, etags: false }),
);
conformanceOfSource('layouts in folders', () => overLayouts((fixture) => join(FIXTURES, fixture)));
conformanceOfSource('layouts in tar archives', () => overArchives('-cf', '.tar'));
conformanceOfSource('layouts in compressed tar archives', () => overArchives('-czf', '.tar.gz'));
conformanceOfSource('a mirror registry', overMirror);
conformanceOfSource('a mirror made of layouts', overLayoutMirror);

async function overRegistry(options: TestRegistryOptions): Promise<SourceUnderTest> {
  const registry = await startRegistry({ layouts: layoutsBelow(FIXTURES, 'app'), ...options });
  const source = createRegistrySource();
  return {
    source,
    repository: (fixture) => ({ registry: registry.host, path: `app/${fixture}` }),
    missingRepository: 'not-found',
    close: async () => {
      await source.close();
      await registry.close();
    },
  };
}

/** One layout per fixture behind one interface: the repository picks the layout. */
function overLayouts(pathOf: (fixture: string) => string, close = (): void => undefined): Promise<SourceUnderTest> {
  const opened = new Map<string, ImageSource>();
  const at = ({ path }: Repository): ImageSource => {
    const layout = opened.get(path) ?? openLayout(pathOf(path.replace('app/', '')));
    opened.set(path, layout);
    return layout;
  };
  return Promise.resolve({
    source: {
      manifest: (repository, reference, options) => at(repository).manifest(repository, reference, options),
      blob: (repository, descriptor, options) => at(repository).blob(repository, descriptor, options),
      referrers: (repository, subject, options) => at(repository).referrers(repository, subject, options),
    },
    repository: (fixture) => ({ registry: ORIGIN, path: `app/${fixture}` }),
    missingRepository: 'unavailable',
    close: () => Promise.resolve(close()),
  });
}

function overArchives(flags: string, suffix: string): Promise<SourceUnderTest> {
  const folder = mkdtempSync(join(tmpdir(), 'image-trust-layouts-'));
  for (const fixture of readdirSync(FIXTURES).filter((name) => existsSync(join(FIXTURES, name, 'index.json')))) {
    execFileSync('tar', [flags, join(folder, `${fixture}${suffix}`), '-C', join(FIXTURES, fixture), '.']);
  }
  return overLayouts(
    (fixture) => join(folder, `${fixture}${suffix}`),
    () => rmSync(folder, { recursive: true }),
  );
}

async function overMirror(): Promise<SourceUnderTest> {
  const mirror = await startRegistry({ layouts: layoutsBelow(FIXTURES, 'hub/app') });
  const origin = await startRegistry();
  const source = createRegistrySource({ limits: { tries: 1 } });
  return {
    source: withMirrors(source, [parseMirrorRule(`${origin.host}=${mirror.host}/hub`)]),
    repository: (fixture) => ({ registry: origin.host, path: `app/${fixture}` }),
    missingRepository: 'not-found',
    close: async () => {
      await source.close();
      await Promise.all([mirror.close(), origin.close()]);
    },
  };
}

/** The origin cannot be reached: port 9 of loopback (discard) is closed. */
function overLayoutMirror(): Promise<SourceUnderTest> {
  const source = createRegistrySource({ limits: { tries: 1 } });
  return Promise.resolve({
    source: withMirrors(source, [parseMirrorRule('127.0.0.1:9/app=oci:.', { cwd: FIXTURES })]),
    repository: (fixture) => ({ registry: '127.0.0.1:9', path: `app/${fixture}` }),
    missingRepository: 'unavailable',
    close: () => source.close(),
  });
}
