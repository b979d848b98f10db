/** Authorities of a ClusterImagePolicy as TrustedKeys. Owns what each kind of authority means there. */
import { at, type Field, isAbsent, isMapping, listItems, optionalText } from '../../../core/manifests/field.ts';
import { type Draft, type EntrySpec, refuseUnknown } from '../draft.ts';
import { identitiesOf } from '../identities.ts';
import type { Keyring, TrustRootRef } from '../keyring.ts';
import { authorityOf, hintOf } from '../kyverno/keyless.ts';
import type { NamedKey } from '../kyverno/signer-context.ts';
import { certificatesIn } from '../pem.ts';
import { keySourcesIn, kmsSource, secretSource } from './keys.ts';
import { logField, type TrustFields } from './trust.ts';

/** Where keys go and notes. */
export interface AuthorityContext {
  readonly draft: Draft;
  readonly ring: Keyring;
}

const FIELDS = [
  'name',
  'key',
  'keyless',
  'static',
  'source',
  'ctlog',
  'attestations',
  'rfc3161timestamp',
  'signatureFormat',
];
const PUBLIC_REKOR = /^https:\/\/rekor\.sigstore\.dev\/?$/;
const PUBLIC_FULCIO = /^https:\/\/fulcio\.sigstore\.dev\/?$/;
/** Where policy-controller looks for Secrets that name no namespace. */
const CONTROLLER_NAMESPACE = 'cosign-system';

/** The entries of an authority: one for every source, any of which will do. Undefined with a refusal. */
export function entriesOf(authority: Field, ctx: AuthorityContext): readonly EntrySpec[] | undefined {
  refuseUnknown(ctx.draft, authority, FIELDS);
  const key = keyOf(authority, ctx);
  if (key === undefined) return undefined;
  const trustedKey = ctx.ring.add(key.hint, key.spec);
  const repositories = listItems(at(authority, 'source'), 'a list of sources').map((source) => {
    for (const lost of ['signaturePullSecrets', 'tagPrefix'])
      if (!isAbsent(at(source, lost))) ctx.draft.note('lost', at(source, lost), 'this has no place here');
    return optionalText(at(source, 'oci'), 'a repository');
  });
  if (repositories.length === 0) return [{ trustedKey }];
  return repositories.map((repository) => ({ trustedKey, ...(repository === undefined ? {} : { repository }) }));
}

function keyOf(authority: Field, ctx: AuthorityContext): NamedKey | undefined {
  const [key, keyless] = [at(authority, 'key'), at(authority, 'keyless')];
  if (isAbsent(key) === isAbsent(keyless)) {
    ctx.draft.note('refused', authority, 'expected exactly one of key, keyless');
    return undefined;
  }
  return isAbsent(key) ? keylessOf(keyless, authority, ctx) : publicKeyOf(key, authority, ctx);
}

function publicKeyOf(key: Field, authority: Field, ctx: AuthorityContext): NamedKey | undefined {
  const trust = trustOf(authority, undefined, ctx);
  const source = keySourceOf(key, ctx.draft);
  if (source === undefined || trust === undefined) return undefined;
  const hash = at(key, 'hashAlgorithm');
  if (!isAbsent(hash) && hash.value !== 'sha256')
    ctx.draft.note('lost', hash, 'the hash: here it follows from the key (P-384 with SHA-384 or SHA-256, and so on)');
  return { hint: source.hint, spec: { publicKey: source.source, ...trust } };
}

/** Several PEM blocks are several keys any of which will do, there as here. */
function keySourceOf(key: Field, draft: Draft): ReturnType<typeof secretSource> | undefined {
  const secret = at(key, 'secretRef');
  if (!isAbsent(secret)) {
    const namespace = optionalText(at(secret, 'namespace'), 'a namespace') ?? CONTROLLER_NAMESPACE;
    return secretSource({ namespace, name: optionalText(at(secret, 'name'), 'a name') ?? '' }, secret, draft);
  }
  const kms = optionalText(at(key, 'kms'), 'a URI');
  if (kms !== undefined)
    return /^(awskms|gcpkms|azurekms|hashivault):/.test(kms)
      ? kmsSource(kms)
      : keySourcesIn(at(key, 'kms'), draft)?.[0];
  const sources = keySourcesIn(at(key, 'data'), draft);
  const pems = sources?.flatMap(({ source }) => source.pem ?? []) ?? [];
  return pems.length < 2 ? sources?.[0] : { hint: 'key', source: { pem: pems.join('') } };
}

