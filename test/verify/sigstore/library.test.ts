/** The deep imports from @sigstore/verify are not its interface: an update that moves or changes them fails here. */
import { describe, expect, test } from 'vitest';
import manifest from '../../../package.json' with { type: 'json' };
import * as library from '../../../src/verify/sigstore/library.ts';

describe('@sigstore/verify', () => {
  test('is pinned to the version whose parts were read', () => {
    expect(manifest.dependencies['@sigstore/verify']).toBe('4.1.3');
  });

  test('has the parts, with the parameters that we give them', () => {
    expect(Object.fromEntries(Object.entries(library).map(([name, part]) => [name, part.length]))).toEqual({
      SigstoreCertificate: 1,
      VerificationError: 0,
      toTrustMaterial: 2,
      verifySCTs: 3,
      verifyTLogBody: 2,
      verifyTLogInclusion: 2,
    });
  });
});
