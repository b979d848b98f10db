/** Attestations in both formats: types, signers, and that neither kind is taken for the other. */
import { attest, type CosignQuestion, sign } from './cosign.ts';
import type { CosignWorkshop } from './cosign-workshop.ts';
import type { Row } from './row.ts';
import {
  changeReferrersJson,
  changeTagged,
  copyReferrers,
  copyTag,
  type JsonObject,
  removeSignatures,
} from './tamper.ts';

type CosignRow = Row<CosignWorkshop, CosignQuestion>;

const SIGNATURE_TYPE = 'https://sigstore.dev/cosign/sign/v1';

/** cosign's short names, and a URI. `spdx` stands by itself below. */
const TYPES = [
  'slsaprovenance',
  'slsaprovenance02',
  'slsaprovenance1',
  'spdxjson',
  'cyclonedx',
  'vuln',
  'openvex',
  'link',
  'custom',
  'https://example.com/attestation/v1',
];

const rowsOf = (format: 'bundle' | 'legacy'): readonly CosignRow[] => {
  const slsa = attest({ format, type: 'slsaprovenance1' });
  return [
    ...TYPES.map(
      (type): CosignRow => ({
        name: `${format}: attestation of type ${type}`,
        prepare: [attest({ format, type })],
        ask: { type },
        theirs: 'accept',
        ours: 'Verified',
      }),
    ),
    {
      name: `${format}: attestation of another type`,
      prepare: [slsa],
      ask: { type: 'cyclonedx' },
      theirs: 'refuse',
      ours: 'AttestationMissing',
    },
    {
      name: `${format}: attestation by another key`,
      prepare: [slsa],
      ask: { type: 'slsaprovenance1', by: { key: 'stranger' } },
      theirs: 'refuse',
      ours: 'UntrustedSigner',
    },
    {
      name: `${format}: no attestation at all`,
      prepare: [],
      ask: { type: 'slsaprovenance1' },
      theirs: 'refuse',
      ours: 'AttestationMissing',
    },
    {
      name: `${format}: attestation that was deleted`,
      prepare: [slsa, removeSignatures],
      ask: { type: 'slsaprovenance1' },
      theirs: 'refuse',
      ours: 'AttestationMissing',
    },
    {
      name: `${format}: a signature in place of an attestation`,
      prepare: [sign({ format })],
      ask: { type: 'slsaprovenance1' },
      theirs: 'refuse',
      ours: 'AttestationMissing',
    },
    {
      name: `${format}: two attestations, the second type asked for`,
      prepare: [slsa, attest({ format, type: 'cyclonedx' })],
      ask: { type: 'cyclonedx' },
      theirs: 'accept',
      ours: 'Verified',
    },
    {
      name: `${format}: two signers of one type, ours second`,
      prepare: [attest({ format, type: 'custom', key: 'stranger' }), attest({ format, type: 'custom' })],
      ask: { type: 'custom' },
      theirs: 'accept',
      ours: 'Verified',
    },
    {
      name: `${format}: a signature and an attestation, asked for the signature`,
      prepare: [slsa, sign({ format })],
      ask: {},
      theirs: 'accept',
      ours: 'Verified',
    },
    {
      name: `${format}: an attestation by us and a signature by another`,
      prepare: [slsa, sign({ format, key: 'stranger' })],
      ask: {},
      ...attestationAsSignature(format),
    },
    {
      name: `${format}: an attestation in place of a signature`,
      prepare: [slsa],
      ask: {},
      ...attestationAsSignature(format, 'NoSignature'),
    },
    ...(['P-384', 'Ed25519'] as const).map(
      (key): CosignRow => ({
        name: `${format}: attestation by a ${key} key`,
        prepare: [attest({ format, type: 'custom', key })],
        ask: { type: 'custom', by: { key } },
        theirs: 'refuse',
        ours: 'Verified',
        difference: 'own-digest-algorithms',
      }),
    ),
  ];
};

/** cosign takes any statement in a bundle for a signature (trap 2); the .att tag it never reads as one. */
function attestationAsSignature(
  format: 'bundle' | 'legacy',
  ours: 'NoSignature' | 'UntrustedSigner' = 'UntrustedSigner',
) {
  return format === 'bundle'
    ? ({ theirs: 'accept', ours, difference: 'attestation-as-signature' } as const)
    : ({ theirs: 'refuse', ours } as const);
}

export const ATTESTATION_ROWS: readonly CosignRow[] = [
  ...(['bundle', 'legacy'] as const).map(
    (format): CosignRow => ({
      name: `${format}: attestation of type spdx, whose predicate is a text`,
      prepare: [attest({ format, type: 'spdx' })],
      ask: { type: 'spdx' },
      theirs: 'refuse',
      ours: 'Verified',
      difference: 'text-predicates',
    }),
  ),
  ...rowsOf('bundle'),
  ...rowsOf('legacy'),
  {
    name: 'an attestation tag copied to another image',
    prepare: [attest({ format: 'legacy', type: 'custom' }), copyTag('att')],
    ask: { type: 'custom', subject: 'other' },
    theirs: 'refuse',
    ours: 'DigestMismatch',
  },
  {
    name: 'an attestation bundle given to another image',
    prepare: [attest({ format: 'bundle', type: 'custom' }), copyReferrers],
    ask: { type: 'custom', subject: 'other' },
    theirs: 'refuse',
    ours: 'DigestMismatch',
  },
  {
    name: 'a legacy attestation whose predicate was changed',
    prepare: [
      attest({ format: 'legacy', type: 'custom' }),
      changeTagged('att', (envelope) => JSON.stringify(withPredicate(JSON.parse(envelope.toString()) as JsonObject))),
    ],
    ask: { type: 'custom' },
    theirs: 'refuse',
    ours: 'UntrustedSigner',
  },
  {
    name: 'an attestation bundle whose predicate was changed',
    prepare: [
      attest({ format: 'bundle', type: 'custom' }),
      changeReferrersJson((value) => ({ ...value, dsseEnvelope: withPredicate(value['dsseEnvelope'] as JsonObject) })),
    ],
    ask: { type: 'custom' },
    theirs: 'refuse',
    ours: 'SignatureInvalid',
  },
  {
    name: 'an attestation of the type that cosign gives signatures',
    prepare: [attest({ format: 'bundle', type: SIGNATURE_TYPE })],
    ask: {},
    theirs: 'accept',
    ours: 'Verified',
  },
];

function withPredicate(envelope: JsonObject): JsonObject {
  const statement = JSON.parse(Buffer.from(envelope['payload'] as string, 'base64').toString()) as JsonObject;
  const changed = JSON.stringify({ ...statement, predicate: { data: 'of somebody else' } });
  return { ...envelope, payload: Buffer.from(changed).toString('base64') };
}
