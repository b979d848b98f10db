/**
 * The payload of simple signing (containers/image docs/containers-signature.5.md, cosign specs/SIGNATURE_SPEC.md):
 * which image was signed, and with which annotations. Owns the demands on it; it must be authenticated before.
 */
import { isJsonObject, parseStrictJson } from '../../core/strict-json.ts';
import type { Claim } from '../family.ts';
import { Refused } from '../refusal.ts';
import { demandAnnotations, stringEntries } from '../sigstore/annotations.ts';
import { quoted } from '../sigstore/quoted.ts';

/** cosign itself does not look at the type (signing.md trap 5): another tool's payload under the same key is no cosign signature. */
const TYPE = 'cosign container image signature';

/** Bytes; a real payload has some hundred, and annotations of the user's choice. */
const MAX_PAYLOAD = 1024 * 1024;

/** Refuses what no signer wrote, before anything is spent on it. */
export function demandPayloadSize(payload: Uint8Array): void {
  if (payload.length > MAX_PAYLOAD) throw malformed(`at most ${MAX_PAYLOAD} bytes`, `${payload.length}`);
}

/**
 * Demands that the payload names the subject and carries the annotations that are claimed; gives the signed ones.
 * `critical.identity.docker-reference` is not compared: mirrors and copies keep their signatures, as with cosign.
 */
export function demandPayload(
  payload: Uint8Array,
  claim: Pick<Claim, 'subject' | 'annotations'>,
): Readonly<Record<string, string>> {
  // Exact keys, each once: Go reads "Critical" for "critical" and the last of two, and so might a signer be misread.
  const json = parseStrictJson(payload);
  const critical = isJsonObject(json) ? json.critical : undefined;
  if (!isJsonObject(json) || !isJsonObject(critical)) throw malformed('an object with the key critical', 'none');
  if (critical.type !== TYPE) throw malformed(`critical.type "${TYPE}"`, shown(critical.type));
  const digest = isJsonObject(critical.image) ? critical.image['docker-manifest-digest'] : undefined;
  if (digest !== claim.subject.digest)
    throw new Refused('DigestMismatch', `the signature names ${shown(digest)}, expected ${claim.subject.digest}`);
  const optional = json.optional ?? {};
  if (!isJsonObject(optional)) throw malformed('optional to be an object', shown(optional));
  demandAnnotations(optional, claim.annotations);
  return stringEntries(optional);
}

function shown(value: unknown): string {
  if (value === undefined) return 'none';
  return typeof value === 'string' ? quoted(value) : `a ${typeof value}`;
}

function malformed(expected: string, found: string): Refused {
  return new Refused('SignatureInvalid', `simple signing payload: expected ${expected}, found ${found}`);
}
