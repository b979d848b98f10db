/**
 * The images of the demo: signed by the real cosign and notation, in a registry on loopback. The workloads name them
 * below registry.example.com, as in config/samples; the registry is the HTTP proxy through which that name is reached.
 */
import { join } from 'node:path';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

const HOST = 'registry.example.com';

/** Repository below registry.example.com → layout below test/fixtures. `shop/ghost` is missing on purpose. */
export const IMAGES: Readonly<Record<string, string>> = {
  'shop/cart': 'legacy2-k1',
  'shop/checkout': 'bundle3-k1',
  'shop/search': 'neg-otherkey-bundle',
  'shop/frontend': 'unsigned',
  'shop/invoices': 'neg-moved-legacy',
  'shop/provenance': 'attest3-slsa1',
  'shop/batch': 'unsigned',
  'payments/ledger': 'legacy3-annot',
  'payments/gateway': 'legacy2-k1',
  'ci/runner': 'keyless3',
  'vendor/mailer': 'notation-jws',
  'vendor/scanner': 'bundle3-p384',
  'shop/edge': 'index-k1',
};

/** How many images the registry holds. */
export const IMAGE_COUNT = Object.keys(IMAGES).length;

export interface Images extends AsyncDisposable {
  /** What an image-trust command needs to find them, and what it is called in print. */
  readonly flags: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** What a runtime on amd64 writes as imageID once it has pulled the image; undefined: there is no such image. */
  imageID(reference: string): string | undefined;
}

export async function startImages(): Promise<Images> {
  const folder = join(import.meta.dirname, '../fixtures');
  const layouts = Object.entries(IMAGES).map(([name, layout]) => [name, join(folder, layout)] as const);
  const registry = await startRegistry({ layouts: Object.fromEntries(layouts) });
  return {
    flags: [`--plain-http=${HOST}`],
    env: { http_proxy: registry.url, no_proxy: '', NO_PROXY: '' },
    imageID: (reference) => imageIdIn(registry, reference),
    [Symbol.asyncDispose]: () => registry.close(),
  };
}

interface Index {
  readonly manifests?: readonly { readonly digest: string; readonly platform?: { readonly architecture?: string } }[];
}

function imageIdIn(registry: TestRegistry, reference: string): string | undefined {
  const [, path = '', tag = ''] = /^registry\.example\.com\/(.+):(.+)$/.exec(reference) ?? [];
  if (!(path in IMAGES)) return undefined;
  const { tags, manifests } = registry.repository(path);
  const digest = tags.get(tag);
  if (digest === undefined) return undefined;
  const { manifests: platforms = [] } = JSON.parse(manifests.get(digest)?.bytes.toString() ?? '{}') as Index;
  const own = platforms.find(({ platform }) => platform?.architecture === 'amd64')?.digest;
  return `${HOST}/${path}@${own ?? digest}`;
}
