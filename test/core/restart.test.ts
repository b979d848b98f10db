/** Who would not be let in again: the table of what Kyverno 1.19 reads, against what we verified. */
import { describe, expect, it } from 'vitest';
import type { ImageTrustPolicy } from '../../src/api/image-trust-policy.ts';
import { type Admission, type Door, refusalOnRestart } from '../../src/core/restart.ts';
import type { Evidence, SignatureForm, Verdict } from '../../src/core/verdict.ts';
import { evidenceOf, policyOf, rejected, unknown, verified } from '../support/builders.ts';

const C: Admission = { format: 'ClusterPolicy', leftOut: new Set(), unreadBundles: new Map(), unmeetable: [] };
const I: Admission = { ...C, format: 'ImageValidatingPolicy' };
const SLSA = { predicateType: 'https://slsa.dev/provenance/v1' };
const policy = (signatureFormat: 'Any' | 'Legacy' | 'Bundle', spec: object = {}): ImageTrustPolicy =>
  policyOf('production', { enforcement: { kyverno: { signatureFormat } }, ...spec });

const TAG: SignatureForm = 'cosign-simple signature-tag';
const OCI_11: SignatureForm = 'cosign-simple referrers-api';
const BUNDLE: SignatureForm = 'sigstore-bundle referrers-api';
const BUNDLE_BY_TAG: SignatureForm = 'sigstore-bundle referrers-tag';
const ATT: SignatureForm = 'cosign-dsse attestation-tag';
const NOTARY: SignatureForm = 'notary referrers-api';
const STAMPED: SignatureForm = 'notary-timestamped referrers-api';

function reasonFor(evidence: readonly Partial<Evidence>[], of: ImageTrustPolicy, door: Door) {
  const all = evidence.map((fields) => evidenceOf(fields));
  const base = { message: '', entries: [], notes: [] };
  return reasonOf({ state: 'verified', reason: 'Verified', evidence: all, ...base }, door, of);
}

function reasonOf(verdict: Verdict, door: Door, of = policy('Any'), namespace = 'shop'): string | undefined {
  return refusalOnRestart({ policy: of, use: { namespace }, verdict }, door)?.reason;
}

describe('what Kyverno reads of what we verified', () => {
  it.each<[string, readonly SignatureForm[], Evidence['proves'], ...(string | undefined)[]]>([
    // Columns: ClusterPolicy with Any, Bundle; ImageValidatingPolicy with Any, Legacy, Bundle.
    ['a tag of cosign 2', [TAG], 'signature', undefined, 'SignatureFormat', undefined, undefined, 'SignatureFormat'],
    ['a bundle of cosign 3', [BUNDLE], 'signature', 'SignatureFormat', undefined, undefined, undefined, undefined],
    [
      'a bundle without referrers API',
      [BUNDLE_BY_TAG],
      'signature',
      'SignatureFormat',
      'SignaturePlace',
      undefined,
      undefined,
      undefined,
    ],
    [
      'a referrer of cosign 2',
      [OCI_11],
      'signature',
      'SignaturePlace',
      'SignatureFormat',
      'SignaturePlace',
      'SignaturePlace',
      'SignatureFormat',
    ],
    [
      'a tag and a bundle by one key',
      [TAG, BUNDLE],
      'signature',
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
    ],
    ['a Notary signature', [NOTARY], 'signature', undefined, undefined, undefined, undefined, undefined],
    [
      'a Notary signature whose certificate has expired',
      [STAMPED],
      'signature',
      'SignatureTime',
      'SignatureTime',
      undefined,
      undefined,
      undefined,
    ],
    [
      'an expired one beside a newer one',
      [NOTARY, STAMPED],
      'signature',
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
    ],
    [
      'an attestation of cosign 2',
      [ATT],
      SLSA,
      undefined,
      'SignatureFormat',
      'SignatureFormat',
      'SignatureFormat',
      'SignatureFormat',
    ],
    ['an attestation in a bundle', [BUNDLE], SLSA, 'SignatureFormat', undefined, undefined, undefined, undefined],
  ])('%s', (_, forms, proves, ...expected) => {
    const answers = [
      [policy('Any'), C],
      [policy('Bundle'), C],
      [policy('Any'), I],
      [policy('Legacy'), I],
      [policy('Bundle'), I],
    ] as const;
    expect(answers.map(([of, admission]) => reasonFor([{ forms, proves }], of, admission))).toEqual(expected);
  });

  it.each(['Ed25519', 'certificate'] as const)('cannot verify bundles by a key of kind %s', (kind) => {
    const admission = { ...I, unreadBundles: new Map([['release', kind]]) };
    expect(reasonFor([{ forms: [BUNDLE] }], policy('Bundle'), admission)).toBe('KeyAlgorithm');
    expect(reasonFor([{ forms: [TAG] }], policy('Any'), admission)).toBeUndefined();
  });

  it('knows no older signatures of a key that is left out', () => {
    const admission = { ...I, leftOut: new Set(['release']) };
    expect(reasonFor([{ forms: [TAG] }], policy('Any'), admission)).toBe('TrustedKeyLeftOut');
  });

  it('counts the entries that it can read against what the set needs', () => {
    const entries = [{ trustedKey: 'a' }, { trustedKey: 'b' }];
    const evidence = [
      { set: 'team', trustedKey: 'a', forms: [BUNDLE] },
      { set: 'team', trustedKey: 'b', forms: [TAG] },
    ];
    const counted = (count: number): ImageTrustPolicy =>
      policy('Any', { attestors: [{ name: 'team', count, entries }] });
    expect(reasonFor(evidence, counted(1), C)).toBeUndefined();
    expect(reasonFor(evidence, counted(2), C)).toBe('SignatureFormat');
    expect(reasonFor(evidence, counted(2), I)).toBeUndefined();
  });

  it('says nothing of evidence whose form is not known', () => {
    expect(reasonFor([{}], policy('Any'), C)).toBeUndefined();
  });
});

describe('our own verdict', () => {
  it('refuses what is rejected, not what could not be checked', () => {
    expect(reasonOf(rejected(), I)).toBe('NoSignature');
    expect(reasonOf(unknown(), I)).toBeUndefined();
  });

  it('refuses nothing where no policy is at the door, nor where Kyverno does not look', () => {
    expect(reasonOf(rejected(), 'open')).toBeUndefined();
    expect(reasonOf(rejected(), I, policy('Any'), 'kube-system')).toBeUndefined();
  });

  it.each([
    ['an image that could not be checked', unknown(), 'NobodyVouches'],
    ['one that is trusted by an older signature', verified(), 'NobodyVouches'],
    ['one that is rejected, by our reason', rejected(), 'NoSignature'],
  ])('a set that nobody can meet refuses %s', (_, verdict, reason) => {
    expect(reasonOf(verdict, { ...I, unmeetable: ['team'] })).toBe(reason);
  });
});
