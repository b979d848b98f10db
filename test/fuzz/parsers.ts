/**
 * Targets that read: whatever the bytes are, a reader gives a value or throws a Failure, in time; and what it gives is
 * what the bytes say.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { decodeBase64, decodeBase64Url } from '../../src/core/base64.ts';
import { Failure } from '../../src/core/failure.ts';
import { compileImageGlobs } from '../../src/core/image-glob.ts';
import { loadManifests } from '../../src/core/manifests/load.ts';
import { formatProblem } from '../../src/core/manifests/problem.ts';
import { readWorld } from '../../src/core/manifests/world.ts';
import { formatReference, parseReference } from '../../src/core/reference.ts';
import { parseStrictJson } from '../../src/core/strict-json.ts';
import { parseChallenges } from '../../src/registry/challenge.ts';
import { parseDockerConfig } from '../../src/registry/docker-config.ts';
import { parseManifest, parseReferrerIndex } from '../../src/registry/manifest.ts';
import { parseMirrorRule } from '../../src/registry/mirror-rule.ts';
import { regexp } from '../../src/verify/matcher.ts';
import { parseNotationTrustPolicy } from '../../src/verify/trust/trust-policy.ts';
import { parsePublicKeys } from '../../src/verify/trust/public-keys.ts';
import { parseTrustedRoot } from '../../src/verify/trust/trusted-root.ts';
import { type Certificate, parseCertificate } from '../../src/verify/x509/certificate.ts';
import { isSignedBy } from '../../src/verify/x509/chain.ts';
import { parsePemCertificates } from '../../src/verify/x509/pem.ts';
import { digestOf } from '../support/builders.ts';
import { valueOrFailure } from '../support/hostile.ts';
import { mutateBytes, mutateText } from './mutate-bytes.ts';
import { mutateInside, mutateJson } from './mutate-json.ts';
import { mutateDer } from './mutate-tree.ts';
import type { Random } from './random.ts';
import { type AnyTarget, closed } from './target.ts';

const ROOT = new URL('../..', import.meta.url).pathname;
const FIXTURES = join(ROOT, 'test/fixtures');
const KEYS = join(FIXTURES, 'keys');

const PKI: readonly Certificate[] = [
  'root.crt',
  'inter.crt',
  'leaf.crt',
  'root2.crt',
  'rsaleaf.crt',
  'tsa.crt',
].flatMap((name) => parsePemCertificates(file(join(KEYS, 'pki', name)).toString()));

/** Every reader that is not a proof. */
export const PARSERS: readonly AnyTarget[] = [
  bytes('image manifests', manifestSeeds('manifest'), mutateJson, (input) => {
    const manifest = valueOrFailure(() => parseManifest({ bytes: input, digest: digestOf('a'), where: 'fuzz' }));
    if (manifest !== undefined && !manifest.bytes.every((byte, at) => byte === input[at]))
      throw new Error('other bytes than given');
  }),
  bytes('image indexes', manifestSeeds('index'), mutateJson, (input) => {
    valueOrFailure(() => parseManifest({ bytes: input, digest: digestOf('a'), where: 'fuzz' }));
    valueOrFailure(() => parseReferrerIndex(input, 'fuzz'));
  }),
  bytes(
    'strict JSON',
    [
      ...manifestSeeds('manifest'),
      file(`${KEYS}/trusted_root.json`),
      Buffer.from('{"a":{"b":[1,"\\u00e9",null]},"":{}}'),
    ],
    mutateJson,
    (input) => {
      const value = valueOrFailure(() => ({ read: parseStrictJson(input) }));
      if (value !== undefined && !isDeepStrictEqual(value.read, JSON.parse(input.toString())))
        throw new Error('reads otherwise than JSON.parse');
    },
  ),
  bytes('trusted_root.json', [file(`${KEYS}/trusted_root.json`)], mutateJson, (input) => {
    valueOrFailure(() => parseTrustedRoot(input.toString()));
  }),
  bytes('docker config.json', [Buffer.from(dockerConfig())], mutateJson, checkDockerConfig),
  bytes('notation trust policies', [Buffer.from(trustPolicy())], mutateJson, (input) => {
    valueOrFailure(() => parseNotationTrustPolicy(input.toString(), new Map()));
  }),
  bytes(
    'certificates',
    PKI.map((certificate) => Buffer.from(certificate.raw)),
    mutateDer,
    checkCertificate,
  ),
  bytes(
    'PEM certificates',
    readdirSync(join(KEYS, 'pki')).map((name) => file(join(KEYS, 'pki', name))),
    insideText,
    (input) => {
      valueOrFailure(() => parsePemCertificates(input.toString()));
    },
  ),
  bytes(
    'public keys',
    readdirSync(KEYS)
      .filter((name) => name.endsWith('.pub'))
      .map((name) => file(join(KEYS, name))),
    insideText,
    (input) => {
      const keys = valueOrFailure(() => parsePublicKeys(input.toString()));
      if (keys?.length === 0) throw new Error('no key, and no Failure');
    },
  ),
  text(
    'image references',
    references(),
    ['/', ':', '@', '.', '..', 'sha256:', '[', '::1', ']', '-', '__', 'A', 'é', '\u0000', 'a'],
    (input) => {
      const reference = valueOrFailure(() => parseReference(input));
      if (reference === undefined) return;
      const written = formatReference(reference);
      if (!isDeepStrictEqual(parseReference(written), reference)) throw new Error(`reads back otherwise: ${written}`);
    },
  ),
  text(
    'image globs',
    ['registry.company.com/*', '*', 'nginx', '*.io/a?/*:v1*', 'docker.io/library/*@sha256:*'],
    ['*', '?', '**', '/', ':', '[', '\\', 'a', '*a'],
    (input) => {
      const covers = valueOrFailure(() => compileImageGlobs([input]));
      for (const image of [...references(), `r.io/${'a'.repeat(200)}:${'a'.repeat(120)}`])
        covers?.(parseReference(image));
    },
  ),
  text(
    'identity patterns',
    ['^.*@example\\.com$', 'https://github\\.com/acme/[^/]+/.+', '(a|b)*c{2,5}', '(?i)x+?'],
    ['(', ')', '*', '+', '{1000}', '[^', '\\p{L}', '|', '.*', '(?:', '(a*)*', '\\Q'],
    (input) => {
      const matcher = valueOrFailure(() => regexp(input));
      matcher?.matches('a'.repeat(4000));
      if (matcher?.matches('x'.repeat(4097)) === true) throw new Error('matches a text beyond the limit');
    },
  ),
  text(
    'WWW-Authenticate',
    ['Bearer realm="https://a/token",service="a",scope="repository:b:pull"', 'Basic realm="x", Bearer realm="y"'],
    ['"', '\\', ',', '=', ' ', 'Bearer', 'realm=', 'é'],
    (input) => {
      valueOrFailure(() => parseChallenges([input]));
    },
  ),
  text(
    'mirror rules',
    ['docker.io=https://mirror.local/hub', 'r.io=oci:/var/images', 'r.io/a=http://127.0.0.1:5000'],
    ['=', '/', ':', 'oci:', 'http://', '@', '#', '?', '..', '%00'],
    (input) => {
      valueOrFailure(() => parseMirrorRule(input, { cwd: '/' }));
    },
  ),
  text('base64', ['aGVsbG8=', 'AA==', 'AAA=', '-_-_', ''], ['=', '+', '/', '-', '_', ' ', '\n', 'A'], (input) => {
    const plain = decodeBase64(input);
    if (plain !== undefined && Buffer.from(plain).toString('base64') !== input)
      throw new Error('two spellings of one value');
    const url = decodeBase64Url(input);
    if (url !== undefined && Buffer.from(url).toString('base64url') !== input)
      throw new Error('two spellings of one value');
  }),
  text(
    'manifests in YAML',
    yamlSeeds(),
    [
      '\n',
      '  ',
      '- ',
      ': ',
      '&a ',
      '*a',
      '<<: ',
      '---\n',
      '|',
      '>',
      '!!binary ',
      '{',
      '[',
      '"',
      '#',
      '\t',
      'null',
      '? ',
    ],
    checkWorld,
  ),
  bytes('manifests in JSON', [Buffer.from(pods())], mutateJson, (input) => checkWorld(input.toString())),
];

