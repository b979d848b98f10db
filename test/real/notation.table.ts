/** notation: keys and envelopes, metadata, trust stores, identities, levels, expiry, places and tampering. */
import { COMPANY, type NotaryQuestion, notarise, wait } from './notation.ts';
import { NOTARY_ALGORITHMS, type NotationWorkshop } from './notation-workshop.ts';
import type { Row } from './row.ts';
import { changeReferrers, copyFallbackIndex, copyReferrers, type JsonObject, removeSignatures } from './tamper.ts';

export type NotaryRow = Row<NotationWorkshop, NotaryQuestion>;

const FORMATS = ['jws', 'cose'] as const;
const accepted = { theirs: 'accept', ours: 'Verified' } as const;

const ENVELOPES: readonly NotaryRow[] = FORMATS.flatMap((format): readonly NotaryRow[] => {
  const annotated = [notarise({ format, metadata: { env: 'prod', team: 'core' } })];
  return [
    ...NOTARY_ALGORITHMS.map(
      (by): NotaryRow => ({
        name: `${format}: signed with ${by}`,
        prepare: [notarise({ format, by })],
        ask: {},
        ...accepted,
      }),
    ),
    { name: `${format}: metadata that is there`, prepare: annotated, ask: { metadata: { env: 'prod' } }, ...accepted },
    {
      name: `${format}: all of the metadata`,
      prepare: annotated,
      ask: { metadata: { env: 'prod', team: 'core' } },
      ...accepted,
    },
    {
      name: `${format}: metadata with another value`,
      prepare: annotated,
      ask: { metadata: { env: 'dev' } },
      theirs: 'refuse',
      ours: 'AnnotationMismatch',
    },
    {
      name: `${format}: metadata that is not there`,
      prepare: [notarise({ format })],
      ask: { metadata: { env: 'prod' } },
      theirs: 'refuse',
      ours: 'AnnotationMismatch',
    },
    ...(['strict', 'permissive', 'audit'] as const).map(
      (level): NotaryRow => ({
        name: `${format}: an envelope with a changed payload, at ${level}`,
        prepare: [notarise({ format }), changeReferrers(format === 'jws' ? changedJws : changedCose)],
        ask: { level },
        theirs: 'refuse',
        ours: 'SignatureInvalid',
      }),
    ),
    {
      name: `${format}: given to another image`,
      prepare: [notarise({ format }), copyReferrers],
      ask: { subject: 'other' },
      theirs: 'refuse',
      ours: 'DigestMismatch',
    },
    {
      name: `${format}: given to another image, at audit`,
      prepare: [notarise({ format }), copyReferrers],
      ask: { subject: 'other', level: 'audit' },
      theirs: 'refuse',
      ours: 'DigestMismatch',
    },
    {
      name: `${format}: expiry that has not come`,
      prepare: [notarise({ format, expiry: '24h' })],
      ask: {},
      ...accepted,
    },
    {
      name: `${format}: expiry that has passed`,
      prepare: [notarise({ format, expiry: '1s' }), wait(2_000)],
      ask: {},
      theirs: 'refuse',
      ours: 'SignatureExpired',
    },
    {
      name: `${format}: expiry that has passed, at permissive`,
      prepare: [notarise({ format, expiry: '1s' }), wait(2_000)],
      ask: { level: 'permissive' },
      ...accepted,
    },
  ];
});

const TRUST: readonly NotaryRow[] = [
  ...(['strict', 'permissive'] as const).map(
    (level): NotaryRow => ({
      name: `another authority, at ${level}`,
      prepare: [notarise({ by: 'a stranger' })],
      ask: { level },
      theirs: 'refuse',
      ours: 'CertificateUntrusted',
    }),
  ),
  {
    name: 'another authority, at audit',
    prepare: [notarise({ by: 'a stranger' })],
    ask: { level: 'audit' },
    ...accepted,
  },
  {
    name: 'the other trust store',
    prepare: [notarise()],
    ask: { ca: 'stranger' },
    theirs: 'refuse',
    ours: 'CertificateUntrusted',
  },
  {
    name: 'an identity of another organisation',
    prepare: [notarise({ by: 'another organisation' })],
    ask: {},
    theirs: 'refuse',
    ours: 'IdentityMismatch',
  },
  {
    name: 'an identity of another organisation, at audit',
    prepare: [notarise({ by: 'another organisation' })],
    ask: { level: 'audit' },
    ...accepted,
  },
  {
    name: 'any identity',
    prepare: [notarise({ by: 'another organisation' })],
    ask: { identities: ['*'] },
    ...accepted,
  },
  {
    name: 'an identity with the name of the signer',
    prepare: [notarise()],
    ask: { identities: [`${COMPANY}, CN=signer`] },
    ...accepted,
  },
  {
    name: 'an identity with another name',
    prepare: [notarise()],
    ask: { identities: [`${COMPANY}, CN=somebody`] },
    theirs: 'refuse',
    ours: 'IdentityMismatch',
  },
  {
    name: 'the second of two identities',
    prepare: [notarise({ by: 'another organisation' })],
    ask: { identities: [COMPANY, 'x509.subject: C=US, ST=WA, O=Other'] },
    ...accepted,
  },
  {
    name: 'several signatures, one of them ours',
    prepare: [notarise({ by: 'a stranger' }), notarise(), notarise({ by: 'another organisation', format: 'cose' })],
    ask: {},
    ...accepted,
  },
  {
    name: 'several signatures, none of them ours',
    prepare: [notarise({ by: 'a stranger' }), notarise({ by: 'a stranger', format: 'cose' })],
    ask: {},
    theirs: 'refuse',
    ours: 'CertificateUntrusted',
  },
  {
    name: 'metadata of one signature, authority of another',
    prepare: [notarise({ by: 'a stranger', metadata: { env: 'prod' } }), notarise()],
    ask: { metadata: { env: 'prod' } },
    theirs: 'refuse',
    ours: 'AnnotationMismatch',
  },
];

