/**
 * Predicates of the types that are in use, as their tools write them, and conditions on them. Owns the content; the real
 * cosign signs it, and the real Kyverno and we judge it.
 */
import type { AttestationCondition } from '../../src/api/attestation-condition.ts';
import type { Expected } from '../core/predicate/conditions.table.ts';

/** An attestation: cosign's name of its type, the URI that this stands for, and the predicate. */
export interface Attested {
  readonly type: string;
  readonly uri: string;
  readonly predicate: Readonly<Record<string, unknown>>;
}

/** A condition on one of them. */
export interface PredicateRow {
  readonly name: string;
  readonly of: string;
  readonly condition: AttestationCondition;
  readonly expected: Expected;
}

const HOUR_MS = 3_600_000;

const before = (hours: number): string => new Date(Date.now() - hours * HOUR_MS).toISOString();

const provenance02 = {
  builder: { id: 'https://ci.example.com/runner@refs/tags/v1.9.0' },
  buildType: 'https://ci.example.com/container@v1',
  invocation: { configSource: { uri: 'git+https://git.example.com/acme/app@refs/heads/main', entryPoint: 'release' } },
  metadata: { completeness: { parameters: true, environment: false, materials: false }, reproducible: false },
  materials: [{ uri: 'git+https://git.example.com/acme/app@refs/heads/main', digest: { sha1: '8cd8bf9c5b1e' } }],
};

const provenance1 = {
  buildDefinition: {
    buildType: 'https://ci.example.com/workflow/v1',
    externalParameters: { workflow: { ref: 'refs/tags/v1.2.3', repository: 'https://git.example.com/acme/app' } },
    resolvedDependencies: [{ uri: 'git+https://git.example.com/acme/app', digest: { gitCommit: '8cd8bf9c5b1e' } }],
  },
  runDetails: { builder: { id: 'https://ci.example.com/builder' }, metadata: { invocationId: 'runs/7' } },
};

const cyclonedx = {
  bomFormat: 'CycloneDX',
  specVersion: '1.6',
  metadata: { tools: { components: [{ name: 'syft', version: '1.18.1' }] } },
  components: [
    { type: 'library', name: 'zlib', version: '1.3.1', licenses: [{ license: { id: 'Zlib' } }] },
    { type: 'library', name: 'left-pad', version: '1.3.0', licenses: [{ license: { id: 'WTFPL' } }] },
    { type: 'library', name: 'unlabelled', version: '0.1.0' },
  ],
};

const spdx = {
  spdxVersion: 'SPDX-2.3',
  dataLicense: 'CC0-1.0',
  SPDXID: 'SPDXRef-DOCUMENT',
  name: 'app',
  documentNamespace: 'https://sbom.example.com/app',
  creationInfo: { created: '2026-01-01T00:00:00Z', creators: ['Tool: syft-1.18.1'] },
  packages: [{ SPDXID: 'SPDXRef-a', name: 'openssl', versionInfo: '3.0.15', licenseConcluded: 'Apache-2.0' }],
};

const scanFinished = (at: string) => ({
  invocation: { uri: 'https://ci.example.com/scans/1' },
  scanner: {
    uri: 'pkg:github/aquasecurity/trivy@0.58.0',
    version: '0.58.0',
    db: { version: '2', lastUpdate: at },
    result: { Results: [{ Vulnerabilities: [{ VulnerabilityID: 'CVE-2026-1', Severity: 'HIGH' }] }] },
  },
  metadata: { scanStartedOn: at, scanFinishedOn: at },
});

const link = {
  _type: 'link',
  name: 'build',
  command: ['make', 'release'],
  materials: { Makefile: { sha256: 'ab12' } },
  products: { app: { sha256: 'cd34' }, 'app.sbom': { sha256: 'ef56' } },
  byproducts: { 'return-value': 0 },
  environment: { CI: 'true' },
};

const vuln = { type: 'vuln', uri: 'https://cosign.sigstore.dev/attestation/vuln/v1' } as const;

/** By a name of ours, which is that of its image too. */
export const ATTESTED: Readonly<Record<string, Attested>> = {
  provenance02: { type: 'slsaprovenance', uri: 'https://slsa.dev/provenance/v0.2', predicate: provenance02 },
  provenance1: { type: 'slsaprovenance1', uri: 'https://slsa.dev/provenance/v1', predicate: provenance1 },
  cyclonedx: { type: 'cyclonedx', uri: 'https://cyclonedx.org/bom', predicate: cyclonedx },
  spdx: { type: 'spdxjson', uri: 'https://spdx.dev/Document', predicate: spdx },
  'fresh-scan': { ...vuln, predicate: scanFinished(before(1)) },
  'old-scan': { ...vuln, predicate: scanFinished(before(24 * 8)) },
  'scan-to-come': { ...vuln, predicate: scanFinished(before(-48)) },
  // Under its URI, for cosign reads the times of what it calls `vuln`.
  'undated-scan': { type: vuln.uri, uri: vuln.uri, predicate: scanFinished('last week') },
  link: { type: 'link', uri: 'https://in-toto.io/Link/v1', predicate: link },
};

