/**
 * The parts of @sigstore/verify that we use, and nothing else of it. Its Verifier cannot be told which hash a key signs
 * with, accepts a certificate only at a proven time and checks no key usage (signing.md section 1), so its parts are
 * composed here anew: Merkle proof, checkpoint, signed entry timestamp, entry body, SCT.
 *
 * The deep imports are not its public interface. package.json pins the version exactly, and
 * test/verify/sigstore/library.test.ts fails where an update moves them.
 */
export { X509Certificate as SigstoreCertificate } from '@sigstore/core';
export { toTrustMaterial, VerificationError } from '@sigstore/verify';
export type { TrustMaterial } from '@sigstore/verify';
export { verifySCTs } from '@sigstore/verify/dist/key/sct.js';
export type { SignatureContent } from '@sigstore/verify/dist/shared.types.js';
export { verifyTLogBody, verifyTLogInclusion } from '@sigstore/verify/dist/tlog/index.js';
