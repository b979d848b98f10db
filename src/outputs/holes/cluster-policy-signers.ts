/** Holes in the attestors and attestations of a verifyImages entry. */
import { at, type Field, isAbsent, isMapping, listItems } from '../../core/manifests/field.ts';
import { shown } from '../../api/problem.ts';
import { type Search, textOf } from './hole.ts';
import { type Blocks, keysIn } from './keys.ts';
import { checkIdentity } from './patterns.ts';

const HASHES = ['sha224', 'sha256', 'sha384', 'sha512'];
const MECHANISMS = ['keys', 'certificates', 'keyless', 'attestor'] as const;
const MAX_DEPTH = 8;

interface Surroundings {
  readonly type: string;
  readonly blocks: Blocks;
  readonly search: Search;
}

/** Who must sign the image itself. */
export function checkAttestors(entry: Field, search: Search): void {
  const type = textOf(at(entry, 'type')) || 'Cosign';
  const attestors = at(entry, 'attestors');
  const sets = listItems(attestors, 'a list of attestors');
  const deprecated = ['key', 'issuer', 'subject', 'roots'].some((key) => !isAbsent(at(entry, key)));
  const attested = listItems(at(entry, 'attestations'), 'a list of attestations').length > 0;
  if (sets.length === 0 && !attested && !deprecated)
    search.found('NothingDemanded', isAbsent(attestors) ? entry : attestors, 'neither attestors nor attestations');
  if (sets.length > 0 && type === 'SigstoreBundle')
    search.found('AttestationForSignature', attestors, 'a bundle of any type counts as the signature');
  for (const set of sets) checkSet(set, { type, blocks: 'each', search }, 0);
}

/** Attestations, each with its type and who vouches for it. */
export function checkAttestations(entry: Field, search: Search): void {
  const type = textOf(at(entry, 'type')) || 'Cosign';
  for (const item of listItems(at(entry, 'attestations'), 'a list of attestations')) {
    if (isAbsent(at(item, 'type')) && isAbsent(at(item, 'predicateType')))
      search.found('AttestationWithoutType', item, 'neither type nor predicateType');
    const sets = listItems(at(item, 'attestors'), 'a list of attestors');
    if (sets.length === 0) search.found('AttestationByAnybody', item, 'no attestors');
    for (const set of sets) checkSet(set, { type, blocks: 'first', search }, 0);
  }
}

/** Answers the keys of the set, for those who look for doubles. */
function checkSet(set: Field, ctx: Surroundings, depth: number): void {
  const entries = listItems(at(set, 'entries'), 'a list of attestors');
  const keys = entries.flatMap((entry) => checkEntry(entry, ctx, depth));
  const count = at(set, 'count').value;
  const needed = typeof count === 'number' ? count : keys.length;
  const twice = keys.find((key, index) => keys.indexOf(key) !== index);
  if (twice !== undefined && needed > 1)
    ctx.search.found('DoubledKey', set, `one key stands here twice, and ${needed} have to vouch`);
}

function checkEntry(entry: Field, ctx: Surroundings, depth: number): readonly string[] {
  const { search, type } = ctx;
  const given = MECHANISMS.filter((name) => !isAbsent(at(entry, name)));
  if (given.length > 1) search.found('SeveralMechanisms', entry, given.join(' and '));
  const annotations = at(entry, 'annotations');
  if (type !== 'Cosign' && isMapping(annotations.value) && Object.keys(annotations.value).length > 0)
    search.found('IgnoredAnnotations', annotations, `type ${type} does not read them`);
  checkHashes([at(entry, 'signatureAlgorithm'), at(entry, 'keys', 'signatureAlgorithm')], search);
  if (given.includes('attestor') && depth < MAX_DEPTH) checkSet(at(entry, 'attestor'), ctx, depth + 1);
  if (given.includes('certificates')) checkCertificates(at(entry, 'certificates'), ctx);
  if (given.includes('keyless')) checkKeyless(at(entry, 'keyless'), ctx);
  return given.includes('keys') ? checkKeys(at(entry, 'keys'), ctx) : [];
}

function checkHashes(hashes: readonly Field[], search: Search): void {
  for (const hash of hashes)
    if (!isAbsent(hash) && !HASHES.includes(textOf(hash))) search.found('UnknownHash', hash, shown(hash.value));
}

function checkKeys(keys: Field, { blocks, search }: Surroundings): readonly string[] {
  checkLog(keys, search);
  const secret = at(keys, 'secret');
  if (!isAbsent(secret)) return [JSON.stringify([at(secret, 'namespace').value, at(secret, 'name').value])];
  const kms = at(keys, 'kms').value;
  return typeof kms === 'string' ? [kms] : keysIn(at(keys, 'publicKeys'), blocks, search);
}

function checkCertificates(certificates: Field, { type, search }: Surroundings): void {
  if (type === 'Notary') return;
  checkLog(certificates, search);
  if (isAbsent(at(certificates, 'cert')) && !isAbsent(at(certificates, 'certChain')))
    search.found('ChainWithoutIdentity', at(certificates, 'certChain'), 'certChain without cert');
}

function checkKeyless(keyless: Field, { type, search }: Surroundings): void {
  checkLog(keyless, search);
  const named = ['issuer', 'issuerRegExp', 'subject', 'subjectRegExp'].some((key) => !isAbsent(at(keyless, key)));
  const own = !isAbsent(at(keyless, 'roots')) && type === 'Cosign';
  if (own && !named) search.found('ChainWithoutIdentity', at(keyless, 'roots'), 'roots without subject');
  else checkIdentity(ownIssuer(keyless, own), type === 'Cosign', search);
  if (type === 'Cosign') return;
  if (!isAbsent(at(keyless, 'roots')))
    search.found('IgnoredRoots', at(keyless, 'roots'), `type ${type} does not read them`);
  const extensions = at(keyless, 'additionalExtensions');
  if (isMapping(extensions.value) && Object.keys(extensions.value).length > 0)
    search.found('IgnoredExtensions', extensions, `type ${type} does not read them`);
}

/** Below roots of one's own there need be no issuer. */
function ownIssuer(keyless: Field, own: boolean): Field {
  if (!own || !isAbsent(at(keyless, 'issuer')) || !isAbsent(at(keyless, 'issuerRegExp'))) return keyless;
  return { ...keyless, value: { ...(isMapping(keyless.value) ? keyless.value : {}), issuer: 'its own' } };
}

function checkLog(signer: Field, search: Search): void {
  const rekor = at(signer, 'rekor');
  if (isAbsent(rekor) || at(rekor, 'ignoreTlog').value === true || !isAbsent(at(rekor, 'pubkey'))) return;
  const { value } = at(rekor, 'url');
  if (typeof value !== 'string' || !URL.canParse(value))
    search.found('LogWithoutUrl', rekor, value === undefined ? 'no url' : 'a url that is none');
}
