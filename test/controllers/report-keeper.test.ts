import { beforeEach, describe, expect, test } from 'vitest';
import { createReportKeeper, type ReportKeeper } from '../../src/controllers/report-keeper.ts';
import { keyOfRow } from '../../src/core/known.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { type KubeObject, POLICY_REPORTS } from '../../src/kube/resource.ts';
import { knownReports } from '../../src/outputs/policy-report.ts';
import { deployment, digestOf, useOf, verified } from '../support/builders.ts';
import { knownRow } from '../support/known-rows.ts';

const API = 'wgpolicyk8s.io/v1alpha2';
let keeper: ReportKeeper;
beforeEach(() => {
  const never = (): Promise<never> => Promise.reject(new Error('nothing is asked of the API server here'));
  const client = { get: never, create: never, replace: never, remove: never } as Partial<KubeClient> as KubeClient;
  keeper = createReportKeeper({ client, resource: POLICY_REPORTS, api: API });
});

const rowOf = (name: string) =>
  knownRow(useOf(`registry.example.com/a@${digestOf('a')}`, { workload: deployment(name, name) }), verified());

/** The report of a workload as the API server returns it. */
function reportOf(name: string): KubeObject {
  const [report] = knownReports([rowOf(name)], API);
  return JSON.parse(JSON.stringify(report)) as KubeObject;
}

function seen(name: string): void {
  const state = keeper.project(reportOf(name));
  if (state === undefined) throw new Error('it is not taken for ours');
  keeper.seen(state);
}

function taken(): readonly string[] {
  return keeper.takeRestored().map(({ workload }) => workload.name);
}

describe('what the reports said before this replica led', () => {
  test('is given to whoever begins to lead, row by row', () => {
    seen('web');
    const [report] = keeper.takeRestored();
    expect([...(report?.rows.keys() ?? [])]).toEqual([keyOfRow(rowOf('web'))]);
  });

  test('is given away once, and not kept from then on', () => {
    seen('web');
    expect(taken()).toEqual(['web']);
    seen('api');
    expect(taken()).toEqual([]);
  });

  test('leaves out reports that went in the meantime', () => {
    seen('web');
    seen('api');
    const gone = keeper.project(reportOf('web'));
    if (gone !== undefined) keeper.gone(gone);
    expect(taken()).toEqual(['api']);
  });

  test('is nothing where the kind of reports went', () => {
    seen('web');
    keeper.setServed(false);
    expect(taken()).toEqual([]);
  });
});

test('after somebody led, a report that says the same is still no news', () => {
  seen('web');
  keeper.takeRestored();
  const again = keeper.project(reportOf('web'));
  expect(again === undefined ? undefined : keeper.seen(again)).toBe(false);
});
