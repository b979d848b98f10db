/** The Grafana dashboard that we ship, as far as tests look into it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT } from './kustomization.ts';

/** A panel that asks something. */
export interface DashboardPanel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly datasource?: unknown;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets: readonly { readonly refId: string; readonly expr: string; readonly datasource: unknown }[];
  readonly transformations?: readonly { readonly id: string; readonly options: Readonly<Record<string, unknown>> }[];
}

/** A variable that is chosen from labels. */
export interface DashboardVariable {
  readonly name: string;
  readonly definition: string;
}

interface Dashboard {
  readonly uid: string;
  readonly schemaVersion: number;
  readonly panels: readonly (Omit<DashboardPanel, 'targets'> & Partial<Pick<DashboardPanel, 'targets'>>)[];
  readonly templating: { readonly list: readonly (DashboardVariable & { readonly type: string })[] };
}

/** The whole. */
export const DASHBOARD = JSON.parse(
  readFileSync(join(PROJECT, 'config/grafana/image-trust.json'), 'utf8'),
) as Dashboard;

/** Panels with queries. */
export const PANELS: readonly DashboardPanel[] = DASHBOARD.panels.flatMap(({ targets, ...rest }) =>
  targets === undefined ? [] : [{ ...rest, targets }],
);

/** Variables beside the data source. */
export const VARIABLES: readonly DashboardVariable[] = DASHBOARD.templating.list.filter(({ type }) => type === 'query');
