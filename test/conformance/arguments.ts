/** The arguments of sigstore-conformance's protocol for clients. Owns their reading; must never judge. */
import { parseArgs } from 'node:util';

/** One question: does this bundle prove that this signer signed this artifact? */
export interface BundleQuestion {
  readonly bundle: string;
  readonly signer: { readonly key: string } | { readonly identity: string; readonly issuer: string };
  /** Path of a trusted_root.json; absent: the public good instance. */
  readonly trustedRoot?: string;
  /** Path, or `sha256:` and 64 hexadecimal digits. */
  readonly artifact: string;
}

/** What the arguments ask, or why they cannot be answered. */
export type Asked =
  | { readonly ok: true; readonly question: BundleQuestion }
  | { readonly ok: false; readonly why: string };

const OPTIONS = {
  bundle: { type: 'string' },
  'certificate-identity': { type: 'string' },
  'certificate-oidc-issuer': { type: 'string' },
  key: { type: 'string' },
  'trusted-root': { type: 'string' },
  staging: { type: 'boolean' },
} as const;

/** Reads `verify-bundle …`. Everything else is not answered: this program signs nothing. */
export function readArguments([command, ...rest]: readonly string[]): Asked {
  if (command !== 'verify-bundle') return no(`${command ?? 'nothing'}: only verify-bundle is spoken here`);
  const read = parsed(rest);
  if (read === undefined) return no('an option that is not known, or one without its value');
  const { values, positionals } = read;
  const [artifact, ...more] = positionals;
  const { bundle, key, 'trusted-root': trustedRoot } = values;
  const signer = signerOf(key, values['certificate-identity'], values['certificate-oidc-issuer']);
  if (bundle === undefined || artifact === undefined || more.length > 0 || signer === undefined)
    return no(
      'expected --bundle FILE, --key FILE or --certificate-identity and --certificate-oidc-issuer, and one file',
    );
  if (values.staging === true && trustedRoot === undefined)
    return no('--staging: its trusted root is not at hand, give it with --trusted-root');
  return { ok: true, question: { bundle, signer, artifact, ...(trustedRoot === undefined ? {} : { trustedRoot }) } };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

function signerOf(
  key: string | undefined,
  identity: string | undefined,
  issuer: string | undefined,
): BundleQuestion['signer'] | undefined {
  if (key !== undefined) return identity === undefined && issuer === undefined ? { key } : undefined;
  return identity === undefined || issuer === undefined ? undefined : { identity, issuer };
}

function no(why: string): Asked {
  return { ok: false, why };
}
