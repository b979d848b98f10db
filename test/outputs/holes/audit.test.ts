import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { loadManifests } from '../../../src/core/manifests/load.ts';
import { audit, AuditResultSchema, renderAudit } from '../../../src/outputs/holes/audit.ts';
import { HOLES } from '../../../src/outputs/holes/table.ts';
import { cluster, CLUSTER_POLICY_ROWS } from './cluster-policy.rows.ts';
import { VALIDATING_POLICY_ROWS } from './validating-policy.rows.ts';

const ROWS = [...CLUSTER_POLICY_ROWS, ...VALIDATING_POLICY_ROWS];

function holesOf(policy: object) {
  const { documents } = loadManifests(stringify(policy, { aliasDuplicateObjects: false }), 'policy.yaml');
  return audit(documents);
}

describe('an audit', () => {
  test.each(ROWS)('%s', (_, policy, codes) => {
    const result = holesOf(policy);
    expect([...new Set(result.holes.map(({ code }) => code))].sort()).toEqual([...codes].sort());
    expect(AuditResultSchema.parse(result)).toEqual(result);
    for (const { line } of result.holes) expect(line).toBeGreaterThan(0);
  });

  test('there is a row for every hole', () => {
    const seen = new Set(ROWS.flatMap(([, , codes]) => codes));
    expect(Object.keys(HOLES).filter((code) => !seen.has(code))).toEqual([]);
  });

  test('a hole is named with its line, what stands there, what it lets in and the fix', () => {
    const text = renderAudit(holesOf(cluster({ useCache: true })));
    expect(text).toMatch(/^policy\.yaml:\d+:\d+: high: CachedPass: /);
    expect(text).toMatch(/in {7}ClusterPolicy tight, spec\.rules\[0\]\.verifyImages\[0\]\.useCache/);
    expect(text).toContain('useCache: false.');
    expect(text).toMatch(/1 policy, 1 hole: 1 high\n$/);
  });

  test('a policy that verifies no images, and other kinds, are none of its business', () => {
    expect(holesOf(cluster({}, { rule: { verifyImages: undefined } })).summary).toEqual({ policies: 0, holes: 0 });
    expect(holesOf({ apiVersion: 'v1', kind: 'Pod', metadata: {} }).summary).toEqual({ policies: 0, holes: 0 });
  });
});

describe('what we generate', () => {
  /** Switches of the user, and the one gap of an ImageValidatingPolicy that reads both formats (AdmissionGaps). */
  const CHOSEN = ['TagCanMove', 'CachedPass', 'RegistryDownAdmits'];
  const GAP = 'AttestationForSignature';
  const folder = 'test/golden/kyverno';
  const files = readdirSync(folder).filter((file) => file.endsWith('.yaml'));

  test.each(files)('%s', (file) => {
    const { documents } = loadManifests(readFileSync(`${folder}/${file}`, 'utf8'), file);
    const codes = new Set(audit(documents).holes.map(({ code }) => code));
    const allowed = file.startsWith('key-bundle')
      ? []
      : file.startsWith('no-mutation')
        ? [...CHOSEN, GAP]
        : file.includes('.ImageValidatingPolicy.')
          ? [GAP]
          : [];
    expect([...codes].filter((code) => !allowed.includes(code))).toEqual([]);
  });
});
