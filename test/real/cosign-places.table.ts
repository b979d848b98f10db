/** Where signatures lie, and what becomes of them: every place, several signers, moving, altering, deleting. */
import { type CosignQuestion, sign } from './cosign.ts';
import type { CosignWorkshop } from './cosign-workshop.ts';
import { nameOf } from './content.ts';
import type { Row, Scene } from './row.ts';
import {
  changeReferrersJson,
  changeTagged,
  copyFallbackIndex,
  copyReferrers,
  copyTag,
  flipSignature,
  type JsonObject,
  lieInFallbackIndex,
  removeSignatures,
  signPayload,
  surround,
} from './tamper.ts';

type CosignRow = Row<CosignWorkshop, CosignQuestion>;

const bundle = sign({ format: 'bundle' });
const legacy = sign({ format: 'legacy' });
const byStranger = { key: 'stranger' } as const;

const PLACES: readonly CosignRow[] = [
  { name: 'an image that nobody signed', prepare: [], ask: {}, theirs: 'refuse', ours: 'NoSignature' },
  {
    name: 'a signed image asked for by tag',
    prepare: [bundle],
    ask: { byTag: true },
    theirs: 'accept',
    ours: 'Verified',
  },
  {
    name: 'another image of the repository',
    prepare: [bundle, legacy],
    ask: { subject: 'other' },
    theirs: 'refuse',
    ours: 'NoSignature',
  },
  {
    name: 'OCI 1.1 referrers in simple-signing format',
    prepare: [sign({ format: 'oci-1-1' })],
    ask: { theirFormat: 'oci-1-1' },
    theirs: 'accept',
    ours: 'Verified',
  },
  {
    name: 'OCI 1.1 referrers, cosign not told where to look',
    prepare: [sign({ format: 'oci-1-1' })],
    ask: {},
    theirs: 'refuse',
    ours: 'Verified',
    difference: 'every-place',
  },
  {
    name: 'OCI 1.1 referrers by another key',
    prepare: [sign({ format: 'oci-1-1', key: 'stranger' })],
    ask: { theirFormat: 'oci-1-1' },
    theirs: 'refuse',
    ours: 'UntrustedSigner',
  },
  ...(['bundle', 'legacy'] as const).flatMap((format): readonly CosignRow[] => [
    {
      name: `${format}: in a separate repository that is named`,
      prepare: [sign({ format, apart: true })],
      ask: { apart: true },
      theirs: 'accept',
      ours: 'Verified',
    },
    {
      name: `${format}: in a separate repository that is not named`,
      prepare: [sign({ format, apart: true })],
      ask: {},
      theirs: 'refuse',
      ours: 'NoSignature',
    },
    {
      name: `${format}: an image in Docker's format`,
      shape: 'docker',
      prepare: [sign({ format })],
      ask: {},
      theirs: 'accept',
      ours: 'Verified',
    },
    {
      name: `${format}: an index asked for by tag`,
      shape: 'index',
      prepare: [sign({ format })],
      ask: { byTag: true },
      theirs: 'accept',
      ours: 'Verified',
    },
    {
      name: `${format}: signed twice by one key, the second annotations asked for`,
      prepare: [sign({ format, annotations: { env: 'dev' } }), sign({ format, annotations: { env: 'prod' } })],
      ask: { annotations: { env: 'prod' } },
      theirs: 'accept',
      ours: 'Verified',
    },
    {
      name: `${format}: annotations of two signatures of one key taken together`,
      prepare: [sign({ format, annotations: { env: 'prod' } }), sign({ format, annotations: { team: 'core' } })],
      ask: { annotations: { env: 'prod', team: 'core' } },
      theirs: 'refuse',
      ours: 'AnnotationMismatch',
    },
    {
      name: `${format}: an annotation with signs of its own`,
      prepare: [sign({ format, annotations: { note: 'a=b c "d" ümläut <&>' } })],
      ask: { annotations: { note: 'a=b c "d" ümläut <&>' } },
      theirs: 'accept',
      ours: 'Verified',
    },
    {
      name: `${format}: an index signed without its images`,
      shape: 'index',
      prepare: [sign({ format })],
      ask: {},
      theirs: 'accept',
      ours: 'Verified',
    },
    {
      name: `${format}: an image of an index signed without its images`,
      shape: 'index',
      prepare: [sign({ format })],
      ask: { subject: 'child' },
      theirs: 'refuse',
      ours: 'NoSignature',
    },
    {
      name: `${format}: an image of an index signed recursively`,
      shape: 'index',
      prepare: [sign({ format, recursive: true })],
      ask: { subject: 'child' },
      theirs: 'accept',
      ours: 'Verified',
    },
    {
      name: `${format}: an index of which one image was signed`,
      shape: 'index',
      prepare: [sign({ format, subject: 'child' })],
      ask: {},
      theirs: 'refuse',
      ours: 'NoSignature',
    },
    ...(['P-256', 'stranger'] as const).map(
      (key): CosignRow => ({
        name: `${format}: two signers, asked for ${key}`,
        prepare: [sign({ format }), sign({ format, key: 'stranger' })],
        ask: { by: { key } },
        theirs: 'accept',
        ours: 'Verified',
      }),
    ),
    {
      name: `${format}: annotations of one signer, key of the other`,
      prepare: [sign({ format, annotations: { env: 'prod' } }), sign({ format, key: 'stranger' })],
      ask: { by: byStranger, annotations: { env: 'prod' } },
      theirs: 'refuse',
      ours: 'AnnotationMismatch',
    },
    {
      name: `${format}: a signature that was deleted`,
      prepare: [sign({ format }), removeSignatures],
      ask: {},
      theirs: 'refuse',
      ours: 'NoSignature',
    },
    {
      name: `${format}: no log entry, but one is required`,
      prepare: [sign({ format })],
      ask: { log: 'required' },
      theirs: 'refuse',
      ours: 'TransparencyLogMissing',
    },
  ]),
  {
    name: 'a bundle by another key beside a legacy signature by ours',
    prepare: [sign({ format: 'bundle', key: 'stranger' }), legacy],
    ask: {},
    theirs: 'refuse',
    ours: 'Verified',
    difference: 'every-place',
  },
  {
    name: 'a legacy signature by another key beside a bundle by ours',
    prepare: [sign({ format: 'legacy', key: 'stranger' }), bundle],
    ask: {},
    theirs: 'accept',
    ours: 'Verified',
  },
  {
    name: 'a good signature behind 63 forged ones',
    prepare: [legacy, surround(63)],
    ask: {},
    theirs: 'accept',
    ours: 'Verified',
  },
  {
    name: 'a good signature behind 80 forged ones',
    prepare: [legacy, surround(80)],
    ask: {},
    theirs: 'accept',
    ours: 'UntrustedSigner',
    difference: 'signature-cap',
  },
  {
    name: 'a fallback index that lies about its manifests',
    only: 'fallback tags (distribution)',
    prepare: [bundle, lieInFallbackIndex],
    ask: {},
    theirs: 'accept',
    ours: 'Verified',
  },
];

