/**
 * Predicate types as cosign's `--type` names them (cosign v3.1.3, cmd/cosign/cli/options/predicate.go).
 */
import { UsageError } from './exit.ts';

/** cosign's short names and the URIs that they stand for. */
const SHORT_NAMES: Readonly<Record<string, string>> = {
  custom: 'https://cosign.sigstore.dev/attestation/v1',
  slsaprovenance: 'https://slsa.dev/provenance/v0.2',
  slsaprovenance02: 'https://slsa.dev/provenance/v0.2',
  slsaprovenance1: 'https://slsa.dev/provenance/v1',
  spdx: 'https://spdx.dev/Document',
  spdxjson: 'https://spdx.dev/Document',
  cyclonedx: 'https://cyclonedx.org/bom',
  link: 'https://in-toto.io/Link/v1',
  vuln: 'https://cosign.sigstore.dev/attestation/vuln/v1',
  openvex: 'https://openvex.dev/ns',
};

/** The predicate type behind a short name or a URI. Throws UsageError. */
export function predicateTypeOf(text: string): string {
  if (Object.hasOwn(SHORT_NAMES, text)) return SHORT_NAMES[text] ?? text;
  if (/^[A-Za-z][A-Za-z0-9+.-]*:\S+$/.test(text)) return text;
  throw new UsageError(`--type: expected a URI or one of ${Object.keys(SHORT_NAMES).join(', ')}, found "${text}"`);
}
