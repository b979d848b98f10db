/**
 * The real cosign: signing as its users do, offline, and its judgement. Owns the mapping of a question to cosign's
 * flags and to ours. A refusal counts only where cosign says that it judged; every other end fails the test.
 */
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CertificateName } from './authority.ts';
import { nameOf } from './content.ts';
import { type CosignWorkshop, type KeyName, keyOf } from './cosign-workshop.ts';
import type { Claims, Services } from './private-sigstore.ts';
import type { Ended } from '../toolbox/toolbox.ts';
import type { Scene, Step, SubjectName, TheirVerdict } from './row.ts';

/** `bundle` is cosign's default; `legacy` the .sig and .att tags; `oci-1-1` simple signing as a referrer. */
export type Format = 'bundle' | 'legacy' | 'oci-1-1';

export interface Signing {
  readonly key?: KeyName;
  readonly format: Format;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly subject?: SubjectName;
  readonly recursive?: true;
  /** Into the repository beside the image's. */
  readonly apart?: true;
  /** Sign with this certificate's key and write the certificate; `withChain` gives cosign its issuers too. */
  readonly certificate?: CertificateName;
  readonly withChain?: true;
  /** Identity claims of a token: sign keyless, with a certificate of the private Fulcio. */
  readonly keyless?: Claims;
  /** Services of the private Sigstore that are used; absent: none. */
  readonly services?: Services;
}

/** `cosign sign`. */
export function sign(signing: Signing): Step<CosignWorkshop> {
  return async (workshop, scene) => {
    const annotations = Object.entries(signing.annotations ?? {}).flatMap(([key, value]) => [
      '-a',
      csvField(`${key}=${value}`),
    ]);
    const args = ['sign', ...(await signingFlags(signing, workshop)), ...annotations];
    if (signing.recursive === true) args.push('--recursive');
    args.push(imageOf(scene, signing.subject));
    await workshop.lab.must(workshop.cosign, args, environment(scene, signing));
  };
}

/** `cosign attest` with a predicate that fits the type. */
export function attest(attestation: Signing & { readonly type: string }): Step<CosignWorkshop> {
  return async (workshop, scene) => {
    // A file of its own: rows run side by side, and one must not truncate what another's cosign reads.
    const predicate = join(workshop.lab.folder, `predicate-${randomUUID()}.json`);
    await writeFile(predicate, JSON.stringify(PREDICATES[attestation.type] ?? { data: 'of the test' }));
    const args = ['attest', ...(await signingFlags(attestation, workshop))];
    args.push('--type', attestation.type, '--predicate', predicate, imageOf(scene, attestation.subject));
    await workshop.lab.must(workshop.cosign, args, environment(scene, attestation));
  };
}

const PREDICATES: Readonly<Record<string, object>> = {
  slsaprovenance1: {
    buildDefinition: { buildType: 'https://example.com/build/v1', externalParameters: {} },
    runDetails: { builder: { id: 'https://example.com/builder' } },
  },
  link: { _type: 'link', name: 'build', command: [], materials: {}, products: {}, byproducts: {}, environment: {} },
  cyclonedx: { bomFormat: 'CycloneDX', specVersion: '1.6', components: [] },
};

async function signingFlags(signing: Signing, workshop: CosignWorkshop): Promise<readonly string[]> {
  const { format, keyless, services } = signing;
  const signer = keyless === undefined ? signerFlags(signing, workshop) : await keylessFlags(keyless, workshop);
  return [
    '--yes',
    '--allow-http-registry',
    ...formatFlags(format),
    ...serviceFlags(format, services, workshop),
    ...signer,
  ];
}

async function keylessFlags(claims: Claims, { sigstore }: CosignWorkshop) {
  return ['--identity-token', await sigstore.token(claims), '--trusted-root', sigstore.trustedRoot];
}

/** A signing config names the services for bundles; the older formats have a flag for each. */
function serviceFlags(format: Format, services: Services | undefined, { sigstore }: CosignWorkshop): readonly string[] {
  if (services === undefined) return ['--use-signing-config=false', '--tlog-upload=false'];
  if (format === 'bundle') return ['--signing-config', sigstore.services[services]];
  const log = services === 'timestamps' ? ['--tlog-upload=false'] : ['--rekor-url', sigstore.url];
  const stamps = services === 'log' ? [] : ['--timestamp-server-url', sigstore.timestampUrl];
  return ['--use-signing-config=false', '--fulcio-url', sigstore.url, ...log, ...stamps];
}

function formatFlags(format: Format): readonly string[] {
  if (format === 'bundle') return [];
  return ['--new-bundle-format=false', ...(format === 'oci-1-1' ? ['--registry-referrers-mode=oci-1-1'] : [])];
}

function signerFlags(signing: Signing, workshop: CosignWorkshop): readonly string[] {
  const { certificate } = signing;
  if (certificate === undefined) return ['--key', keyOf(workshop, signing.key ?? 'P-256').signing];
  const issued = workshop.authority.certificate(certificate);
  const chain = workshop.authority.chainFile(certificate === 'of a stranger' ? 'stranger' : 'company');
  return [
    '--key',
    workshop.certificateKeys.get(certificate) ?? '',
    '--certificate',
    issued.certificateFile,
    ...(signing.withChain === true ? ['--certificate-chain', chain] : []),
  ];
}

function environment(scene: Scene, { format, apart }: { format?: Format; apart?: true }): Record<string, string> {
  return {
    ...(format === 'oci-1-1' ? { COSIGN_EXPERIMENTAL: '1' } : {}),
    ...(apart === true ? { COSIGN_REPOSITORY: nameOf(scene.apart) } : {}),
  };
}

