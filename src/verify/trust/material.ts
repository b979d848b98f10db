/**
 * Where a TrustedKey's material comes from, as the resolver asks for it: text behind references, and trust roots.
 * Owns the two interfaces and the trust roots that need no network; must never wait for anything.
 */
import type { PemSource, TrustRootSource } from '../../api/source.ts';
import { Failure } from '../../core/failure.ts';
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

/** Secrets and ConfigMaps, from manifests or from a cluster. */
export interface MaterialLookup {
  text(ref: TextRef): TextAnswer;
}

/** A trust root, or why it cannot be had and what to give. */
export type TrustRootAnswer =
  | { readonly ok: true; readonly root: TrustRoot }
  | { readonly ok: false; readonly message: string };

/** Trust roots by what a TrustedKey says of them; `undefined` is the public instance. */
export interface TrustRoots {
  rootOf(source: TrustRootSource | undefined): TrustRootAnswer;
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

/**
 * Trust roots without a network: ConfigMaps through the lookup, and one root for keys that name none
 * (`--trusted-root`). The same text is parsed once.
 */
export function staticTrustRoots(lookup: MaterialLookup, forKeysWithoutOne?: TrustRoot): TrustRoots {
  const parsed = new Map<string, TrustRootAnswer>();
  return {
    rootOf(source): TrustRootAnswer {
      if (source === undefined)
        return forKeysWithoutOne === undefined ? unavailable(NO_PUBLIC_ROOT) : { ok: true, root: forKeysWithoutOne };
      if (source.configMapRef === undefined) return unavailable(NO_TUF);
      const ref: TextRef = { kind: 'ConfigMap', ...source.configMapRef };
      const answer = lookup.text(ref);
      if (!answer.ok) return unavailable(`trustRoot: ${answer.message}`);
      const known = parsed.get(answer.text) ?? parse(answer.text, shownRef(ref));
      parsed.set(answer.text, known);
      return known;
    },
  };
}

const NO_PUBLIC_ROOT =
  'no Sigstore trust root: the public instance is not fetched by this version; give a trusted_root.json with --trusted-root FILE or trustRoot.configMapRef';
const NO_TUF =
  'trustRoot.tuf is not fetched by this version: give the trusted_root.json itself as trustRoot.configMapRef';

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