const PLACES: readonly NotaryRow[] = [
  { name: 'an image that nobody signed', prepare: [], ask: {}, theirs: 'refuse', ours: 'NoSignature' },
  {
    name: 'an image that nobody signed, at audit',
    prepare: [],
    ask: { level: 'audit' },
    theirs: 'refuse',
    ours: 'NoSignature',
  },
  {
    name: 'another image of the repository',
    prepare: [notarise()],
    ask: { subject: 'other' },
    theirs: 'refuse',
    ours: 'NoSignature',
  },
  {
    name: 'a signature that was deleted',
    prepare: [notarise(), removeSignatures],
    ask: {},
    theirs: 'refuse',
    ours: 'NoSignature',
  },
  {
    name: "an image in Docker's format",
    shape: 'docker',
    prepare: [notarise({ format: 'cose' })],
    ask: {},
    ...accepted,
  },
  { name: 'an index', shape: 'index', prepare: [notarise()], ask: {}, ...accepted },
  {
    name: 'an image of a signed index',
    shape: 'index',
    prepare: [notarise()],
    ask: { subject: 'child' },
    theirs: 'refuse',
    ours: 'NoSignature',
  },
  {
    name: 'a signed image of an index',
    shape: 'index',
    prepare: [notarise({ subject: 'child' })],
    ask: { subject: 'child' },
    ...accepted,
  },
  {
    name: 'a fallback index copied to another image',
    only: 'fallback tags (distribution)',
    prepare: [notarise(), copyFallbackIndex],
    ask: { subject: 'other' },
    theirs: 'refuse',
    ours: 'DigestMismatch',
  },
];

const POLICIES: readonly NotaryRow[] = [
  { name: 'policy file: a statement for everything', prepare: [notarise()], ask: { ourPolicyFile: true }, ...accepted },
  {
    name: 'policy file: another authority',
    prepare: [notarise({ by: 'a stranger' })],
    ask: { ourPolicyFile: true },
    theirs: 'refuse',
    ours: 'CertificateUntrusted',
  },
  {
    name: 'policy file: a statement for this repository',
    prepare: [notarise()],
    ask: { scope: 'this repository' },
    ...accepted,
  },
  {
    name: 'policy file: a statement for another repository only',
    prepare: [notarise()],
    ask: { scope: 'another repository' },
    theirs: 'refuse',
    ours: 'TrustedKeyMissing',
    difference: 'no-statement',
  },
  {
    name: 'policy file: a statement that skips',
    prepare: [],
    ask: { level: 'skip', scope: 'this repository' },
    theirs: 'accept',
    ours: 'TrustedKeyNotReady',
    difference: 'skip-vouches-not',
  },
  {
    name: 'policy file: a statement that skips everything',
    prepare: [],
    ask: { level: 'skip' },
    theirs: 'accept',
    ours: 'WrongInput',
    difference: 'global-skip',
  },
  {
    name: 'policy file: strict, but expiry only logged',
    prepare: [notarise({ expiry: '1s' }), wait(2_000)],
    ask: { override: { expiry: 'log' } },
    ...accepted,
  },
  {
    name: 'policy file: permissive, but expiry enforced',
    prepare: [notarise({ expiry: '1s' }), wait(2_000)],
    ask: { level: 'permissive', override: { expiry: 'enforce' } },
    theirs: 'refuse',
    ours: 'SignatureExpired',
  },
  {
    name: 'policy file: audit, but authenticity enforced',
    prepare: [notarise({ by: 'a stranger' })],
    ask: { level: 'audit', override: { authenticity: 'enforce' } },
    theirs: 'refuse',
    ours: 'CertificateUntrusted',
  },
  {
    name: 'policy file: strict, but authenticity only logged',
    prepare: [notarise({ by: 'a stranger' })],
    ask: { override: { authenticity: 'log' } },
    ...accepted,
  },
  {
    name: 'policy file: revocation skipped',
    prepare: [notarise()],
    ask: { override: { revocation: 'skip' } },
    ...accepted,
  },
];

export const NOTARY_ROWS: readonly NotaryRow[] = [...ENVELOPES, ...TRUST, ...PLACES, ...POLICIES];

/** The same JWS with a payload that names another size. */
function changedJws(layer: Buffer): string {
  const envelope = JSON.parse(layer.toString()) as JsonObject;
  const payload = Buffer.from(envelope['payload'] as string, 'base64url').toString();
  const changed = payload.replace('"size":', '"size":1');
  return JSON.stringify({ ...envelope, payload: Buffer.from(changed).toString('base64url') });
}

/** The same COSE with one character of the payload's media type changed: lengths stay as they are. */
function changedCose(layer: Buffer): Buffer {
  const at = layer.indexOf('"size":');
  const changed = Buffer.from(layer);
  // The first digit of the size.
  changed.writeUInt8(layer.readUInt8(at + 7) === 0x31 ? 0x32 : 0x31, at + 7);
  return changed;
}