function keylessOf(field: Field, authority: Field, ctx: AuthorityContext): NamedKey | undefined {
  refuseUnknown(ctx.draft, field, ['url', 'identities', 'ca-cert', 'trustRootRef', 'insecureIgnoreSCT']);
  const found = listItems(at(field, 'identities'), 'a list of identities').map((item) =>
    identitiesOf(item, 'exact', ctx.draft),
  );
  const identities = found.flatMap((list) => list ?? []);
  if (identities.length === 0) ctx.draft.note('refused', at(field, 'identities'), 'expected identities');
  if (!isAbsent(at(field, 'ca-cert'))) return privateAuthority(field, authority, ctx);
  const reference = optionalText(at(field, 'trustRootRef'), 'the name of a TrustRoot');
  const url = optionalText(at(field, 'url'), 'a URL');
  if (reference === undefined && url !== undefined && !PUBLIC_FULCIO.test(url))
    ctx.draft.note(
      'refused',
      at(field, 'url'),
      'another authority than the public one needs a TrustRoot (trustRootRef)',
    );
  if (at(field, 'insecureIgnoreSCT').value === true)
    ctx.draft.note(
      'changed',
      at(field, 'insecureIgnoreSCT'),
      'here a certificate must be known to the CT log all the same',
    );
  const trust = trustOf(authority, reference, ctx);
  if (trust === undefined || ctx.draft.isRefused()) return undefined;
  return { hint: hintOf(identities), spec: { keyless: { identities }, ...trust } };
}

/** A certificate authority of one's own: without a CT log there are no issuers, so the subject alone can be said. */
function privateAuthority(field: Field, authority: Field, ctx: AuthorityContext): NamedKey | undefined {
  const data = at(field, 'ca-cert', 'data');
  const text = optionalText(data, 'certificates in PEM');
  const certificates = text === undefined ? undefined : certificatesIn(text, data, ctx.draft);
  const items = listItems(at(field, 'identities'), 'a list of identities');
  const subjects = items.map((item) => ['subject', 'subjectRegExp'].find((key) => !isAbsent(at(item, key))));
  const issued = items.some((item) => ['issuer', 'issuerRegExp'].some((key) => !isAbsent(at(item, key))));
  const trust = trustOf(authority, undefined, ctx);
  if (certificates === undefined || trust === undefined || issued || subjects.includes(undefined)) {
    ctx.draft.note(
      'refused',
      at(field, 'ca-cert'),
      'expected inline certificates (data) and identities by subject alone; else use a TrustRoot',
    );
    return undefined;
  }
  const identities = items.flatMap((item) => identitiesOf(withAnyIssuer(item), 'exact', ctx.draft) ?? []);
  const bySubject = identities.map(({ subject, subjectRegExp }) =>
    subject === undefined ? { subjectRegExp: subjectRegExp ?? '' } : { subject },
  );
  return { hint: 'ca', spec: { certificate: authorityOf(certificates, bySubject), ...trust } };
}

function withAnyIssuer(item: Field): Field {
  return { ...item, value: { ...(isMapping(item.value) ? item.value : {}), issuerRegExp: '.*' } };
}

/** Logs and the trust root, all of which have to be of one instance. Undefined with a refusal. */
function trustOf(authority: Field, keylessRoot: string | undefined, ctx: AuthorityContext): TrustFields | undefined {
  const [ctlog, stamp] = [at(authority, 'ctlog'), at(authority, 'rfc3161timestamp')];
  const [logRoot, stampRoot] = [ctlog, stamp].map((field) => optionalText(at(field, 'trustRootRef'), 'a TrustRoot'));
  const names = new Set([keylessRoot, logRoot, stampRoot].flatMap((name) => name ?? []));
  const [name] = names;
  const url = optionalText(at(ctlog, 'url'), 'a URL');
  const refusal =
    names.size > 1
      ? `the trust roots ${[...names].join(', ')} would have to be one`
      : otherLog(name, url, 'another log than the public one needs a TrustRoot (trustRootRef)');
  if (refusal !== undefined) {
    ctx.draft.note('refused', authority, refusal);
    return undefined;
  }
  const trustRoot = name === undefined ? undefined : rootNamed(name, authority, ctx);
  if (name !== undefined && trustRoot === undefined) return undefined;
  const log = logOf(ctlog, { stamped: stampRoot !== undefined, named: url !== undefined || logRoot !== undefined });
  if (log === 'unsaid' && !isAbsent(at(authority, 'key'))) ctx.draft.note('changed', authority, LOG_DEMANDED);
  return { ...logField({ ignoreLog: log === 'off' }), ...(trustRoot === undefined ? {} : { trustRoot }) };
}

/** As its source has it: `ctlog: {}` switches the log off, and a timestamp authority stands for it. */
function logOf(
  ctlog: Field,
  { stamped, named }: { readonly stamped: boolean; readonly named: boolean },
): 'on' | 'off' | 'unsaid' {
  if (stamped || (isMapping(ctlog.value) && !named)) return 'off';
  return isAbsent(ctlog) ? 'unsaid' : 'on';
}

const LOG_DEMANDED = 'an entry in the transparency log is demanded; set transparencyLog: Ignored if you sign without';

function otherLog(root: string | undefined, url: string | undefined, says: string): string | undefined {
  return root === undefined && url !== undefined && !PUBLIC_REKOR.test(url) ? says : undefined;
}

function rootNamed(name: string, authority: Field, { draft, ring }: AuthorityContext): TrustRootRef | undefined {
  const ref = ring.trustRootNamed(name);
  if (ref === undefined)
    draft.note('refused', authority, `TrustRoot ${name} is not in the input: import both together`);
  return ref;
}
