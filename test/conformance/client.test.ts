import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runTool } from '../toolbox/toolbox.ts';
import { readArguments } from './arguments.ts';
import { verifyBundle } from './verify-bundle.ts';

const FIXTURES = 'test/fixtures';
const ATTESTED = {
  bundle: `${FIXTURES}/keyless3-attest/blobs/sha256/ae0c5fe76b94ec79c166003788c7da92ce629c685b7a54ab675b5878d98bcb4f`,
  artifact: 'sha256:64a82503125b81a460bf8367abe12a35155cc9a71335b530ee4e154d9ad20bc4',
  signer: {
    identity: 'https://ci.example.com/org/repo@refs/heads/main',
    issuer: 'https://issuer.example.com',
  },
  trustedRoot: `${FIXTURES}/keys/trusted_root.json`,
};
const NOW = new Date('2026-06-01T00:00:00Z');

const reasonOf = async (question: Parameters<typeof verifyBundle>[0]): Promise<string> => {
  const outcome = await verifyBundle(question, NOW);
  return outcome.ok ? 'Verified' : outcome.reason;
};

describe('a statement about a digest, signed keyless', () => {
  test.each([
    ['as it is', {}, 'Verified'],
    ['another artifact', { artifact: `sha256:${'0'.repeat(64)}` }, 'DigestMismatch'],
    [
      'another signer',
      { signer: { ...ATTESTED.signer, identity: 'https://ci.example.com/other' } },
      'IdentityMismatch',
    ],
    ['another issuer', { signer: { ...ATTESTED.signer, issuer: 'https://other.example.com' } }, 'IdentityMismatch'],
    ['a key', { signer: { key: `${FIXTURES}/keys/k1.pub` } }, 'UntrustedSigner'],
    ['what is no bundle', { bundle: `${FIXTURES}/keys/trusted_root.json` }, 'SignatureInvalid'],
  ])('%s', async (_name, change, reason) => {
    expect(await reasonOf({ ...ATTESTED, ...change })).toBe(reason);
  });

  test('the public good instance did not vouch for it', async () => {
    const { trustedRoot: _, ...question } = ATTESTED;
    expect(await reasonOf(question)).toBe('CertificateUntrusted');
  });
});

describe('a signature over bare bytes, by a key and without a log', () => {
  let folder: string;
  const artifact = Buffer.from('an artifact');
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const at = (name: string): string => join(folder, name);
  const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'image-trust-conformance-'));
    const bundle = {
      mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
      verificationMaterial: { publicKey: { hint: 'k' }, tlogEntries: [] },
      messageSignature: {
        messageDigest: { algorithm: 'SHA2_256', digest: sha256(artifact).toString('base64') },
        signature: sign('sha256', artifact, privateKey).toString('base64'),
      },
    };
    await writeFile(at('artifact'), artifact);
    await writeFile(at('other'), 'another artifact');
    await writeFile(at('bundle.json'), JSON.stringify(bundle));
    await writeFile(at('key.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  // The signature is looked at before the log: that nothing but the entry is missing says that it is valid.
  test.each([
    ['the file', () => at('artifact'), 'key.pub', 'TransparencyLogMissing'],
    ['its digest', () => `sha256:${sha256(artifact).toString('hex')}`, 'key.pub', 'TransparencyLogMissing'],
    ['another file', () => at('other'), 'key.pub', 'DigestMismatch'],
    ['another digest', () => `sha256:${'0'.repeat(64)}`, 'key.pub', 'DigestMismatch'],
  ])('%s', async (_name, asked, key, reason) => {
    const { trustedRoot } = ATTESTED;
    const question = { bundle: at('bundle.json'), artifact: asked(), signer: { key: at(key) }, trustedRoot };
    expect(await reasonOf(question)).toBe(reason);
  });

  test.each([
    ['the file', () => at('artifact')],
    ['its digest', () => `sha256:${sha256(artifact).toString('hex')}`],
  ])('%s, and the key of somebody else', async (_name, asked) => {
    const signer = { key: `${FIXTURES}/keys/k1.pub` };
    const { trustedRoot } = ATTESTED;
    expect(await reasonOf({ bundle: at('bundle.json'), artifact: asked(), signer, trustedRoot })).toBe(
      'UntrustedSigner',
    );
  });
});

describe('the protocol', () => {
  const identity = ['--certificate-identity', 'a', '--certificate-oidc-issuer', 'b'];
  test.each<[string, readonly string[], boolean]>([
    ['an identity', ['--bundle', 'f', ...identity, 'x'], true],
    ['a key', ['--bundle', 'f', '--key', 'k', 'x'], true],
    ['a trusted root', ['--bundle', 'f', '--key', 'k', '--trusted-root', 'r', 'x'], true],
    ['staging with its root', ['--staging', '--bundle', 'f', '--key', 'k', '--trusted-root', 'r', 'x'], true],
    ['staging without', ['--staging', '--bundle', 'f', '--key', 'k', 'x'], false],
    ['both signers', ['--bundle', 'f', '--key', 'k', ...identity, 'x'], false],
    ['half an identity', ['--bundle', 'f', ...identity.slice(0, 2), 'x'], false],
    ['no bundle', ['--key', 'k', 'x'], false],
    ['no artifact', ['--bundle', 'f', '--key', 'k'], false],
    ['two artifacts', ['--bundle', 'f', '--key', 'k', 'x', 'y'], false],
    ['an unknown flag', ['--bundle', 'f', '--key', 'k', '--trust-me', 'x'], false],
  ])('%s', (_name, args, ok) => {
    expect(readArguments(['verify-bundle', ...args]).ok).toBe(ok);
  });

  test('nothing is signed', () => {
    expect(readArguments(['sign-bundle', '--identity-token', 't', '--bundle', 'f', 'x']).ok).toBe(false);
  });

  test.each([
    ['a bundle that proves it', ATTESTED.artifact, 0],
    ['a bundle that does not', `sha256:${'0'.repeat(64)}`, 1],
  ])('the executable, %s', async (_name, artifact, code) => {
    const { bundle, signer, trustedRoot } = ATTESTED;
    const who = ['--certificate-identity', signer.identity, '--certificate-oidc-issuer', signer.issuer];
    const args = ['verify-bundle', '--bundle', bundle, ...who, '--trusted-root', trustedRoot, artifact];
    expect((await runTool('test/conformance/client', args)).code).toBe(code);
  });
});
