/** Rows with ages, and views of policies: what statuses, reports and metrics are rendered from. */
import { readFileSync } from 'node:fs';
import type { ImageTrustPolicy } from '../../src/api/image-trust-policy.ts';
import { TrustedKey } from '../../src/api/trusted-key.ts';
import type { ImageUse } from '../../src/core/image-use.ts';
import type { KnownRow, PolicyView, UnknownVerdict } from '../../src/core/known.ts';
import { exceptedRow, judgedRow } from '../../src/core/scan-result.ts';
import type { Verdict } from '../../src/core/verdict.ts';
import { policyOf } from './builders.ts';

/** The time of the tests. */
export const NOW = new Date('2026-11-21T10:00:00Z');

/** So many milliseconds before NOW. */
export function ago(ms: number): Date {
  return new Date(NOW.getTime() - ms);
}

/** A row that was judged. */
export function knownRow(
  use: ImageUse,
  verdict: Verdict,
  {
    policy = policyOf('production'),
    ...fields
  }: Partial<Omit<KnownRow, 'policy'>> & { policy?: ImageTrustPolicy } = {},
): KnownRow {
  const vouchers = verdict.evidence.map(({ trustedKey, set }) => ({ trustedKey, set }));
  return { ...judgedRow(policy, use, verdict), changedAt: ago(60_000), trustId: 'aaaa.bbbb', vouchers, ...fields };
}

/** A row that an exception covers. */
export function exceptedKnownRow(use: ImageUse, policy: ImageTrustPolicy = policyOf('production')): KnownRow {
  return { ...exceptedRow({ policy, use, reason: 'INC-42' }), changedAt: ago(60_000), vouchers: [] };
}

/** A failed try beside an older verdict. */
export function failedCheck(verdict: Verdict, since: Date = ago(30_000)): NonNullable<KnownRow['unknown']> {
  if (verdict.state !== 'unknown') throw new Error('a failed check is unknown');
  const failed: UnknownVerdict = verdict;
  return { verdict: failed, since };
}

/** A view of policy `production`, generation 3, whose last pass ended a minute ago. */
export function viewOf(rows: readonly KnownRow[], fields: Partial<PolicyView> = {}): PolicyView {
  const policy = policyOf('production');
  return {
    policy: { ...policy, metadata: { ...policy.metadata, generation: 3 } },
    rows,
    pending: { uses: 0, tasks: 0 },
    lastPass: { startTime: ago(70_000), completionTime: ago(60_000), reason: 'Due' },
    nextPass: new Date('2026-11-21T10:30:00Z'),
    keysNotReady: [],
    ...fields,
  };
}

const PEM = readFileSync(new URL('../fixtures/keys/k1.pub', import.meta.url), 'utf8');

/** TrustedKey `release`, generation 2. */
export function trustedKeyOf(lifecycle: object = {}, metadata: object = {}): TrustedKey {
  return TrustedKey.parse({
    apiVersion: 'imagetrust.dev/v1alpha1',
    kind: 'TrustedKey',
    metadata: { name: 'release', generation: 2, ...metadata },
    spec: { publicKey: { pem: PEM }, lifecycle },
  });
}
