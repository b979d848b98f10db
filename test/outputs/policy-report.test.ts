import { describe, expect, it } from 'vitest';
import { judgedRow, type ScanRow, scanResult } from '../../src/core/scan-result.ts';
import { renderYaml } from '../../src/outputs/json.ts';
import { MAX_REPORT_RESULTS, policyReports } from '../../src/outputs/policy-report.ts';
import { deployment, digestOf, policyOf, rejected, useOf, verified } from '../support/builders.ts';
import { sampleResult } from './samples.ts';

const CHANGED = new Date('2026-11-21T09:00:00.250Z');

describe('policyReports', () => {
  it('are as in the golden file', async () => {
    const text = renderYaml(policyReports(sampleResult().rows, () => CHANGED));
    await expect(text).toMatchFileSnapshot('../golden/outputs/scan.policyreport.yaml');
  });

  it('do not depend on the order of rows', () => {
    const { rows } = sampleResult();
    expect(policyReports(rows.toReversed(), () => CHANGED)).toEqual(policyReports(rows, () => CHANGED));
  });

  it('map states to results', () => {
    const [cart, ranking] = policyReports(sampleResult().rows, () => CHANGED);
    expect(cart?.summary).toEqual({ pass: 1, fail: 1, warn: 0, error: 1, skip: 1 });
    expect(ranking?.summary).toEqual({ pass: 0, fail: 1, warn: 0, error: 0, skip: 0 });
  });

  it('give every result an ID of its own that does not change with the verdict', () => {
    const results = policyReports(sampleResult().rows, () => CHANGED).flatMap((report) => report.results);
    expect(new Set(results.map((result) => result.properties['resultID'])).size).toBe(results.length);
    const [before] = reportOf([judgedRow(policyOf('p'), useOf('nginx'), verified())]).results;
    const [after] = reportOf([judgedRow(policyOf('p'), useOf('nginx'), rejected())]).results;
    expect(after?.properties['resultID']).toBe(before?.properties['resultID']);
  });

  it('let the worst Pod speak for the workload', () => {
    const pod = (name: string) => ({ pod: { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name } });
    const rows = [
      judgedRow(policyOf('p'), useOf('nginx', pod('a')), verified()),
      judgedRow(policyOf('p'), useOf('nginx', pod('b')), rejected()),
    ];
    expect(reportOf(rows).results.map((result) => result.result)).toEqual(['fail']);
  });

  it('are owned by the workload only where it has a uid', () => {
    const owned = reportOf([
      judgedRow(policyOf('p'), useOf('nginx', { workload: deployment('a', 'u-1') }), verified()),
    ]);
    expect(owned.metadata.name).toBe('imagetrust-u-1');
    expect(owned.metadata.ownerReferences).toEqual([
      { apiVersion: 'apps/v1', kind: 'Deployment', name: 'a', uid: 'u-1' },
    ]);
    const free = reportOf([judgedRow(policyOf('p'), useOf('nginx'), verified())]);
    expect(free.metadata).not.toHaveProperty('ownerReferences');
    expect(free.metadata.name).toMatch(/^imagetrust-deployment-cart-[a-f0-9]{8}$/);
  });

  it('have names that the API server takes, whatever the workload is called', () => {
    const workload = { ...deployment(`x.${'y'.repeat(250)}`), kind: 'Roll_Out' };
    const report = reportOf([judgedRow(policyOf('p'), useOf('nginx', { workload }), verified())]);
    expect(report.metadata.name).toMatch(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);
    expect(report.metadata.name.length).toBeLessThanOrEqual(253);
  });

  it('stay small, keep the worst, and say what is missing', () => {
    const long = 'x'.repeat(5000);
    const rows = Array.from({ length: 3000 }, (_, index): ScanRow => {
      const use = useOf(`ghcr.io/a/b${index}@${digestOf('a')}`, { container: `c${index}` });
      return judgedRow(policyOf('p'), use, index < 3 ? rejected(long) : verified());
    });
    const report = reportOf(rows);
    expect(report.results).toHaveLength(MAX_REPORT_RESULTS);
    expect(report.summary).toEqual({ pass: 2997, fail: 3, warn: 0, error: 0, skip: 0 });
    expect(report.results.filter((result) => result.result === 'fail')).toHaveLength(3);
    expect(report.results.find((result) => result.rule === 'report-size')?.message).toBe(
      '2801 of 3000 results are left out of this report, the best ones first; the summary counts them all',
    );
    expect(Buffer.byteLength(JSON.stringify(report))).toBeLessThan(750_000);
  });

  it('keep messages well-formed where they are cut', () => {
    const report = reportOf([judgedRow(policyOf('p'), useOf('nginx'), rejected(`${'x'.repeat(1022)}\u{1F600}tail`))]);
    expect(report.results[0]?.message.isWellFormed()).toBe(true);
    expect(report.results[0]?.message.length).toBeLessThanOrEqual(1024);
  });

  it('carry the time of the change', () => {
    const report = reportOf([judgedRow(policyOf('p'), useOf('nginx'), verified())]);
    expect(report.results[0]?.timestamp).toEqual({ seconds: 1_795_251_600, nanos: 250_000_000 });
  });
});

function reportOf(rows: readonly ScanRow[]) {
  const [report, ...more] = policyReports(scanResult(rows, []).rows, () => CHANGED);
  expect(more).toEqual([]);
  return report!;
}
