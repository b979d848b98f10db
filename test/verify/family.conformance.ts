/**
 * What every signature family owes the engine (src/verify/family.ts), whatever its format. A family's own test calls
 * `describeFamily` with signatures that prove, and with material that can never be its own.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { REASONS } from '../../src/api/reasons.ts';
import type { Claim, Outcome, RawSignature, SignatureFamily } from '../../src/verify/family.ts';
import type { SignerMaterial } from '../../src/verify/signer.ts';
import { mutations, RUNS } from '../support/hostile.ts';

/** A signature and a claim that it proves. */
export interface ProvingCase {
  readonly name: string;
  readonly signature: RawSignature;
  readonly claim: Claim;
}

/** What the tests need of a family. */
export interface FamilyUnderTest {
  readonly family: SignatureFamily;
  /** Called inside tests, so that they may need what a beforeAll makes. */
  readonly cases: () => readonly ProvingCase[];
  /** Material of another kind of TrustedKey, which this family cannot prove anything with. */
  readonly foreign: SignerMaterial;
}

/** Milliseconds of this thread's own time that one hostile signature may take: other work on the machine is no fault. */
const PATIENCE = 100;

export function describeFamily(name: string, { family, cases, foreign }: FamilyUnderTest): void {
  describe(`${name}: what every family owes`, () => {
    test('each case proves, twice the same', () => {
      for (const { signature, claim } of cases()) {
        expect(family.serves(claim)).toBe(true);
        const first = family.prove(signature, claim);
        expect(first).toMatchObject({ ok: true });
        expect(family.prove(signature, claim)).toEqual(first);
      }
    });

    test('another digest, as an attack by moving would have it, is refused', () => {
      for (const { signature, claim } of cases()) {
        const subject = { ...claim.subject, digest: `sha256:${'f'.repeat(64)}` } as const;
        expect(family.prove(signature, { ...claim, subject })).toMatchObject({
          ok: false,
          reason: expect.not.stringMatching(/^Verified$/),
        });
      }
    });

    test('a signature is no attestation, and an attestation no signature', () => {
      for (const { signature, claim } of cases()) {
        const swapped: Claim['demands'] =
          claim.demands.type === 'signature'
            ? { type: 'attestation', predicateType: 'https://example.com/other' }
            : { type: 'signature' };
        expectRefusal(family.prove(signature, { ...claim, demands: swapped }));
      }
    });

    test('an annotation that nobody signed is refused', () => {
      for (const { signature, claim } of cases()) {
        expectRefusal(
          family.prove(signature, { ...claim, annotations: { ...claim.annotations, 'never-signed': 'x' } }),
        );
        expectRefusal(family.prove(signature, { ...claim, annotations: { toString: 'x' } }));
      }
    });

    test('foreign material is not served, and proves nothing where it is asked all the same', () => {
      for (const { signature, claim } of cases()) {
        expect(family.serves({ ...claim, material: foreign })).toBe(false);
        expectRefusal(family.prove(signature, { ...claim, material: foreign }));
      }
    });

    test('random bytes are refused, soon', () => {
      const [first] = cases();
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 512 }), (payload) => {
          expectRefusal(timed(() => family.prove({ ...first!.signature, payload }, first!.claim)));
        }),
        { numRuns: RUNS },
      );
    });

    test('a payload that was touched is never taken for another proof, and is judged soon', () => {
      for (const { signature, claim } of cases()) {
        const proven = family.prove(signature, claim);
        fc.assert(
          fc.property(mutations(signature.payload), (payload) => {
            const outcome = timed(() => family.prove({ ...signature, payload }, claim));
            // Bytes outside of what is signed may change without harm: then the proof is word for word the same.
            expect(outcome.ok ? outcome : proven).toEqual(proven);
            expect(outcome).not.toMatchObject({ reason: 'InternalError' });
          }),
          { numRuns: RUNS },
        );
      }
    });
  });
}

function expectRefusal(outcome: Outcome): void {
  expect(outcome.ok ? 'Verified' : outcome.reason).not.toBe('Verified');
  // Whoever may push could otherwise turn a rejection into "unknown" with bytes that trip us up.
  expect(outcome).not.toMatchObject({ reason: 'InternalError' });
  expect(outcome.ok ? '' : outcome.reason in REASONS).toBe(true);
  expect(outcome.ok ? 0 : outcome.message.length).toBeLessThanOrEqual(1024);
}

function timed(prove: () => Outcome): Outcome {
  const started = process.threadCpuUsage();
  const outcome = prove();
  const { user, system } = process.threadCpuUsage(started);
  expect((user + system) / 1000).toBeLessThan(PATIENCE);
  return outcome;
}
