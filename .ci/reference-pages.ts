/**
 * The reference pages in docs/ that come from the sources: every reason, every field of both kinds.
 * Pure renderers; generate.ts writes what they return.
 */
import { CONDITION_TYPES } from '../src/api/condition.ts';
import { type OpenApiSchema, openApiOf, schemaMap } from '../src/api/crd.ts';
import { API_VERSION, KINDS, type KindName } from '../src/api/group.ts';
import { REASONS } from '../src/api/reasons.ts';
import { CEL_KEYWORD } from '../src/api/rule.ts';

const GENERATED = '<!-- Generated from src/api by make generate; do not edit. -->\n';

/** docs/reasons.md */
export function reasonReference(): string {
  const states = ['verified', 'rejected', 'unknown'] as const;
  const sections = states.map((state) => {
    const rows = Object.entries(REASONS).filter(([, row]) => row.state === state);
    const lines = rows.map(([name, row]) => `| \`${name}\` | ${cell(row.meaning)} | ${cell(row.advice)} |`);
    return `## ${state}\n\n| reason | what it means | what to do |\n|---|---|---|\n${lines.join('\n')}\n`;
  });
  const intro =
    'Every verdict has one of these reasons. They are the same in statuses, reports, events, metrics and on the command line. ' +
    '`rejected` means: checked, and not trusted. `unknown` means: could not be checked; an outage never turns into `rejected`.\n';
  return `${GENERATED}# Reasons\n\n${intro}\n${sections.join('\n')}`;
}

/** docs/api.md */
export function apiReference(kinds: readonly KindName[]): string {
  const intro =
    `API version \`${API_VERSION}\`. Both kinds are cluster-scoped. \`kubectl explain\` shows the same text. ` +
    'A field in **bold** is required where its parent is given.\n';
  return `${GENERATED}# API reference\n\n${intro}\n${kinds.map(kindSection).join('\n')}\n${conditionSection()}`;
}

function kindSection(kind: KindName): string {
  const schema = openApiOf(kind);
  const { spec, status } = schemaMap(schema['properties']);
  const head = `## ${kind}\n\n${described(schema)} Short name: \`${KINDS[kind].shortName}\`.\n`;
  return [head, fieldTable('spec', spec ?? {}), fieldTable('status', status ?? {})].join('\n');
}

function fieldTable(path: string, schema: OpenApiSchema): string {
  const rows = fieldRows(path, schema);
  const rules = ruleRows(path, schema);
  const table = `### ${path}\n\n| field | type | what it says |\n|---|---|---|\n${rows.join('\n')}\n`;
  return rules.length === 0 ? table : `${table}\nRules:\n\n${rules.map((rule) => `- ${rule}`).join('\n')}\n`;
}

function fieldRows(path: string, schema: OpenApiSchema): readonly string[] {
  const required = Array.isArray(schema['required']) ? schema['required'] : [];
  return Object.entries(schemaMap(schema['properties'])).flatMap(([name, field]) => {
    const here = `${path}.${name}`;
    const shown = required.includes(name) ? `**${here}**` : here;
    const row = `| ${shown} | ${typeOf(field)} | ${cell(described(field))} |`;
    return [row, ...fieldRows(suffixed(here, field), inside(field))];
  });
}

/** Rules on several fields; what a single text must look like is in its description. */
function ruleRows(path: string, schema: OpenApiSchema): readonly string[] {
  const own = schema['type'] === 'object' && Array.isArray(schema[CEL_KEYWORD]) ? schema[CEL_KEYWORD] : [];
  const below = Object.entries(schemaMap(schema['properties'])).flatMap(([name, field]) =>
    ruleRows(suffixed(`${path}.${name}`, field), inside(field)),
  );
  return [...own.map((rule: { message: string }) => `\`${path}\`: ${rule.message}`), ...below];
}

function suffixed(path: string, schema: OpenApiSchema): string {
  return schema['type'] === 'array' ? `${path}[]` : path;
}

function inside(schema: OpenApiSchema): OpenApiSchema {
  return schema['type'] === 'array' ? (schemaMap({ items: schema['items'] })['items'] ?? {}) : schema;
}

function typeOf(schema: OpenApiSchema): string {
  if (schema['x-kubernetes-preserve-unknown-fields'] === true) return 'any';
  if (Array.isArray(schema['enum'])) return schema['enum'].map((value) => `\`${String(value)}\``).join(', ');
  if (schema['type'] === 'array') return `list of ${typeOf(inside(schema))}`;
  if (schema['additionalProperties'] !== undefined) return 'map of strings';
  return String(schema['type']);
}

function conditionSection(): string {
  const rows = Object.entries(CONDITION_TYPES).map(
    ([type, { polarity, meaning }]) =>
      `| \`${type}\` | ${polarity === 'normal' ? 'True is good' : 'present only while True'} | ${cell(meaning)} |`,
  );
  return `## Conditions\n\n| type | polarity | what it means |\n|---|---|---|\n${rows.join('\n')}\n`;
}

function described(schema: OpenApiSchema): string {
  return typeof schema['description'] === 'string' ? schema['description'] : '';
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
