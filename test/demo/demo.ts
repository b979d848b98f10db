/**
 * `make demo`: the product's own command line over the manifests in config/samples/demo, with images that the real
 * cosign and notation signed, from OCI layouts in the repository. No cluster, no registry, no network.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const MANIFESTS = 'config/samples/demo';

/** Repository below registry.example.com → layout below test/fixtures. */
const IMAGES: readonly (readonly [string, string])[] = [
  ['shop/cart', 'legacy2-k1'],
  ['shop/checkout', 'bundle3-k1'],
  ['shop/search', 'neg-otherkey-bundle'],
  ['shop/frontend', 'unsigned'],
  ['shop/invoices', 'neg-moved-legacy'],
  ['shop/provenance', 'attest3-slsa1'],
  ['shop/batch', 'unsigned'],
  ['payments/ledger', 'legacy3-annot'],
  ['payments/gateway', 'legacy2-k1'],
  ['ci/runner', 'keyless3'],
  ['vendor/mailer', 'notation-jws'],
  ['vendor/scanner', 'bundle3-p384'],
  ['shop/edge', 'index-k1'],
];

const mirrors = IMAGES.flatMap(([repository, layout]) => [
  '--mirror',
  `registry.example.com/${repository}=oci:test/fixtures/${layout}`,
]);

function say(text: string): void {
  const [bold, plain] = process.stdout.isTTY ? ['\u001B[1m', '\u001B[0m'] : ['', ''];
  process.stdout.write(`\n${bold}${text}${plain}\n`);
}

/** Runs the command line and ends the demo where it does not end as it must. */
function imageTrust(args: readonly string[], shown: string, expected: number): void {
  say(`$ image-trust ${shown}`);
  const bin = join(root, 'src', 'main.ts');
  const { status } = spawnSync(process.execPath, [bin, ...args], { cwd: root, stdio: 'inherit', timeout: 60_000 });
  if (status === expected) return;
  process.stderr.write(`demo: expected exit code ${expected}, found ${status}\n`);
  process.exit(1);
}

say('1. Who signed what runs here? (exit code 1: something is rejected)');
imageTrust(['scan', '-f', MANIFESTS, ...mirrors], `scan -f ${MANIFESTS} --mirror …`, 1);

say('2. What would fall if the key release-2026 were revoked?');
imageTrust(
  ['scan', '-f', MANIFESTS, ...mirrors, '--policy', 'shop', '--without-key', 'release-2026'],
  `scan -f ${MANIFESTS} --policy shop --without-key release-2026 --mirror …`,
  1,
);

say('3. One image, by hand: with cosign’s flag names');
imageTrust(
  [
    'verify',
    '--key',
    'test/fixtures/keys/k1.pub',
    '--insecure-ignore-tlog',
    'registry.example.com/shop/cart:v1',
    ...mirrors,
  ],
  'verify --key k1.pub --insecure-ignore-tlog registry.example.com/shop/cart:v1',
  0,
);
