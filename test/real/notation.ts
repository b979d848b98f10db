/**
 * The real notation: signing as its users do, and its judgement. Owns the mapping of a question to a trust policy of
 * notation and to our flags. A refusal counts only where notation says that it judged.
 */
import { copyFile, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nameOf } from './content.ts';
import type { AuthorityName, NotarySigner, NotationWorkshop } from './notation-workshop.ts';
import type { Scene, Step, SubjectName, TheirVerdict } from './row.ts';

export interface NotarySigning {
  readonly by?: NotarySigner;
  readonly format?: 'jws' | 'cose';
  readonly metadata?: Readonly<Record<string, string>>;
  /** Go duration. */
  readonly expiry?: string;
  readonly timestamp?: true;
  readonly subject?: SubjectName;
}

/** `notation sign`. */
export function notarise(signing: NotarySigning = {}): Step<NotationWorkshop> {
  return async (workshop, scene) => {
    await signWith(workshop, scene, { signing, key: signing.by ?? 'EC-256', config: workshop.signing });
  };
}

/** Signs with a certificate that ends soon after, and waits until it has ended. */
export function notariseBeforeTheEnd(signing: Omit<NotarySigning, 'by'> = {}): Step<NotationWorkshop> {
  return async (workshop, scene) => {
    const { key, signing: config, ends } = await workshop.shortLived(SHORT_LIFE_S);
    await signWith(workshop, scene, { signing, key, config });
    await pause(ends.getTime() - Date.now() + 1500);
  };
}

/** Long enough to sign on a busy machine, short enough to wait for. */
const SHORT_LIFE_S = 12;

