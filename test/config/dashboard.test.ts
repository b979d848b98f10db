/** The Grafana dashboard: what it asks for is served, and it is laid out. What its queries give is asked in test/real. */
import { describe, expect, test } from 'vitest';
import { METRICS, type MetricDefinition } from '../../src/outputs/metric-definitions.ts';
import { DASHBOARD, type DashboardPanel, PANELS, VARIABLES } from './dashboard.ts';
import { kustomizationOf, texts, valueAt } from './kustomization.ts';

const DEFINITIONS: readonly MetricDefinition[] = Object.values(METRICS);
const NAME = /\b(?:image_trust|leader_election|controller_runtime|workqueue|rest_client|nodejs|process)_\w+/g;
/** Of prom-client's own, and of the scraper. */
const PROCESS =
  /^(?:process_cpu_seconds_total|process_resident_memory_bytes|nodejs_(?:eventloop_lag_max_seconds|heap_size_used_bytes))$/;
const SCRAPED = ['job', 'instance', 'le'];

describe.each(PANELS.map((panel): [string, DashboardPanel] => [panel.title, panel]))('panel %s', (_, panel) => {
  test.each(panel.targets.map(({ expr }): [string] => [expr]))(
    '%s asks for metrics and labels that are served',
    (expr) => {
      const names = [...new Set(expr.match(NAME))];
      expect(names.length).toBeGreaterThan(0);
      const definitions = names.flatMap((name) =>
        DEFINITIONS.filter((definition) => definition.name === name.replace(/_bucket$/, '')),
      );
      expect(definitions.length + names.filter((name) => PROCESS.test(name)).length).toBe(names.length);
      const selected = [...expr.matchAll(/(?:\{|, )(\w+)(?:=~|!=|=)/g)].map(([, label = '']) => label);
      const grouped = [...expr.matchAll(/\bby \(([^)]+)\)/g)].flatMap(([, labels = '']) => labels.split(', '));
      const known = [...definitions.flatMap(({ labels }) => labels), ...SCRAPED];
      expect([...selected, ...grouped].filter((label) => !known.includes(label))).toEqual([]);
    },
  );

  test('asks the chosen data source, of the chosen jobs, and says what it shows', () => {
    const source = { type: 'prometheus', uid: '${datasource}' };
    expect([panel.datasource, ...panel.targets.map(({ datasource }) => datasource)]).toEqual(
      [...panel.targets, panel].map(() => source),
    );
    for (const { expr } of panel.targets)
      expect((expr.match(/job=~"\$job"/g) ?? []).length).toBe(expr.match(NAME)?.length);
    expect(panel.description).toMatch(/\.$/);
    expect(new Set(panel.targets.map(({ refId }) => refId)).size).toBe(panel.targets.length);
  });
});

test('tables name every column that they ask for', () => {
  const tables = PANELS.filter(({ type }) => type === 'table');
  expect(tables.length).toBeGreaterThan(0);
  for (const { targets, transformations } of tables) {
    const titles = valueAt(transformations, 1, 'options', 'renameByName');
    for (const { refId } of targets) expect(valueAt(titles, `Value #${refId}`)).toMatch(/^[A-Z]/);
  }
});

test('panels stand beside and below each other, none over another', () => {
  const cells = DASHBOARD.panels.flatMap(({ gridPos: { x, y, w, h } }) => {
    expect(x + w).toBeLessThanOrEqual(24);
    return Array.from({ length: w * h }, (_, index) => `${x + (index % w)}:${y + Math.floor(index / w)}`);
  });
  expect(new Set(cells).size).toBe(cells.length);
  expect(new Set(DASHBOARD.panels.map(({ id }) => id)).size).toBe(DASHBOARD.panels.length);
});

test('every variable that is used is there, and every one that is there is used', () => {
  const used = [...JSON.stringify(PANELS).matchAll(/\$\{?(\w+)/g)].map(([, name = '']) => name);
  const names = ['datasource', ...VARIABLES.map(({ name }) => name)];
  expect([...new Set(used)].filter((name) => !name.startsWith('__')).toSorted()).toEqual(names.toSorted());
});

test('every metric of ours that is about images, policies and keys is on it or is a detail of the alerts', () => {
  const asked = PANELS.flatMap(({ targets }) => targets.flatMap(({ expr }) => expr.match(NAME) ?? []));
  const left = DEFINITIONS.map(({ name }) => name).filter(
    (name) => name.startsWith('image_trust_') && !asked.some((one) => one.startsWith(name)),
  );
  expect(left).toEqual([
    'image_trust_next_pass_timestamp_seconds',
    'image_trust_trust_root_refreshed_timestamp_seconds',
    'image_trust_build_info',
  ]);
});

test('the sidecar of Grafana finds it, and Flux leaves it alone', () => {
  const generated = valueAt(kustomizationOf('config/grafana'), 'configMapGenerator', 0);
  expect(texts(valueAt(generated, 'files'))).toEqual(['image-trust.json']);
  expect(valueAt(generated, 'options', 'labels')).toMatchObject({
    grafana_dashboard: '1',
    'kustomize.toolkit.fluxcd.io/substitute': 'disabled',
  });
  expect(DASHBOARD).toMatchObject({ uid: 'image-trust-operator', schemaVersion: 39 });
});