export interface CosignQuestion {
  /** Who must have signed. Identities are literal; a pattern is RE2. Default: the key P-256. */
  readonly by?:
    | { readonly key: KeyName }
    | { readonly ca: 'company' | 'stranger'; readonly identity: string }
    | { readonly ca: 'company' | 'stranger'; readonly pattern: string }
    /** Flags of an identity, the same on both sides, under the private Sigstore or that of test/fixtures. */
    | { readonly keyless: readonly string[]; readonly root?: 'fixtures' };
  readonly annotations?: Readonly<Record<string, string>>;
  /** An attestation of this type instead of a signature. */
  readonly type?: string;
  readonly subject?: SubjectName;
  /** By tag instead of by digest; of `image` only. */
  readonly byTag?: true;
  readonly apart?: true;
  /** Demand an entry of the private Sigstore's log. */
  readonly log?: 'required';
  /** Flags that only cosign needs to come to its verdict. */
  readonly theirFlags?: readonly string[];
  readonly theirFormat?: Format;
}

/** `cosign verify` or `cosign verify-attestation`. */
export async function askCosign(workshop: CosignWorkshop, ask: CosignQuestion, scene: Scene): Promise<TheirVerdict> {
  const args = [
    '--allow-http-registry',
    ...theirSigner(ask, workshop),
    ...annotationFlags(ask),
    ...(ask.theirFlags ?? []),
  ];
  if (ask.log !== 'required') args.push('--insecure-ignore-tlog');
  if (ask.theirFormat === 'oci-1-1') args.push('--experimental-oci11');
  const env = environment(scene, { ...ask, ...(ask.theirFormat === undefined ? {} : { format: ask.theirFormat }) });
  const command = ask.type === undefined ? ['verify'] : ['verify-attestation', '--type', ask.type];
  return cosignVerdict(await workshop.lab.run(workshop.cosign, [...command, ...args, questioned(ask, scene)], env));
}

/** What cosign's end means. Throws where it came to no verdict. */
export function cosignVerdict({ code, stderr }: Ended): TheirVerdict {
  const said = stderr.split('\n').find((line) => line.startsWith('Error:')) ?? `ended with ${code}`;
  if (code === 0) return { accepts: true, said: 'verified' };
  if (!JUDGED.test(said)) throw new Error(`cosign came to no verdict: ${stderr}`);
  return { accepts: false, said };
}

/** How cosign 3.1.3 says that it looked and does not accept. */
const JUDGED =
  /^Error: (no signatures found|no matching signatures|no matching attestations|none of the attestations matched|no attestations found|found no attestations)/;

/** The same question in our flags. */
export function ourFlags(workshop: CosignWorkshop, ask: CosignQuestion, scene: Scene): readonly string[] {
  return [
    '--plain-http',
    scene.repository.host,
    ...ourSigner(ask, workshop),
    ...annotationFlags(ask),
    ...(ask.type === undefined ? [] : ['--type', ask.type]),
    ...(ask.apart === true ? ['--signature-repository', nameOf(scene.apart)] : []),
    ...(ask.log === 'required' ? [] : ['--insecure-ignore-tlog']),
    questioned(ask, scene),
  ];
}

function annotationFlags({ annotations }: CosignQuestion): readonly string[] {
  return Object.entries(annotations ?? {}).flatMap(([key, value]) => ['-a', csvField(`${key}=${value}`)]);
}

/** cosign reads `-a` as a line of CSV. */
function csvField(text: string): string {
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function theirSigner(ask: CosignQuestion, workshop: CosignWorkshop): readonly string[] {
  const by = ask.by ?? { key: 'P-256' };
  if ('keyless' in by) return [...by.keyless, '--trusted-root', rootOf(by, workshop)];
  const log = ask.log === 'required' ? ['--trusted-root', workshop.sigstore.trustedRoot] : [];
  if ('key' in by) return ['--key', keyOf(workshop, by.key).verifying, ...log];
  const identity =
    'identity' in by ? ['--certificate-identity', by.identity] : ['--certificate-identity-regexp', by.pattern];
  // A private CA names no OIDC issuer and is in no CT log; cosign wants both to be said.
  const none = ['--certificate-oidc-issuer-regexp', '.*', '--insecure-ignore-sct'];
  return [...identity, ...none, '--trusted-root', workshop.trustedRoots[by.ca]];
}

function ourSigner(ask: CosignQuestion, workshop: CosignWorkshop): readonly string[] {
  const by = ask.by ?? { key: 'P-256' };
  if ('keyless' in by) return [...by.keyless, '--trusted-root', rootOf(by, workshop)];
  const log = ask.log === 'required' ? ['--trusted-root', workshop.sigstore.trustedRoot] : [];
  if ('key' in by) return ['--key', keyOf(workshop, by.key).verifying, ...log];
  const identity =
    'identity' in by ? ['--certificate-identity', by.identity] : ['--certificate-identity-regexp', by.pattern];
  const { authority } = workshop;
  const intermediates = ['--ca-intermediates', authority.intermediateFile(by.ca)];
  return [...identity, '--ca-roots', authority.rootFile(by.ca), ...intermediates];
}

function rootOf({ root }: { readonly root?: 'fixtures' }, { sigstore }: CosignWorkshop): string {
  return root === 'fixtures' ? FIXTURES_ROOT : sigstore.trustedRoot;
}

/** The trust root of another private Sigstore. */
const FIXTURES_ROOT = join(import.meta.dirname, '..', 'fixtures', 'keys', 'trusted_root.json');

function imageOf(scene: Scene, subject: SubjectName = 'image'): string {
  return `${nameOf(scene.repository)}@${scene[subject].digest}`;
}

function questioned(ask: CosignQuestion, scene: Scene): string {
  return ask.byTag === true ? `${nameOf(scene.repository)}:v1` : imageOf(scene, ask.subject);
}