/** Whatever is wrong with the file, what it holds is not told. */
function checkDockerConfig(input: Buffer): void {
  try {
    parseDockerConfig(input, 'config.json');
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const secrets = ['hunter2', Buffer.from('user:hunter2').toString('base64').slice(0, 12)];
    if (secrets.some((secret) => error.message.includes(secret)))
      throw new Error(`tells a secret: ${error.message}`, { cause: error });
  }
}

function checkWorld(input: string): void {
  const { documents, problems } = loadManifests(input, 'fuzz.yaml');
  const read = readWorld(documents);
  for (const problem of [...problems, ...read.problems]) formatProblem(problem);
}

/** A certificate that was changed may still be one. Its issuer has not signed it, unless it says what it said. */
function checkCertificate(input: Buffer, seed: Buffer): void {
  const certificate = valueOrFailure(() => parseCertificate(input));
  if (certificate === undefined) return;
  const signed = PKI.some((issuer) => isSignedBy(certificate, issuer));
  if (signed && !isDeepStrictEqual(statementOf(certificate), statementOf(parseCertificate(seed)))) {
    throw new Error('a forged certificate passes as signed');
  }
}

function statementOf({ x509: _x509, raw: _raw, fingerprint256: _print, publicKey, ...rest }: Certificate): object {
  return { ...rest, key: publicKey.export({ type: 'spki', format: 'der' }) };
}

