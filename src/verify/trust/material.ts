/**
 * Where a TrustedKey's material comes from, as the resolver asks for it: text behind references, and trust roots.
 * Owns the interfaces and what a TrustedKey's trust root leads to; must never wait for anything.
 */
import type { KmsSource, PemSource, TrustRootSource } from '../../api/source.ts';
import type { TrustedKeySpec } from '../../api/trusted-key.ts';
import { Failure } from '../../core/failure.ts';
import { type TufRepository, tufRepository } from '../../registry/tuf/repository.ts';
import type { TrustRoot } from '../signer.ts';
import { parseTrustedRoot } from './trusted-root.ts';

/** A key of a Secret or ConfigMap. */
export interface TextRef {
  readonly kind: 'Secret' | 'ConfigMap';
  readonly namespace: string;
  readonly name: string;
  readonly key: string;
}

/** Text, or why it cannot be had: what is missing and where, never what it says. */
export type TextAnswer =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly message: string };

/** What is known of a key in a key management service: PEM blocks, or why there are none. */
export type KmsAnswer =
  | { readonly state: 'known'; readonly text: string }
  | { readonly state: 'loading' }
  | { readonly state: 'unknown'; readonly message: string };

/** Secrets and ConfigMaps, from manifests or from a cluster; and key management services. */
export interface MaterialLookup {
  text(ref: TextRef): TextAnswer;
  /** Absent: nobody asks key management services here. */
  kms?(source: KmsSource): KmsAnswer;
}

/** A trust root, or why it cannot be had and what to give. */
export type TrustRootAnswer =
  | { readonly ok: true; readonly root: TrustRoot }
  | { readonly ok: false; readonly message: string };

/** Trust roots by what a TrustedKey says of them. */
export interface TrustRoots {
  /** The root for keys that name none, where it was given and nobody has to be asked for it. */
  readonly given?: TrustRoot;
  /** `undefined`: the instance for keys that name none. */
  rootOf(source: TrustRootSource | undefined): TrustRootAnswer;
}

/** Where roots come from that no key holds itself. */
export interface RootSources {
  /** For keys that name no trust root (`--trusted-root`). */
  readonly given?: TrustRoot | undefined;
  /** For keys that name none, where none is given: the public instance, or `--tuf-mirror`. */
  readonly instance?: TufRepository | undefined;
  /** The roots of repositories, as whoever fetches them has them by now. Absent: nothing is fetched. */
  readonly tuf?: { rootOf(repository: TufRepository): TrustRootAnswer };
}

/** The text of a PEM source, with a name for messages. */
export function pemText(
  source: PemSource,
  where: string,
  lookup: MaterialLookup,
): TextAnswer & { readonly where: string } {
  if (source.pem !== undefined) return { ok: true, text: source.pem, where: `${where}.pem` };
  const ref = textRefOf(source);
  if (ref === undefined) return { ok: false, message: 'it names no source', where };
  return { ...lookup.text(ref), where: shownRef(ref) };
}

/** `Secret security/cosign, key cosign.pub` */
export function shownRef({ kind, namespace, name, key }: TextRef): string {
  return `${kind} ${namespace}/${name}, key ${key}`;
}

/** Trust roots out of ConfigMaps through the lookup, and out of these sources. The same text is parsed once. */
export function trustRootsOf(lookup: MaterialLookup, { given, instance, tuf }: RootSources = {}): TrustRoots {
  const parsed = new Map<string, TrustRootAnswer>();
  const fetched = (repository: TufRepository): TrustRootAnswer =>
    tuf?.rootOf(repository) ?? unavailable(`TUF repository ${repository.mirror}: nothing is fetched here`);
  const fromText = (ref: TextRef): TrustRootAnswer => {
    const answer = lookup.text(ref);
    if (!answer.ok) return unavailable(`trustRoot: ${answer.message}`);
    const known = parsed.get(answer.text) ?? parse(answer.text, shownRef(ref));
    parsed.set(answer.text, known);
    return known;
  };
  return {
    ...(given === undefined ? {} : { given }),
    rootOf(source): TrustRootAnswer {
      if (source?.configMapRef !== undefined) return fromText({ kind: 'ConfigMap', ...source.configMapRef });
      if (source?.tuf !== undefined) {
        const named = namedRepository(source.tuf, lookup);
        return 'message' in named ? unavailable(named.message) : fetched(named);
      }
      if (given !== undefined) return { ok: true, root: given };
      return instance === undefined ? unavailable(NO_INSTANCE) : fetched(instance);
    },
  };
}

/**
 * The TUF repository that a key's root has to be fetched from; undefined where it needs none, or where what names it
 * cannot be read: then `rootOf` says so. A key that names no root and reads no log asks nobody.
 */
export function repositoryOf(
  { notation, keyless, transparencyLog, trustRoot }: TrustedKeySpec,
  lookup: MaterialLookup,
  { given, instance }: RootSources,
): TufRepository | undefined {
  if (notation !== undefined || trustRoot?.configMapRef !== undefined) return undefined;
  if (trustRoot?.tuf !== undefined) {
    const named = namedRepository(trustRoot.tuf, lookup);
    return 'message' in named ? undefined : named;
  }
  const needed = keyless !== undefined || transparencyLog === 'Required';
  return needed && given === undefined ? instance : undefined;
}

const NO_INSTANCE =
  'no Sigstore trust root: none is fetched for keys that name none (--tuf-mirror none); give a trusted_root.json with --trusted-root FILE or trustRoot.configMapRef, or the TUF repository with trustRoot.tuf';

function namedRepository(
  { mirror, rootRef }: NonNullable<TrustRootSource['tuf']>,
  lookup: MaterialLookup,
): TufRepository | { readonly message: string } {
  const answer = lookup.text({ kind: 'ConfigMap', ...rootRef.configMapRef });
  if (!answer.ok) return { message: `trustRoot.tuf.rootRef: ${answer.message}` };
  try {
    return tufRepository(mirror, answer.text);
  } catch (error) {
    if (error instanceof Failure) return { message: `trustRoot.tuf.mirror: ${error.message}` };
    throw error;
  }
}

function parse(text: string, where: string): TrustRootAnswer {
  try {
    return { ok: true, root: parseTrustedRoot(text) };
  } catch (error) {
    if (error instanceof Failure) return unavailable(`trustRoot: ${where}: ${error.message}`);
    throw error;
  }
}

function unavailable(message: string): TrustRootAnswer {
  return { ok: false, message };
}

function textRefOf({ secretRef, configMapRef }: PemSource): TextRef | undefined {
  if (secretRef !== undefined) return { kind: 'Secret', ...secretRef };
  return configMapRef === undefined ? undefined : { kind: 'ConfigMap', ...configMapRef };
}
