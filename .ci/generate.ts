/**
 * Writes what is generated from the sources: the CRDs and the reference pages. `--check` writes nothing, names the
 * files that are out of date and exits 1. Deterministic: the same sources give the same bytes.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { crdOf } from '../src/api/crd.ts';
import { GROUP, KINDS, type KindName } from '../src/api/group.ts';
import { publishedSchemas } from '../src/outputs/schemas.ts';
import { argocdHealth } from './argocd-health.ts';
import { grafanaDashboard } from './grafana-dashboard.ts';
import { holesReference } from './holes-page.ts';
import { differencesReference } from './kyverno-differences-page.ts';
import { kyvernoReference } from './kyverno-page.ts';
import { conditionsReference, metricsReference } from './operator-pages.ts';
import { prometheusRule } from './prometheus-rule.ts';
import { apiReference, reasonReference } from './reference-pages.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const KIND_NAMES: readonly KindName[] = ['TrustedKey', 'ImageTrustPolicy'];

/** Every generated file: path from the root of the repository → content. */
export function generatedFiles(): ReadonlyMap<string, string> {
  return new Map([
    ...KIND_NAMES.map((kind): [string, string] => [`crds/${GROUP}_${KINDS[kind].plural}.yaml`, crdYaml(kind)]),
    ...KIND_NAMES.map((kind): [string, string] => [
      `config/argocd/resource_customizations/${GROUP}/${kind}/health.lua`,
      argocdHealth(kind),
    ]),
    ['config/prometheus/prometheus_rule.yaml', prometheusRule(ROOT)],
    ['config/grafana/image-trust.json', grafanaDashboard()],
    ['docs/reasons.md', reasonReference()],
    ['docs/api.md', apiReference(KIND_NAMES)],
    ['docs/conditions.md', conditionsReference()],
    ['docs/metrics.md', metricsReference()],
    ['docs/kyverno-holes.md', holesReference()],
    ['docs/kyverno.md', kyvernoReference()],
    ['docs/kyverno-differences.md', differencesReference()],
    ...Object.entries(publishedSchemas()).map(([file, schema]): [string, string] => [
      `docs/${file}`,
      `${JSON.stringify(schema, undefined, 2)}\n`,
    ]),
  ]);
}

/** Paths whose content on disk is not what would be generated. */
export function staleFiles(root: string = ROOT): readonly string[] {
  return [...generatedFiles()].filter(([path, content]) => onDisk(root, path) !== content).map(([path]) => path);
}

function crdYaml(kind: KindName): string {
  const header = '# Generated from src/api by make generate; do not edit.\n';
  return header + stringify(crdOf(kind), { lineWidth: 0, aliasDuplicateObjects: false });
}

function onDisk(root: string, path: string): string | undefined {
  try {
    return readFileSync(root + path, 'utf8');
  } catch {
    return undefined;
  }
}

function main(args: readonly string[]): number {
  const stale = staleFiles();
  if (args.includes('--check')) {
    for (const path of stale) process.stderr.write(`${path}: out of date; run make generate and commit the result\n`);
    return stale.length === 0 ? 0 : 1;
  }
  for (const path of stale) {
    mkdirSync(dirname(ROOT + path), { recursive: true });
    writeFileSync(ROOT + path, generatedFiles().get(path) ?? '');
    process.stderr.write(`${path}: written\n`);
  }
  return 0;
}

if (import.meta.main) process.exitCode = main(process.argv.slice(2));