function bytes(
  name: string,
  seeds: readonly Buffer[],
  mutate: (input: Buffer, random: Random) => Buffer,
  check: (input: Buffer, seed: Buffer) => void,
): AnyTarget {
  const either = (input: Buffer, random: Random): Buffer =>
    random.oneIn(5) ? mutateBytes(input, random) : mutate(input, random);
  return closed({ name, seeds, mutate: either, check });
}

function text(
  name: string,
  seeds: readonly string[],
  words: readonly string[],
  check: (input: string, seed: string) => void,
): AnyTarget {
  return closed({ name, seeds, mutate: (input, random) => mutateText(input, random, words), check });
}

function insideText(input: Buffer, random: Random): Buffer {
  return Buffer.from(mutateInside(input.toString(), random));
}

function file(path: string): Buffer {
  return readFileSync(path);
}

/** The manifests in the fixtures' layouts: images and signatures, or indexes. */
function manifestSeeds(shape: 'manifest' | 'index'): readonly Buffer[] {
  const folders = ['legacy3-annot', 'bundle3-annot', 'index-bundle-recursive-k1', 'notation-jws'];
  return folders.flatMap((folder) => {
    const blobs = join(FIXTURES, folder, 'blobs/sha256');
    return readdirSync(blobs)
      .map((name) => file(join(blobs, name)))
      .filter((blob) => {
        const start = blob.toString().slice(0, 4000);
        return start.startsWith('{"schemaVersion"') && start.includes('"manifests"') === (shape === 'index');
      });
  });
}

function yamlSeeds(): readonly string[] {
  const samples = join(ROOT, 'config/samples/demo');
  return readdirSync(samples)
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => file(join(samples, name)).toString());
}

function references(): readonly string[] {
  return [
    'nginx',
    'docker.io/library/nginx:1.27',
    `127.0.0.1:5000/a/b__c@${digestOf('a')}`,
    `[::1]:5000/x:v1@${digestOf('b')}`,
    'Host.Example.com/a-b/c.d',
  ];
}

function dockerConfig(): string {
  const auth = Buffer.from('user:hunter2').toString('base64');
  return JSON.stringify({
    auths: {
      'https://index.docker.io/v1/': { auth },
      'r.io:5000/team': { username: 'u', password: 'hunter2' },
      'g.io': { identitytoken: 'hunter2' },
    },
    credHelpers: { 'ecr.aws': 'ecr-login' },
    credsStore: 'pass',
  });
}

function trustPolicy(): string {
  const statement = (name: string, scope: string, level: object) => ({
    name,
    registryScopes: [scope],
    signatureVerification: level,
    trustStores: ['ca:acme', 'tsa:stamps'],
    trustedIdentities: ['x509.subject: C=US, ST=WA, O=acme\\, Inc., OU=a+CN=b'],
  });
  const trustPolicies = [
    statement('team', 'r.io/team/app', {
      level: 'strict',
      override: { expiry: 'log' },
      verifyTimestamp: 'afterCertExpiry',
    }),
    { ...statement('rest', '*', { level: 'skip' }), trustStores: [], trustedIdentities: [] },
  ];
  return JSON.stringify({ version: '1.0', trustPolicies });
}

function pods(): string {
  const image = `r.io/shop/cart@${digestOf('c')}`;
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'cart-1',
      namespace: 'shop',
      uid: 'u1',
      labels: { app: 'cart' },
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'cart', uid: 'u0', controller: true }],
    },
    spec: {
      initContainers: [{ name: 'init', image: 'busybox' }],
      containers: [{ name: 'app', image }],
      volumes: [{ name: 'data', image: { reference: 'r.io/data:v1' } }],
    },
    status: { phase: 'Running', containerStatuses: [{ name: 'app', image, imageID: `docker-pullable://${image}` }] },
  };
  const policy = {
    apiVersion: 'imagetrust.dev/v1alpha1',
    kind: 'ImageTrustPolicy',
    metadata: { name: 'shop' },
    spec: {
      images: ['r.io/*'],
      match: { namespaces: ['shop'], podSelector: { matchLabels: { app: 'cart' } } },
      attestors: [{ name: 'team', entries: [{ trustedKey: 'release' }] }],
    },
  };
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [pod, policy] });
}
