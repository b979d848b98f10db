/** All rows of the comparison, by tool. */
import { ATTESTATION_ROWS } from './cosign-attestations.table.ts';
import { CERTIFICATE_ROWS } from './cosign-certificates.table.ts';
import { KEYLESS_ROWS } from './cosign-keyless.table.ts';
import { KEY_ROWS } from './cosign-keys.table.ts';
import { PLACE_ROWS } from './cosign-places.table.ts';
import { NOTARY_ROWS } from './notation.table.ts';
import { TIME_ROWS } from './notation-times.table.ts';

export const COSIGN_ROWS = [...KEY_ROWS, ...PLACE_ROWS, ...ATTESTATION_ROWS, ...CERTIFICATE_ROWS, ...KEYLESS_ROWS];
export const NOTATION_ROWS = [...NOTARY_ROWS, ...TIME_ROWS];
