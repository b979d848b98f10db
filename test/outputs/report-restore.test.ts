import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { keyOfRow, type KnownRow } from '../../src/core/known.ts';
import { renderYaml } from '../../src/outputs/json.ts';
import { knownReports, MAX_REPORT_BYTES, type ReportApi } from '../../src/outputs/policy-report.ts';
import { reportContentId, restoreReport, sameReport } from '../../src/outputs/report-restore.ts';
import { deployment, digestOf, policyOf, rejected, unknown, useOf, verified } from '../support/builders.ts';
import { exceptedKnownRow, failedCheck, knownRow } from '../support/known-rows.ts';

const WORKLOAD = { workload: deployment('cart', 'uid-1') };
const use = (digit: string, container = 'app') =>
  useOf(`registry.example.com/app:v1@${digestOf(digit)}`, { ...WORKLOAD, container });
const APIS: readonly ReportApi[] = ['wgpolicyk8s.io/v1alpha2', 'openreports.io/v1alpha1'];

describe('knownReports', () => {
  it.each(APIS)('%s is as in the golden file', async (api) => {
    const reports = knownReports(sampleRows(), api);
    await expect(renderYaml(reports)).toMatchFileSnapshot(`../golden/outputs/known.${reports[0]?.kind}.yaml`);
  });

  it('do not change with checks that fail, nor with checks that succeed', () => {
    const before = knownReports([knownRow(use('a'), verified())], APIS[0]!);
    const later = knownRow(use('a'), verified(), { unknown: failedCheck(unknown()), checkedAt: new Date() });
    expect(knownReports([later], APIS[0]!)).toEqual(before);
  });

  it('stay below what etcd takes, whatever is in the messages', () => {
    const rows = Array.from({ length: 190 }, (_, index) =>
      knownRow(use('a', `c${index}`), rejected('\u0001'.repeat(2000))),
    );
    const [report] = knownReports(rows, APIS[0]!);
    expect(Buffer.byteLength(JSON.stringify(report?.results))).toBeLessThan(MAX_REPORT_BYTES + 1024);
    expect(report?.summary.fail).toBe(190);
    expect(report?.results.find(({ rule }) => rule === 'report-size')?.message).toMatch(
      /^\d+ of 190 results are left out/,
    );
  });
});