/** Lets time pass. */
export function wait(ms: number): Step<unknown> {
  return async () => pause(ms);
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

interface Signer {
  readonly signing: NotarySigning;
  readonly key: string;
  readonly config: string;
}

async function signWith(workshop: NotationWorkshop, scene: Scene, { signing, key, config }: Signer): Promise<void> {
  const { format = 'jws', metadata = {}, expiry, timestamp, subject = 'image' } = signing;
  const args = ['sign', '--insecure-registry', '--key', key, '--signature-format', format, ...metadataFlags(metadata)];
  if (expiry !== undefined) args.push('--expiry', expiry);
  if (timestamp === true) {
    args.push('--timestamp-url', workshop.timestamps.url, '--timestamp-root-cert', workshop.rootFile('company'));
  }
  if (scene.registry === 'the referrers API') args.push('--force-referrers-tag=false');
  args.push(imageOf(scene, subject));
  await workshop.lab.must(workshop.notation, args, { NOTATION_CONFIG: config });
}

export interface NotaryQuestion {
  /** Whose root lies in the trust store `ca:trusted`. Default: the company's. */
  readonly ca?: AuthorityName;
  /** Default: that of the company's signers. */
  readonly identities?: readonly string[];
  readonly level?: 'strict' | 'permissive' | 'audit' | 'skip';
  readonly override?: Readonly<Record<string, string>>;
  /** Whose root lies in the trust store `tsa:stamps`; absent: no such store. */
  readonly tsa?: AuthorityName;
  readonly verifyTimestamp?: 'always' | 'afterCertExpiry';
  /** What the only statement holds for. Default: everything. */
  readonly scope?: 'this repository' | 'another repository';
  readonly metadata?: Readonly<Record<string, string>>;
  readonly subject?: SubjectName;
  /** We read notation's own trustpolicy.json; else we get flags. A question that flags cannot put needs it. */
  readonly ourPolicyFile?: true;
}

/** Identity of the company's signers. */
export const COMPANY = 'x509.subject: C=US, ST=WA, O=Test';

/** `notation verify` under a trust policy and trust stores made for the question. */
export async function askNotation(
  workshop: NotationWorkshop,
  ask: NotaryQuestion,
  scene: Scene,
): Promise<TheirVerdict> {
  const config = await configurationFor(workshop, ask, scene);
  const args = ['verify', '--insecure-registry', ...metadataFlags(ask.metadata ?? {}), imageOf(scene, ask.subject)];
  const ended = await workshop.lab.run(workshop.notation, args, { NOTATION_CONFIG: config });
  const said = ended.stderr.split('\n').find((line) => line.startsWith('Error:')) ?? `ended with ${ended.code}`;
  if (ended.code === 0) return { accepts: true, said: ended.stdout.split('\n')[0] ?? 'verified' };
  if (!JUDGED.test(said)) throw new Error(`notation came to no verdict: ${ended.stderr}`);
  return { accepts: false, said };
}

/** How notation 1.3.2 says that it looked and does not accept. */
const JUDGED =
  /^Error: (signature verification failed|no signature is associated|artifact ".*" has no applicable trust policy)/;

async function configurationFor(workshop: NotationWorkshop, ask: NotaryQuestion, scene: Scene): Promise<string> {
  const folder = await mkdtemp(join(workshop.lab.folder, 'notation-verifying-'));
  await writeFile(join(folder, 'trustpolicy.json'), JSON.stringify(policyFor(ask, scene)));
  const store = async (type: string, name: string, authority: AuthorityName): Promise<void> => {
    const path = join(folder, 'truststore', 'x509', type, name);
    await mkdir(path, { recursive: true });
    await copyFile(workshop.rootFile(authority), join(path, 'root.crt'));
  };
  await store('ca', 'trusted', ask.ca ?? 'company');
  if (ask.tsa !== undefined) await store('tsa', 'stamps', ask.tsa);
  return folder;
}

function policyFor(ask: NotaryQuestion, { repository, apart }: Scene): object {
  const scopes = { 'this repository': nameOf(repository), 'another repository': nameOf(apart) };
  const { level = 'strict', override, verifyTimestamp } = ask;
  const trust =
    level === 'skip'
      ? {}
      : {
          trustStores: ['ca:trusted', ...(ask.tsa === undefined ? [] : ['tsa:stamps'])],
          trustedIdentities: ask.identities ?? [COMPANY],
        };
  const statement = {
    name: 'asked',
    registryScopes: [ask.scope === undefined ? '*' : scopes[ask.scope]],
    signatureVerification: {
      level,
      ...(override === undefined ? {} : { override }),
      ...(verifyTimestamp === undefined ? {} : { verifyTimestamp }),
    },
    ...trust,
  };
  return { version: '1.0', trustPolicies: [statement] };
}

/** The same question in our flags. */
export async function ourNotaryFlags(
  workshop: NotationWorkshop,
  ask: NotaryQuestion,
  scene: Scene,
): Promise<readonly string[]> {
  const metadata = Object.entries(ask.metadata ?? {}).flatMap(([key, value]) => ['-a', `${key}=${value}`]);
  const trust = needsPolicyFile(ask) ? await ourPolicyFlags(workshop, ask, scene) : ourPlainFlags(workshop, ask);
  return ['--plain-http', scene.repository.host, ...trust, ...metadata, imageOf(scene, ask.subject)];
}

function needsPolicyFile({ ourPolicyFile, override, scope, verifyTimestamp, level }: NotaryQuestion): boolean {
  const beyondFlags = override !== undefined || scope !== undefined || verifyTimestamp !== undefined;
  return ourPolicyFile === true || beyondFlags || level === 'skip';
}

function ourPlainFlags(workshop: NotationWorkshop, ask: NotaryQuestion): readonly string[] {
  return [
    '--notation-ca',
    workshop.rootFile(ask.ca ?? 'company'),
    ...(ask.tsa === undefined ? [] : ['--notation-tsa', workshop.rootFile(ask.tsa)]),
    ...(ask.identities ?? [COMPANY]).flatMap((identity) => ['--notation-identity', identity]),
    ...(ask.level === undefined ? [] : ['--notation-level', ask.level]),
  ];
}

async function ourPolicyFlags(
  workshop: NotationWorkshop,
  ask: NotaryQuestion,
  scene: Scene,
): Promise<readonly string[]> {
  const file = join(await configurationFor(workshop, ask, scene), 'trustpolicy.json');
  return [
    '--notation-policy',
    file,
    '--notation-ca',
    `trusted=${workshop.rootFile(ask.ca ?? 'company')}`,
    ...(ask.tsa === undefined ? [] : ['--notation-tsa', `stamps=${workshop.rootFile(ask.tsa)}`]),
  ];
}

function metadataFlags(metadata: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(metadata).flatMap(([key, value]) => ['-m', `${key}=${value}`]);
}

function imageOf(scene: Scene, subject: SubjectName = 'image'): string {
  return `${nameOf(scene.repository)}@${scene[subject].digest}`;
}
