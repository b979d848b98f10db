/**
 * Where text comes from: inline PEM, or a key of a Secret or ConfigMap. Owns the shapes of references;
 * must never resolve one.
 */
import * as z from 'zod';
import { exactlyOne, type Rule, ruled } from './rule.ts';
import { dataKey, duration, namespaceName, objectName, text } from './scalars.ts';

/** A key of a Secret or ConfigMap; the namespace is explicit, for our kinds are cluster-scoped. */
export const KeyRef = z.strictObject({
  namespace: namespaceName().describe('Namespace of the object. Example: security.'),
  name: objectName().describe('Name of the object. Example: cosign.'),
  key: dataKey().describe('Key in its data. Example: cosign.pub.'),
});
/** A key of a Secret or ConfigMap. */
export type KeyRef = z.output<typeof KeyRef>;

/** A whole Secret. */
export const SecretRef = z.strictObject({
  namespace: namespaceName().describe('Namespace of the Secret. Example: security.'),
  name: objectName().describe('Name of the Secret. Example: registry-credentials.'),
});
/** A whole Secret. */
export type SecretRef = z.output<typeof SecretRef>;

const MAX_PEM = 65_536;

const pemText = z
  .string()
  .min(1)
  .max(MAX_PEM)
  .describe('PEM text itself: one or more blocks. Public material only. At most 64 KiB.')
  .exactOptional();
const secretRef = KeyRef.describe('A key of a Secret that holds the PEM text.').exactOptional();
const configMapRef = KeyRef.describe('A key of a ConfigMap that holds the PEM text.').exactOptional();

interface InlinePem {
  readonly pem?: string;
}

/**
 * A private key is refused at the door, before it is stored where every reader of the API sees it. The rule stands on
 * the parent, because the API server repeats the value of a text that a rule refuses.
 */
const noPrivateKey: Rule<InlinePem> = {
  cel: "!has(self.pem) || !self.pem.contains('PRIVATE KEY-----')",
  message:
    'write only the public half in pem (cosign public-key --key cosign.key); a private key that stood here counts as leaked',
  path: ['pem'],
  holds: ({ pem }) => pem === undefined || !pem.includes('PRIVATE KEY-----'),
};

const looksLikePem: Rule<InlinePem> = {
  cel: "!has(self.pem) || self.pem.contains('-----BEGIN ')",
  message: 'write whole PEM blocks in pem, from -----BEGIN to -----END, line breaks included (pem: |)',
  path: ['pem'],
  holds: ({ pem }) => pem === undefined || pem.includes('-----BEGIN '),
};

/** PEM text from one of three places. */
export const PemSource = ruled(
  z.strictObject({ pem: pemText, secretRef, configMapRef }),
  exactlyOne('pem', 'secretRef', 'configMapRef'),
  noPrivateKey,
  looksLikePem,
);
/** PEM text from one of three places. */
export type PemSource = z.output<typeof PemSource>;

const kmsUri: Rule<string> = {
  cel: "self.matches('^(awskms|gcpkms|azurekms|hashivault)://.+$')",
  message: 'write a URI as cosign does: awskms://…, gcpkms://…, azurekms://… or hashivault://…',
  path: [],
  holds: (uri) => /^(awskms|gcpkms|azurekms|hashivault):\/\/.+$/.test(uri),
};

/** A key in a key management service. */
export const KmsSource = z.strictObject({
  uri: ruled(text(1024), kmsUri).describe(
    'URI of the key as cosign writes it: awskms, gcpkms, azurekms or hashivault. Example: awskms:///alias/release.',
  ),
  refreshInterval: duration()
    .default('1h')
    .describe('How often the public key is read again. Duration; default 1h. Example: 30m.'),
});
/** A key in a key management service. */
export type KmsSource = z.output<typeof KmsSource>;

/** Public keys from one of four places. */
export const PublicKeySource = ruled(
  z.strictObject({
    pem: pemText,
    secretRef,
    configMapRef,
    kms: KmsSource.describe('A key management service that hands out the public key.').exactOptional(),
  }),
  exactlyOne('pem', 'secretRef', 'configMapRef', 'kms'),
  noPrivateKey,
  looksLikePem,
);
/** Public keys from one of four places. */
export type PublicKeySource = z.output<typeof PublicKeySource>;

/** Initial root of a TUF repository. */
export const TufRootRef = z.strictObject({
  configMapRef: KeyRef.describe('A key of a ConfigMap that holds the initial root.json.'),
});

/** A Sigstore instance: a trusted root as it stands, or a TUF repository that keeps it fresh. */
export const TrustRootSource = ruled(
  z.strictObject({
    configMapRef: KeyRef.describe(
      'A key of a ConfigMap that holds a trusted_root.json. Nothing is contacted: for air-gapped use.',
    ).exactOptional(),
    tuf: z
      .strictObject({
        mirror: ruled(text(1024), {
          cel: "self.matches('^https?://.+$')",
          message: 'write the URL of the TUF mirror, such as https://tuf.example.com',
          path: [],
          holds: (uri) => /^https?:\/\/.+$/.test(uri),
        }).describe('URL of the TUF repository. Example: https://tuf.example.com.'),
        rootRef: TufRootRef.describe('Where the initial root lies; trust starts there.'),
      })
      .describe('A TUF repository, refreshed in the background.')
      .exactOptional(),
  }),
  exactlyOne('configMapRef', 'tuf'),
);
/** A Sigstore instance. */
export type TrustRootSource = z.output<typeof TrustRootSource>;

/** PEM text of certificate authorities: Secret or ConfigMap, as registries' CAs are given. */
export const CaRef = ruled(z.strictObject({ secretRef, configMapRef }), exactlyOne('secretRef', 'configMapRef'));