describe('restoreReport', () => {
  it.each(APIS)('gives back the rows of a report (%s)', (api) => {
    const rows = sampleRows();
    const restored = restoreReport(fromServer(knownReports(rows, api)[0]));
    expect(restored).toMatchObject({ name: 'imagetrust-uid-1', namespace: 'shop', workload: WORKLOAD.workload });
    for (const row of rows) {
      const found = restored?.rows.get(keyOfRow(row));
      expect(found).toMatchObject({ policy: row.policy, changedAt: row.changedAt });
      expect(shownOf(found?.outcome)).toEqual(shownOf(row.outcome));
      expect(found?.trustId).toBe(row.outcome.kind === 'judged' ? row.trustId : undefined);
      expect(found?.vouchers).toEqual(row.vouchers.map(({ trustedKey }) => ({ trustedKey })));
    }
    expect(restored?.rows.size).toBe(rows.length);
  });

  const report = () => fromServer(knownReports([knownRow(use('a'), verified())], APIS[0]!)[0]);
  const passing = (report_: Json) => report_.results[0];
  it.each([
    ['a report by another maker', (r: Json) => (r.metadata.labels = { 'app.kubernetes.io/managed-by': 'kyverno' })],
    ['a report without labels', (r: Json) => delete r.metadata.labels],
    ['a report under a name that is not ours', (r: Json) => (r.metadata.name = 'uid-1')],
    ['a report that was copied for another workload', (r: Json) => (r.scope.uid = 'uid-2')],
    ['a report without scope', (r: Json) => delete r.scope],
    ['a report with another source', (r: Json) => (r.source = 'kyverno')],
  ])('takes in nothing of %s', (_, damage) => {
    const object = report();
    damage(object);
    expect(restoreReport(object)).toBeUndefined();
  });

  it.each([
    ['another source', (r: Json) => (passing(r).source = 'kyverno')],
    ['another rule', (r: Json) => (passing(r).rule = 'report-size')],
    ['a pass without a key', (r: Json) => delete passing(r).properties.trustedKeys],
    ['a pass with no key in the list', (r: Json) => (passing(r).properties.trustedKeys = ',')],
    ['a pass whose one key was cut', (r: Json) => (passing(r).properties.trustedKeys = 'rele…')],
    ['a pass without a digest', (r: Json) => delete passing(r).properties.digest],
    ['a pass with the reason of a rejection', (r: Json) => (passing(r).properties.reason = 'NoSignature')],
    ['a fail with the reason of a pass', (r: Json) => (passing(r).result = 'fail')],
    ['a result of a kind that we never write', (r: Json) => (passing(r).result = 'warn')],
    [
      'a reason that Object has',
      (r: Json) => (Object.assign(passing(r), { result: 'fail' }).properties.reason = 'toString'),
    ],
    ['a digest that is none', (r: Json) => (passing(r).properties.digest = 'sha256:abc')],
    ['a container type that is none', (r: Json) => (passing(r).properties.containerType = 'sidecar')],
    ['no timestamp', (r: Json) => delete passing(r).timestamp],
    ['a timestamp beyond time', (r: Json) => (passing(r).timestamp.seconds = 1e15)],
    ['properties that are no texts', (r: Json) => (passing(r).properties.container = { a: 1 })],
    ['nothing at all', (r: Json) => (r.results = [null])],
  ])('leaves out a result with %s', (_, damage) => {
    const object = report();
    damage(object);
    expect([...(restoreReport(object)?.rows ?? [])]).toEqual([]);
  });

  it('never throws, and never makes verified of what does not say so', () => {
    fc.assert(
      fc.property(fc.object({ maxDepth: 4 }), fc.anything(), (metadata, results) => {
        const read = restoreReport({ ...report(), results, extra: metadata });
        expect([...(read?.rows.values() ?? [])].some((row) => row.outcome.kind === 'judged')).toBe(false);
        restoreReport({ metadata, results });
        reportContentId(results);
      }),
    );
  });
});

describe('sameReport', () => {
  const rows = sampleRows();
  const [report] = knownReports(rows, APIS[0]!);
  it('knows what the API server returns of it', () => {
    expect(sameReport(report, fromServer(report))).toBe(true);
    expect(restoreReport(fromServer(report))?.contentId).toBe(reportContentId(report));
  });

  it.each([
    ['a result', [knownRow(use('a'), rejected())]],
    ['a time of change', [{ ...rows[0]!, changedAt: new Date(0) }, ...rows.slice(1)]],
    ['a result that went', rows.slice(1)],
    ['the trust', rows.map((row) => ({ ...row, trustId: 'other' }))],
  ] as const)('sees %s that changed', (_, changed) => {
    expect(sameReport(report, knownReports(changed, APIS[0]!)[0])).toBe(false);
  });

  it('sees a label that somebody took away, and the kind', () => {
    const bare = fromServer(report);
    delete bare.metadata.labels;
    expect(sameReport(report, bare)).toBe(false);
    expect(sameReport(report, knownReports(rows, APIS[1]!)[0])).toBe(false);
  });
});

type Json = any; // oxlint-disable-line typescript/no-explicit-any

function sampleRows(): readonly KnownRow[] {
  return [
    knownRow(use('a'), verified()),
    knownRow(use('b', 'sidecar'), rejected()),
    knownRow(useOf('registry.example.com/app:v2', { ...WORKLOAD, container: 'late' }), unknown()),
    knownRow(use('c', 'other'), verified(), { policy: policyOf('baseline', { severity: 'low' }) }),
    exceptedKnownRow(use('d', 'excepted')),
  ];
}

/** As the API server returns it: fields in another order, metadata of its own. */
function fromServer(report: unknown): Json {
  const object = parse(renderYaml([report]));
  Object.assign(object.metadata, { resourceVersion: '7', uid: 'r-1', managedFields: [{ manager: 'x' }] });
  return Object.fromEntries(Object.entries(object).toReversed());
}

function shownOf(outcome: KnownRow['outcome'] | undefined) {
  if (outcome?.kind !== 'judged') return outcome;
  const { state, reason, message } = outcome.verdict;
  return { state, reason, message };
}