const row = (
  name: string,
  of: string,
  [key, operator, value]: readonly [string, AttestationCondition['operator'], unknown],
  expected: Expected,
): PredicateRow => ({ name, of, condition: { key, operator, value }, expected });

const SINCE = "{{ time_since('', metadata.scanFinishedOn, '') }}";
const severities = '{{ scanner.result.Results[].Vulnerabilities[].Severity }}';
const licences = '{{ components[].licenses[].license.id }}';
const source = '{{ buildDefinition.externalParameters.workflow.repository }}';

/** Conditions as users write them. */
export const PREDICATE_ROWS: readonly PredicateRow[] = [
  row('the builder', 'provenance02', ['{{ builder.id }}', 'Equals', 'https://ci.example.com/runner@*'], 'satisfied'),
  row('another builder', 'provenance02', ['{{ builder.id }}', 'Equals', 'https://ci.example.com/other'], 'failed'),
  row(
    'all materials',
    'provenance02',
    ['{{ materials[].uri }}', 'AllIn', ['git+https://git.example.com/*']],
    'satisfied',
  ),
  row(
    'a branch',
    'provenance02',
    ["{{ split(invocation.configSource.uri, '@')[1] }}", 'AnyIn', ['refs/heads/main']],
    'satisfied',
  ),
  row('a truth value', 'provenance02', ['{{ metadata.completeness.parameters }}', 'Equals', false], 'failed'),
  row('a field of v1 in v0.2', 'provenance02', ['{{ buildDefinition.buildType }}', 'Equals', '*'], 'fault'),
  row(
    'the build type',
    'provenance1',
    ['{{ buildDefinition.buildType }}', 'Equals', 'https://ci.example.com/workflow/v?'],
    'satisfied',
  ),
  row('the source', 'provenance1', [source, 'Equals', 'https://git.example.com/acme/app'], 'satisfied'),
  row('another source', 'provenance1', [source, 'NotEquals', 'https://git.example.com/acme/*'], 'failed'),
  row(
    'a tag',
    'provenance1',
    ["{{ regex_match('^refs/tags/v[0-9]+[.]', buildDefinition.externalParameters.workflow.ref) }}", 'Equals', true],
    'satisfied',
  ),
  row(
    'a range of versions',
    'provenance1',
    [
      "{{ semver_compare(trim_prefix(buildDefinition.externalParameters.workflow.ref, 'refs/tags/v'), '>=1.2.0 <2.0.0') }}",
      'Equals',
      true,
    ],
    'satisfied',
  ),
  row('allowed licences', 'cyclonedx', [licences, 'AllIn', ['Zlib', 'WTFPL', 'MIT']], 'satisfied'),
  row('a forbidden licence', 'cyclonedx', [licences, 'AllNotIn', ['WTFPL', 'GPL-*']], 'failed'),
  row('a forbidden component', 'cyclonedx', ['{{ components[].name }}', 'AllNotIn', ['log4j*']], 'satisfied'),
  row('components without a licence', 'cyclonedx', ['{{ length(components[?!licenses]) }}', 'Equals', 0], 'failed'),
  row(
    'a version at least',
    'cyclonedx',
    ["{{ components[?name=='zlib'].version | [0] }}", 'GreaterThanOrEquals', '1.3.0'],
    'satisfied',
  ),
  row('the format', 'spdx', ['{{ spdxVersion }}', 'AnyIn', ['SPDX-2.2', 'SPDX-2.3']], 'satisfied'),
  row('the tool', 'spdx', ['{{ creationInfo.creators }}', 'AnyIn', ['Tool: syft-*']], 'satisfied'),
  row('a package', 'spdx', ["{{ packages[?name=='openssl'].versionInfo | [0] }}", 'LessThan', '3.0.16'], 'satisfied'),
  row('an age limit', 'fresh-scan', [SINCE, 'LessThanOrEquals', '168h'], 'satisfied'),
  row('severities', 'fresh-scan', [severities, 'AllNotIn', ['CRITICAL']], 'satisfied'),
  row('a severity', 'fresh-scan', [severities, 'AllNotIn', ['CRITICAL', 'HIGH']], 'failed'),
  row('an age limit', 'old-scan', [SINCE, 'LessThanOrEquals', '168h'], 'failed'),
  row('a longer age limit', 'old-scan', [SINCE, 'LessThanOrEquals', '720h'], 'satisfied'),
  row('an age limit', 'scan-to-come', [SINCE, 'LessThanOrEquals', '168h'], 'satisfied'),
  row('an age limit that wants the past', 'scan-to-come', [SINCE, 'AnyIn', '0h-168h'], 'failed'),
  row('an age limit', 'undated-scan', [SINCE, 'LessThanOrEquals', '168h'], 'fault'),
  row('a step', 'link', ['{{ name }}', 'Equals', 'build'], 'satisfied'),
  row('its command', 'link', ["{{ join(' ', command) }}", 'Equals', 'make *'], 'satisfied'),
  row('its end', 'link', ['{{ byproducts."return-value" }}', 'Equals', 0], 'satisfied'),
  row('its products', 'link', ['{{ keys(products) }}', 'AllIn', ['app']], 'failed'),
];
