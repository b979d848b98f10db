/**
 * The Grafana dashboard as Grafana reads it (dashboard JSON model, schema version 39): layout, data source, variables.
 * What it shows is in grafana-panels.ts. Deterministic; any Prometheus can be chosen for it.
 */
import { type Panel, type Query, ROWS } from './grafana-panels.ts';

type Json = Readonly<Record<string, unknown>>;

const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };
const HEIGHTS: Readonly<Record<Panel['kind'], number>> = { stat: 4, timeseries: 8, table: 8 };
const WIDTH = 24;

/** config/grafana/image-trust.json */
export function grafanaDashboard(): string {
  const dashboard: Json = {
    uid: 'image-trust-operator',
    title: 'Image trust',
    description: 'Signatures of the images that run: what is trusted, by which keys, and the operator that looks.',
    tags: ['image-trust', 'security'],
    schemaVersion: 39,
    editable: true,
    graphTooltip: 1,
    refresh: '1m',
    time: { from: 'now-24h', to: 'now' },
    timezone: 'browser',
    annotations: { list: [] },
    links: [],
    templating: { list: [dataSource(), ...VARIABLES.map(variable)] },
    panels: laidOut(),
  };
  return `${JSON.stringify(dashboard, undefined, 2)}\n`;
}

/** Each with the metric whose label it lists. */
const VARIABLES = [
  { name: 'job', label: 'Job', query: 'label_values(image_trust_build_info, job)' },
  { name: 'policy', label: 'Policy', query: 'label_values(image_trust_policy_condition{job=~"$job"}, policy)' },
  { name: 'key', label: 'Key', query: 'label_values(image_trust_key_condition{job=~"$job"}, key)' },
] as const;

function dataSource(): Json {
  return { name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus', hide: 0, refresh: 1 };
}

function variable({ name, label, query }: (typeof VARIABLES)[number]): Json {
  return {
    name,
    label,
    type: 'query',
    datasource: DATASOURCE,
    query: { query, refId: name },
    definition: query,
    includeAll: true,
    allValue: '.*',
    multi: true,
    current: { text: ['All'], value: ['$__all'] },
    // When the time range changes: policies come and go.
    refresh: 2,
    sort: 1,
    hide: 0,
  };
}

function laidOut(): readonly Json[] {
  const panels: Json[] = [];
  let y = 0;
  for (const { title, panels: inRow } of ROWS) {
    panels.push(heading(panels.length + 1, title, y));
    y += 1;
    let x = 0;
    let height = 0;
    for (const panel of inRow) {
      if (x + panel.width > WIDTH) [x, y, height] = [0, y + height, 0];
      height = Math.max(height, HEIGHTS[panel.kind]);
      panels.push(drawn(panel, panels.length + 1, { x, y }));
      x += panel.width;
    }
    y += height;
  }
  return panels;
}

function heading(id: number, title: string, y: number): Json {
  return { id, type: 'row', title, collapsed: false, gridPos: { x: 0, y, w: WIDTH, h: 1 }, panels: [] };
}

function drawn(panel: Panel, id: number, { x, y }: { readonly x: number; readonly y: number }): Json {
  const { title, kind, description, width, unit = 'short' } = panel;
  return {
    id,
    type: kind,
    title,
    description,
    datasource: DATASOURCE,
    gridPos: { x, y, w: width, h: HEIGHTS[kind] },
    fieldConfig: { defaults: { unit, ...(kind === 'stat' ? coloured(panel) : {}) }, overrides: [] },
    options: OPTIONS[kind],
    targets: panel.queries.map((query, index) => target(query, index, kind)),
    ...(kind === 'table' ? { transformations: joined(panel) } : {}),
  };
}

const OPTIONS: Readonly<Record<Panel['kind'], Json>> = {
  stat: {
    colorMode: 'value',
    graphMode: 'area',
    reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
  },
  timeseries: {
    legend: { displayMode: 'list', placement: 'bottom', showLegend: true },
    tooltip: { mode: 'multi', sort: 'desc' },
  },
  table: { showHeader: true, cellHeight: 'sm' },
};

function coloured({ bad }: Panel): Json {
  const steps = [{ color: 'green', value: null }, ...(bad === undefined ? [] : [{ color: 'red', value: bad }])];
  return { thresholds: { mode: 'absolute', steps } };
}

function target({ expr, legend }: Query, index: number, kind: Panel['kind']): Json {
  const instant = kind === 'table';
  return {
    refId: refId(index),
    datasource: DATASOURCE,
    expr,
    legendFormat: legend,
    editorMode: 'code',
    instant,
    range: !instant,
    format: instant ? 'table' : 'time_series',
  };
}

/** The queries of a table side by side, under their own titles. */
function joined({ by = '', queries }: Panel): readonly Json[] {
  const titles = queries.map(({ legend }, index): [string, string] => [`Value #${refId(index)}`, legend]);
  const order = [by, ...titles.map(([name]) => name)].map((name, index): [string, number] => [name, index]);
  return [
    { id: 'merge', options: {} },
    {
      id: 'organize',
      options: {
        excludeByName: { Time: true },
        indexByName: Object.fromEntries(order),
        renameByName: Object.fromEntries([[by, by === 'key' ? 'Key' : 'Policy'], ...titles]),
      },
    },
  ];
}

function refId(index: number): string {
  return String.fromCodePoint(65 + index);
}
