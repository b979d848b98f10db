/** Keys of every algorithm in both formats: plain, with annotations that match and that differ, and the wrong key. */
import { type CosignQuestion, sign } from './cosign.ts';
import { ALGORITHMS, type CosignWorkshop } from './cosign-workshop.ts';
import type { Row } from './row.ts';

const FORMATS = ['bundle', 'legacy'] as const;
const SIGNED = { env: 'prod', team: 'core' } as const;

/** Signs with SHA-384, SHA-512 or Ed25519ph and verifies with SHA-256 or pure Ed25519 (signing.md, trap 4). */
const UNVERIFIABLE: ReadonlySet<string> = new Set(['P-384', 'P-521', 'Ed25519']);
/** What a user of cosign must add for its own signature to verify; nothing helps Ed25519. */
const TOLD: Readonly<Record<string, string>> = { 'P-384': 'sha384', 'P-521': 'sha512' };

export const KEY_ROWS: readonly Row<CosignWorkshop, CosignQuestion>[] = ALGORITHMS.flatMap((key) =>
  FORMATS.flatMap((format): readonly Row<CosignWorkshop, CosignQuestion>[] => {
    const by = { key };
    const good = UNVERIFIABLE.has(key)
      ? ({ theirs: 'refuse', ours: 'Verified', difference: 'own-digest-algorithms' } as const)
      : ({ theirs: 'accept', ours: 'Verified' } as const);
    const what = `${key} ${format}`;
    const plain = [sign({ key, format })];
    const annotated = [sign({ key, format, annotations: SIGNED })];
    const told = TOLD[key];
    return [
      { name: `${what}: signed by the key`, prepare: plain, ask: { by }, ...good },
      {
        name: `${what}: signed by another key`,
        prepare: plain,
        ask: { by: { key: 'stranger' } },
        theirs: 'refuse',
        ours: 'UntrustedSigner',
      },
      {
        name: `${what}: annotations that are there`,
        prepare: annotated,
        ask: { by, annotations: { env: 'prod' } },
        ...good,
      },
      {
        name: `${what}: an annotation with another value`,
        prepare: annotated,
        ask: { by, annotations: { env: 'dev' } },
        theirs: 'refuse',
        ours: 'AnnotationMismatch',
      },
      ...(told === undefined
        ? []
        : ([
            {
              name: `${what}: cosign is told the digest algorithm`,
              prepare: plain,
              ask: { by, theirFlags: ['--signature-digest-algorithm', told] },
              theirs: 'accept',
              ours: 'Verified',
            },
          ] as const)),
    ];
  }),
);
