/** The three families of cosign and Sigstore under the test that all families share. */
import { cosignDsse } from '../../../src/verify/cosign-dsse/index.ts';
import { cosignSimple } from '../../../src/verify/cosign-simple/index.ts';
import type { Claim } from '../../../src/verify/family.ts';
import type { SignerMaterial } from '../../../src/verify/signer.ts';
import { sigstoreBundle } from '../../../src/verify/sigstore-bundle/index.ts';
import { describeFamily, type ProvingCase } from '../family.conformance.ts';
import { claimOn, identity, keys, openFixture, pkiFile } from './layout.ts';

const K1 = keys('k1.pub');
const PROD: Partial<Claim> = { annotations: { env: 'prod' } };
const SLSA: Partial<Claim> = { demands: { type: 'attestation', predicateType: 'https://slsa.dev/provenance/v1' } };
const AUTHORITY: SignerMaterial = {
  type: 'certificate',
  roots: pkiFile('root.crt'),
  intermediates: pkiFile('inter.crt'),
  identities: [identity('signer@example.com')],
  transparencyLog: 'Ignored',
};
const NOTATION: SignerMaterial = {
  type: 'notation',
  ca: pkiFile('root.crt'),
  signingAuthority: [],
  tsa: [],
  trustedIdentities: '*',
  level: {
    name: 'strict',
    authenticity: 'enforce',
    authenticTimestamp: 'enforce',
    expiry: 'enforce',
    revocation: 'enforce',
  },
  verifyTimestamp: 'always',
};

function proving(name: string, material: SignerMaterial, more: Partial<Claim> = {}): ProvingCase {
  const { subject, signatures } = openFixture(name);
  const [signature] = signatures;
  if (signature === undefined) throw new Error(`fixture ${name} holds no signature`);
  return { name, signature, claim: claimOn(subject, material, more) };
}

describeFamily('cosign-simple', {
  family: cosignSimple,
  cases: () => [
    proving('legacy2-annot', K1, PROD),
    proving('legacy3-ed25519', keys('ed25519-cosign.pub')),
    proving('legacy3-cert', AUTHORITY),
  ],
  foreign: NOTATION,
});
describeFamily('cosign-dsse', {
  family: cosignDsse,
  cases: () => [proving('attest2-slsa1', K1, SLSA)],
  foreign: NOTATION,
});
describeFamily('sigstore-bundle', {
  family: sigstoreBundle,
  cases: () => [
    proving('bundle3-annot', K1, PROD),
    proving('attest3-slsa1', K1, SLSA),
    proving('bundle3-cert', AUTHORITY),
  ],
  foreign: NOTATION,
});
