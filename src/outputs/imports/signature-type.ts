/** The predicate type by which cosign 3 writes an image signature as a bundle (measured: facts of cosign 3.1.1). */
export const SIGNATURE_TYPE = 'https://sigstore.dev/cosign/sign/v1';