const TAMPERING: readonly CosignRow[] = [
  {
    name: 'a signature tag copied to another image',
    prepare: [legacy, copyTag('sig')],
    ask: { subject: 'other' },
    theirs: 'refuse',
    ours: 'DigestMismatch',
  },
  {
    name: 'a bundle given to another image',
    prepare: [bundle, copyReferrers],
    ask: { subject: 'other' },
    theirs: 'refuse',
    ours: 'DigestMismatch',
  },
  {
    name: 'a fallback index copied to another image',
    only: 'fallback tags (distribution)',
    prepare: [bundle, copyFallbackIndex],
    ask: { subject: 'other' },
    theirs: 'refuse',
    ours: 'DigestMismatch',
  },
  {
    name: 'a legacy signature with one bit flipped',
    prepare: [legacy, flipSignature],
    ask: {},
    theirs: 'refuse',
    ours: 'UntrustedSigner',
  },
  {
    name: 'a legacy payload with annotations added',
    prepare: [
      legacy,
      changeTagged('sig', (bytes) =>
        bytes
          .toString()
          .replace('"optional":{}', '"optional":{"env":"prod"}')
          .replace('"optional":null', '"optional":{"env":"prod"}'),
      ),
    ],
    ask: { annotations: { env: 'prod' } },
    theirs: 'refuse',
    ours: 'UntrustedSigner',
  },
  {
    name: 'a bundle whose statement names another image',
    prepare: [
      bundle,
      changeReferrersJson((value) =>
        withStatement(value, (text) =>
          text.replace(/"sha256":\s*"[0-9a-f]{4}/, (found) => `${found.slice(0, -4)}0000`),
        ),
      ),
    ],
    ask: {},
    theirs: 'refuse',
    ours: 'SignatureInvalid',
  },
  {
    name: 'a bundle with a signature of zeros',
    prepare: [
      bundle,
      changeReferrersJson((value) =>
        withEnvelope(value, { signatures: [{ sig: Buffer.alloc(70).toString('base64') }] }),
      ),
    ],
    ask: {},
    theirs: 'refuse',
    ours: 'SignatureInvalid',
  },
  {
    name: 'a bundle without any signature',
    prepare: [bundle, changeReferrersJson((value) => withEnvelope(value, { signatures: [] }))],
    ask: {},
    theirs: 'refuse',
    ours: 'SignatureInvalid',
  },
  {
    name: 'a bundle of another payload type',
    prepare: [bundle, changeReferrersJson((value) => withEnvelope(value, { payloadType: 'text/plain' }))],
    ask: {},
    theirs: 'refuse',
    ours: 'SignatureInvalid',
  },
  {
    name: 'a bundle whose hint names no key',
    prepare: [
      bundle,
      changeReferrersJson((value) => ({ ...value, verificationMaterial: { publicKey: { hint: 'bm9uZQ==' } } })),
    ],
    ask: {},
    theirs: 'accept',
    ours: 'Verified',
  },
  {
    name: 'a valid signature over another type of payload',
    prepare: [signPayload('P-256', (scene) => payload(scene, { type: 'something else' }))],
    ask: {},
    theirs: 'accept',
    ours: 'SignatureInvalid',
    difference: 'claim-type',
  },
  {
    name: 'a valid signature whose payload has the digest twice',
    prepare: [signPayload('P-256', twice)],
    ask: {},
    theirs: 'accept',
    ours: 'SignatureInvalid',
    difference: 'duplicate-keys',
  },
  {
    name: 'a valid signature in cosign’s shape made by hand',
    prepare: [signPayload('P-256', (scene) => payload(scene, {}))],
    ask: {},
    theirs: 'accept',
    ours: 'Verified',
  },
];

export const PLACE_ROWS: readonly CosignRow[] = [...PLACES, ...TAMPERING];

function withEnvelope(bundleJson: JsonObject, change: JsonObject): JsonObject {
  return { ...bundleJson, dsseEnvelope: { ...(bundleJson['dsseEnvelope'] as JsonObject), ...change } };
}

function withStatement(bundleJson: JsonObject, change: (text: string) => string): JsonObject {
  const { payload: encoded } = bundleJson['dsseEnvelope'] as { readonly payload: string };
  const before = Buffer.from(encoded, 'base64').toString();
  const after = change(before);
  if (after === before) throw new Error('the statement was to be changed');
  return withEnvelope(bundleJson, { payload: Buffer.from(after).toString('base64') });
}

function payload({ repository, image }: Scene, critical: JsonObject): string {
  const claims = {
    identity: { 'docker-reference': nameOf(repository) },
    image: { 'docker-manifest-digest': image.digest },
    type: 'cosign container image signature',
    ...critical,
  };
  return JSON.stringify({ critical: claims, optional: null });
}

/** Two readers that choose differently among duplicate keys would see two different images. */
function twice(scene: Scene): string {
  const claim = `"docker-manifest-digest":"${scene.image.digest}"`;
  return payload(scene, {}).replace(claim, `"docker-manifest-digest":"${scene.other.digest}",${claim}`);
}
