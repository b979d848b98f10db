/**
 * Predicate types as cosign's `--type` names them (cosign v3.1.3, cmd/cosign/cli/options/predicate.go), and all who
 * follow it. Owns the table alone.
 */

/** cosign's short names and the URIs that they stand for. */
export const PREDICATE_SHORT_NAMES: Readonly<Record<string, string>> = {
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

/** The predicate type behind a short name or a URI; undefined for what is neither. */
export function predicateTypeNamed(text: string): string | undefined {
  if (Object.hasOwn(PREDICATE_SHORT_NAMES, text)) return PREDICATE_SHORT_NAMES[text];
  return /^[A-Za-z][A-Za-z0-9+.-]*:\S+$/.test(text) ? text : undefined;
}
