/**
 * Hostile input: the real fixtures, changed at random in their bytes and in their structure. Nothing is ever thrown,
 * nothing takes long, and nothing verifies but what says exactly what was signed.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Claim, Outcome, RawSignature, SignatureFamily } from '../../../src/verify/family.ts';
import type { SignerMaterial } from '../../../src/verify/signer.ts';
import { mutations } from '../../support/hostile.ts';
import { claimOn, FAMILIES, identity, keys, openFixture, trustRoot } from './layout.ts';

const RUNS = Number(process.env.FUZZ_RUNS ?? 400);
const SLSA = { type: 'attestation', predicateType: 'https://slsa.dev/provenance/v1' } as const;
const LOGGED: SignerMaterial = { ...keys('k1.pub'), transparencyLog: 'Required', trustRoot: trustRoot() };
const KEYLESS: SignerMaterial = {
  type: 'keyless',
  identities: [identity('https://ci.example.com/org/repo@refs/heads/main', 'https://issuer.example.com')],
  transparencyLog: 'Required',
  trustRoot: trustRoot(),
};

interface Case {
  readonly family: SignatureFamily;
  readonly raw: RawSignature;
  readonly claim: Claim;
  readonly proof: Outcome;
}

function open(name: string, material: SignerMaterial, demands: Claim['demands'] = { type: 'signature' }): Case {
  const { subject, signatures } = openFixture(name);
  const [raw] = signatures;
  const family = FAMILIES.find((f) => f.name === raw?.family);
  if (raw === undefined || family === undefined) throw new Error(`fixture ${name} holds no signature`);
  const claim = claimOn(subject, material, { demands });
  return { family, raw, claim, proof: family.prove(raw, claim) };
}

const CASES: readonly [string, Case][] = [
  ['a .sig with a log entry', open('legacy2-k1-tlog', LOGGED)],
  ['a keyless .sig', open('keyless3-legacy', KEYLESS)],
  ['an .att', open('attest2-slsa1', keys('k1.pub'), SLSA)],
  ['a bundle by a key', open('bundle3-k1-tlog', LOGGED)],
  ['a keyless bundle with a timestamp', open('keyless3-tsa', KEYLESS)],
];

/**
 * Refused; or the same proof with less company, where the change touched nothing that is proven (base64 of a field that
 * nobody reads) or took something away (the promise of a log entry, a timestamp). Never another signer, annotation,
 * predicate, time or place in the log.
 */
function holds({ family, claim, proof }: Case, raw: RawSignature): void {
  const started = process.threadCpuUsage();
  const outcome = family.prove(raw, claim);
  const { user, system } = process.threadCpuUsage(started);
  // Milliseconds of this thread's own time: other work on the machine is no fault.
  expect((user + system) / 1000).toBeLessThan(100);
  expect(outcome.ok ? 0 : outcome.message.length).toBeLessThanOrEqual(1024);
  expect(substance(outcome)).toEqual(outcome.ok ? substance(proof) : undefined);
  expect(['none', seconds(proof)]).toContain(seconds(outcome));
  // Without the promise, the index that the inclusion proof states: the mock's tree has one leaf.
  expect([undefined, '0', logIndexOf(proof)]).toContain(logIndexOf(outcome));
}

function substance(outcome: Outcome): unknown {
  if (!outcome.ok) return undefined;
  const { notes: _notes, signedAt: _signedAt, timeSource: _timeSource, logIndex: _logIndex, ...rest } = outcome;
  return rest;
}

/** Log and timestamp of one signature lie within the same second; which of them counts may turn. */
function seconds(outcome: Outcome): number | 'none' {
  return outcome.ok && outcome.signedAt !== undefined ? Math.floor(outcome.signedAt.getTime() / 1000) : 'none';
}

function logIndexOf(outcome: Outcome): string | undefined {
  return outcome.ok ? outcome.logIndex : undefined;
}

describe.each(CASES)('%s', (_, scene) => {
  const { raw } = scene;

  test('is a proof as it is', () => {
    expect(scene.proof).toMatchObject({ ok: true });
  });

  test('with bytes changed', () => {
    fc.assert(
      fc.property(mutations(raw.payload), (payload) => holds(scene, { ...raw, payload })),
      { numRuns: RUNS },
    );
  });

  test('with an annotation of the layer changed', () => {
    const { annotations } = raw.layer;
    const names = Object.keys(annotations);
    if (names.length === 0) return;
    const changed = fc.constantFrom(...names).chain((name) =>
      mutations(Buffer.from(annotations[name] || ' ')).map((bytes) => ({
        ...annotations,
        [name]: Buffer.from(bytes).toString(),
      })),
    );
    fc.assert(
      fc.property(changed, (changedAnnotations) =>
        holds(scene, { ...raw, layer: { ...raw.layer, annotations: changedAnnotations } }),
      ),
      { numRuns: RUNS },
    );
  });

  test('with any value of its JSON replaced', () => {
    const json: unknown = JSON.parse(Buffer.from(raw.payload).toString());
    const paths = pathsOf(json);
    const replaced = fc.tuple(
      fc.constantFrom(...paths),
      fc.oneof(fc.jsonValue(), fc.constantFrom('9'.repeat(5000), -1, 1e308, '', [], {}, null)),
    );
    fc.assert(
      fc.property(replaced, ([path, value]) =>
        holds(scene, { ...raw, payload: Buffer.from(JSON.stringify(replacedAt(json, path, value))) }),
      ),
      { numRuns: RUNS },
    );
  });
});

test('any bytes with any annotations: an answer, and never a proof', () => {
  const raws = CASES.map(([, { raw }]) => raw);
  const annotation = fc.constantFrom(
    'dev.cosignproject.cosign/signature',
    'dev.sigstore.cosign/bundle',
    'dev.sigstore.cosign/certificate',
    'dev.sigstore.cosign/chain',
    'dev.sigstore.cosign/rfc3161timestamp',
  );
  const anything = fc.tuple(
    fc.constantFrom(...raws),
    fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.json().map((text) => Buffer.from(text)),
    ),
    fc.dictionary(annotation, fc.oneof(fc.string(), fc.json(), fc.base64String())),
  );
  fc.assert(
    fc.property(anything, ([raw, payload, annotations]) => {
      for (const family of FAMILIES) {
        for (const [, { claim }] of CASES)
          expect(family.prove({ ...raw, payload, layer: { ...raw.layer, annotations } }, claim)).toMatchObject({
            ok: false,
          });
      }
    }),
    { numRuns: RUNS },
  );
});

type Path = readonly (string | number)[];

function pathsOf(value: unknown, here: Path = []): readonly Path[] {
  if (typeof value !== 'object' || value === null) return [here];
  return [here, ...Object.entries(value).flatMap(([name, inner]) => pathsOf(inner, [...here, name]))];
}

function replacedAt(value: unknown, [name, ...rest]: Path, by: unknown): unknown {
  if (name === undefined) return by;
  if (Array.isArray(value))
    return value.map((inner, i) => (String(i) === String(name) ? replacedAt(inner, rest, by) : inner));
  return { ...(value as object), [name]: replacedAt((value as Record<string, unknown>)[name], rest, by) };
}
