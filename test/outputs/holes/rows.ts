/** A row of the audit's tables, and what both tables share. */

/** What is wrong; the policy; the codes of its holes. */
export type Row = readonly [string, object, readonly string[]];

export const SIGNATURE = 'https://sigstore.dev/cosign/sign/v1';
export const GITHUB = 'https://token.actions.githubusercontent.com';
export const IDENTITY = {
  issuer: GITHUB,
  subject: 'https://github.com/acme/app/.github/workflows/r.yaml@refs/heads/main',
};
export const REKOR = { rekor: { url: 'https://rekor.sigstore.dev' } };
