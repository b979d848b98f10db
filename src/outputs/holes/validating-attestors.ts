/** Holes in the attestors of an ImageValidatingPolicy. */
import { at, type Field, isAbsent, isMapping, listItems } from '../../core/manifests/field.ts';
import type { Search } from './hole.ts';
import { keysIn } from './keys.ts';
import { checkIdentity } from './patterns.ts';

const HASHES = ['sha224', 'sha256', 'sha384', 'sha512'];
const MECHANISMS = ['key', 'keyless', 'certificate'] as const;

/** Looks at every attestor by itself, and at their names. */
export function checkAttestors(spec: Field, search: Search): void {
  const field = at(spec, 'attestors');
  const attestors = listItems(field, 'a list of attestors');
  if (attestors.length === 0) search.found('NothingDemanded', isAbsent(field) ? spec : field, 'no attestors');
  const names = attestors.map((attestor) => at(attestor, 'name'));
  const twice = names.find(({ value }, index) => names.findIndex((name) => name.value === value) < index);
  if (twice !== undefined) search.found('DuplicateAttestor', twice, `${String(twice.value)} stands here twice`);
  for (const attestor of attestors) if (!isAbsent(at(attestor, 'cosign'))) checkCosign(at(attestor, 'cosign'), search);
}

/** What the key of an attestor is, so that equal ones can be told; undefined for what is no key. */
export function keyOf(attestor: Field): string | undefined {
  const key = at(attestor, 'cosign', 'key');
  const kms = at(key, 'kms').value;
  if (typeof kms === 'string') return kms;
  const silent: Search = { root: key, found: () => undefined, holes: () => [] };
  return keysIn(at(key, 'data'), 'first', silent)[0];
}

function checkCosign(cosign: Field, search: Search): void {
  const given = MECHANISMS.filter((name) => !isAbsent(at(cosign, name)));
  if (given.length > 1) search.found('SeveralMechanisms', cosign, given.join(' and '));
  const annotations = at(cosign, 'annotations');
  if (isMapping(annotations.value) && Object.keys(annotations.value).length > 0)
    search.found('ForgeableAnnotations', annotations, Object.keys(annotations.value).join(', '));
  checkKey(at(cosign, 'key'), search);
  checkKeyless(at(cosign, 'keyless'), search);
  const certificate = at(cosign, 'certificate');
  if (isAbsent(at(certificate, 'cert')) && !isAbsent(at(certificate, 'certChain')))
    search.found('ChainWithoutIdentity', at(certificate, 'certChain'), 'certChain without cert');
  checkLogs(cosign, given.includes('keyless'), search);
}

function checkKey(key: Field, search: Search): void {
  keysIn(at(key, 'data'), 'first', search);
  const hash = at(key, 'hashAlgorithm');
  if (!isAbsent(hash) && !HASHES.includes(String(hash.value))) search.found('UnknownHash', hash, String(hash.value));
}

function checkKeyless(keyless: Field, search: Search): void {
  if (isAbsent(keyless)) return;
  for (const identity of listItems(at(keyless, 'identities'), 'a list of identities'))
    checkIdentity(identity, false, search);
  if (!isAbsent(at(keyless, 'roots'))) search.found('IgnoredRoots', at(keyless, 'roots'), 'roots is not read');
  const extensions = at(keyless, 'additionalExtensions');
  if (isMapping(extensions.value) && Object.keys(extensions.value).length > 0)
    search.found('IgnoredExtensions', extensions, Object.keys(extensions.value).join(', '));
}

/** All but a key or certificate without a log needs TUF. */
function checkLogs(cosign: Field, keyless: boolean, search: Search): void {
  const ctlog = at(cosign, 'ctlog');
  const ignored = at(ctlog, 'insecureIgnoreTlog').value === true;
  if (!isAbsent(ctlog) && !ignored && isAbsent(at(ctlog, 'url')))
    search.found('LogWithoutUrl', ctlog, 'neither url nor insecureIgnoreTlog');
  if (!isAbsent(at(cosign, 'tuf')) || (!keyless && ignored)) return;
  const given = [at(cosign, 'trustedRoot'), at(ctlog, 'rekorPubKey')].find((field) => !isAbsent(field));
  if (given !== undefined) search.found('TrustedRootIgnored', given, 'no tuf beside it');
}
