/** A TrustRoot of sigstore policy-controller as a ConfigMap that TrustedKeys refer to. */
import { at, type Field, isAbsent, listItems, optionalText } from '../../../core/manifests/field.ts';
import type { ManifestDocument } from '../../../core/manifests/load.ts';
import { type Draft, endDraft, type ImportedPolicy, startDraft } from '../draft.ts';
import type { Keyring, TrustRootRef } from '../keyring.ts';
import { attempt } from '../pem.ts';
import type { LogPart, TrustRootParts } from '../trust-root.ts';

/** Remembers the trust root under its name; no policy comes of it. */
export function importTrustRoot(document: ManifestDocument, ring: Keyring): readonly ImportedPolicy[] {
  const draft = startDraft(document);
  const name = optionalText(at(draft.root, 'metadata', 'name'), 'a name') ?? '';
  const ref = trustRootOf(at(draft.root, 'spec'), draft, ring);
  if (ref !== undefined && !draft.isRefused()) ring.nameTrustRoot(name, ref);
  return [endDraft(draft, { nameParts: [name], origin: '', spec: undefined })];
}

function trustRootOf(spec: Field, draft: Draft, ring: Keyring): TrustRootRef | undefined {
  const [remote, repository, keys] = [at(spec, 'remote'), at(spec, 'repository'), at(spec, 'sigstoreKeys')];
  if (!isAbsent(remote)) {
    const mirror = optionalText(at(remote, 'mirror'), 'a URL');
    const root = optionalText(at(remote, 'root'), 'a root.json');
    if (mirror !== undefined && root !== undefined) return ring.addTuf(mirror, decoded(root, '{'));
    draft.note('refused', remote, 'expected a mirror and the initial root');
    return undefined;
  }
  if (!isAbsent(keys)) return attempt(keys, draft, () => ring.addTrustRoot(partsOf(keys)));
  const packed = !isAbsent(repository);
  const says = packed
    ? 'a packed TUF repository: unpack it (base64 -d | tar xz), and put its targets/trusted_root.json in a ConfigMap'
    : 'expected remote or sigstoreKeys';
  draft.note('refused', packed ? repository : spec, says);
  return undefined;
}

function partsOf(keys: Field): TrustRootParts {
  return {
    authorities: chainsAt(at(keys, 'certificateAuthorities')),
    transparencyLogs: logsAt(at(keys, 'tLogs')),
    certificateLogs: logsAt(at(keys, 'ctLogs')),
    timestampAuthorities: chainsAt(at(keys, 'timestampAuthorities')),
  };
}

function chainsAt(field: Field): readonly string[] {
  return listItems(field, 'a list of authorities').flatMap((item) => {
    const chain = optionalText(at(item, 'certChain'), 'certificates in PEM, base64');
    return chain === undefined ? [] : [decoded(chain, '-----BEGIN')];
  });
}

function logsAt(field: Field): readonly LogPart[] {
  return listItems(field, 'a list of logs').flatMap((item) => {
    const key = optionalText(at(item, 'publicKey'), 'a public key in PEM, base64');
    const baseUrl = optionalText(at(item, 'baseURL'), 'a URL');
    return key === undefined
      ? []
      : [{ pem: decoded(key, '-----BEGIN'), ...(baseUrl === undefined ? {} : { baseUrl }) }];
  });
}

/** Bytes are base64 in Kubernetes; some write the text itself. */
function decoded(text: string, beginning: string): string {
  return text.trimStart().startsWith(beginning) ? text : Buffer.from(text, 'base64').toString('utf8');
}
