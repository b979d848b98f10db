/** Attestors of an ImageValidatingPolicy as TrustedKeys. Owns what of them Kyverno reads, and what it ignores. */
import type { X509Certificate } from 'node:crypto';
import { at, type Field, isAbsent, listItems, optionalText, textMap } from '../../../core/manifests/field.ts';
import { type Draft, type EntrySpec, refuseUnknown } from '../draft.ts';
import { ANYBODY, extensionsOf, identitiesOf } from '../identities.ts';
import type { Keyring, TrustRootRef } from '../keyring.ts';
import { keyOfCertificate, notationOf } from '../kyverno/certificates.ts';
import { authorityOf, hintOf } from '../kyverno/keyless.ts';
import type { NamedKey } from '../kyverno/signer-context.ts';
import { certificatesIn } from '../pem.ts';
import { keySourcesIn, kmsSource } from '../sigstore/keys.ts';
import {
  demandPublicLog,
  logField,
  namesOwnInstance,
  trustOfKey,
  type TrustFields,
  validatingPolicyLogs,
} from '../sigstore/trust.ts';

/** Where keys go and notes. */
export interface AttestorContext {
  readonly draft: Draft;
  readonly ring: Keyring;
}

const COSIGN = ['key', 'keyless', 'certificate', 'ctlog', 'tuf', 'trustedRoot', 'annotations', 'source'];

/** The entry of an attestor. Undefined with a refusal. */
export function entryOf(attestor: Field, ctx: AttestorContext): EntrySpec | undefined {
  refuseUnknown(ctx.draft, attestor, ['name', 'cosign', 'notary']);
  const [cosign, notary] = [at(attestor, 'cosign'), at(attestor, 'notary')];
  if (isAbsent(cosign) === isAbsent(notary)) {
    ctx.draft.note('refused', attestor, 'expected exactly one of cosign, notary');
    return undefined;
  }
  const key = isAbsent(cosign) ? notaryKey(notary, ctx) : cosignKey(cosign, ctx);
  if (key === undefined) return undefined;
  const annotations = textMap(at(cosign, 'annotations'), 'texts by name');
  if (Object.keys(annotations).length > 0)
    ctx.draft.note(
      'changed',
      at(cosign, 'annotations'),
      'Kyverno compares annotations that nobody signed; here the signed ones must be so',
    );
  const repository = optionalText(at(cosign, 'source', 'repository'), 'a repository');
  for (const lost of ['PullSecrets', 'tagPrefix'])
    if (!isAbsent(at(cosign, 'source', lost)))
      ctx.draft.note('lost', at(cosign, 'source', lost), 'this has no place here');
  return {
    trustedKey: ctx.ring.add(key.hint, key.spec),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    ...(repository === undefined ? {} : { repository }),
  };
}

function cosignKey(cosign: Field, ctx: AttestorContext): NamedKey | undefined {
  refuseUnknown(ctx.draft, cosign, COSIGN);
  const given = (['key', 'keyless', 'certificate'] as const).filter((kind) => !isAbsent(at(cosign, kind)));
  const [kind] = given;
  if (kind === undefined || given.length > 1) {
    ctx.draft.note('refused', cosign, 'expected exactly one of key, keyless, certificate');
    return undefined;
  }
  const instance = instanceOf(cosign, ctx);
  switch (kind) {
    case 'key':
      return publicKey(cosign, instance, ctx);
    case 'keyless':
      return keyless(cosign, instance, ctx);
    case 'certificate':
      return certificate(cosign, instance, ctx);
  }
}

function publicKey(cosign: Field, instance: TrustRootRef | undefined, ctx: AttestorContext): NamedKey | undefined {
  const key = at(cosign, 'key');
  if (isComputed(key, ctx.draft)) return undefined;
  const kms = optionalText(at(key, 'kms'), 'a URI');
  const data = at(key, 'data');
  const sources = kms === undefined ? keySourcesIn(data, ctx.draft) : [kmsSource(kms)];
  const [first] = sources ?? [];
  if (sources === undefined || first === undefined) return undefined;
  if (sources.length > 1)
    ctx.draft.note(
      'changed',
      data,
      `of ${sources.length} keys only the first is imported, the only one that Kyverno reads`,
    );
  const hash = at(key, 'hashAlgorithm');
  if (!isAbsent(hash) && hash.value !== 'sha256')
    ctx.draft.note('lost', hash, 'the hash: here it follows from the key (P-384 with SHA-384 or SHA-256, and so on)');
  return { hint: first.hint, spec: { publicKey: first.source, ...trustWith(instance, cosign, ctx) } };
}

function keyless(cosign: Field, instance: TrustRootRef | undefined, ctx: AttestorContext): NamedKey | undefined {
  const field = at(cosign, 'keyless');
  refuseUnknown(ctx.draft, field, ['identities', 'roots', 'additionalExtensions']);
  if (!isAbsent(at(field, 'roots')))
    ctx.draft.note(
      'lost',
      at(field, 'roots'),
      'Kyverno ignores them; authorities are those of the trust root (trustRoot)',
    );
  const extensions = extensionsOf(at(field, 'additionalExtensions'), 'exact', ctx.draft);
  const demanded = Object.keys(extensions).length > 0;
  if (demanded)
    ctx.draft.note('changed', at(field, 'additionalExtensions'), 'Kyverno ignores them; here they are demanded');
  const found = listItems(at(field, 'identities'), 'a list of identities').map((item) =>
    identitiesOf(item, 'exact', ctx.draft),
  );
  const identities = found.flatMap((list) => list ?? []).map((one) => (demanded ? { ...one, extensions } : one));
  if (identities.length === 0) {
    ctx.draft.note('refused', field, 'expected identities');
    return undefined;
  }
  const logs = validatingPolicyLogs(cosign);
  if (instance === undefined && namesOwnInstance(logs))
    ctx.draft.note('refused', at(cosign, 'ctlog'), 'logs of one’s own need tuf or trustedRoot beside them');
  if (instance === undefined) demandPublicLog(logs, { ...ctx, field: at(cosign, 'ctlog') });
  if (logs.ignoreSct)
    ctx.draft.note(
      'changed',
      at(cosign, 'ctlog'),
      'insecureIgnoreSCT: here a certificate must be known to the CT log all the same',
    );
  const trust = { ...logField(logs), ...(instance === undefined ? {} : { trustRoot: instance }) };
  return { hint: hintOf(identities), spec: { keyless: { identities }, ...trust } };
}

function certificate(cosign: Field, instance: TrustRootRef | undefined, ctx: AttestorContext): NamedKey | undefined {
  const field = at(cosign, 'certificate');
  const cert = valueOf(at(field, 'cert'), ctx.draft);
  const chain = valueOf(at(field, 'certChain'), ctx.draft);
  const trust = trustWith(instance, cosign, ctx);
  const [own] = cert ?? [];
  if (own !== undefined) return { hint: 'certificate', spec: { ...keyOfCertificate(own), ...trust } };
  if (chain === undefined) {
    ctx.draft.note('refused', field, 'expected a certificate (cert) or a chain (certChain) in PEM');
    return undefined;
  }
  ctx.draft.note(
    'changed',
    at(field, 'certChain'),
    'no identity is demanded, so everybody below this chain is accepted; written out as .*',
  );
  return { hint: 'ca', spec: { certificate: authorityOf(chain, [{ subjectRegExp: ANYBODY }]), ...trust } };
}

function notaryKey(notary: Field, ctx: AttestorContext): NamedKey | undefined {
  refuseUnknown(ctx.draft, notary, ['certs', 'tsaCerts']);
  const ca = valueOf(at(notary, 'certs'), ctx.draft);
  const tsa = valueOf(at(notary, 'tsaCerts'), ctx.draft);
  if (ca === undefined) {
    ctx.draft.note('refused', notary, 'expected certificates in PEM (certs.value)');
    return undefined;
  }
  return { hint: 'notation', spec: notationOf(ca, tsa ?? []) };
}

function trustWith(instance: TrustRootRef | undefined, cosign: Field, ctx: AttestorContext): TrustFields {
  const logs = validatingPolicyLogs(cosign);
  if (instance !== undefined) return { ...logField(logs), trustRoot: instance };
  return trustOfKey(logs, { ...ctx, field: at(cosign, 'ctlog') });
}

/** A Sigstore instance of one's own: a TUF repository, or a trusted root as it stands. */
function instanceOf(cosign: Field, { draft, ring }: AttestorContext): TrustRootRef | undefined {
  const [tuf, root] = [at(cosign, 'tuf'), at(cosign, 'trustedRoot')];
  if (!isAbsent(root) && !isComputed(root, draft)) {
    const json = optionalText(at(root, 'value'), 'a trusted_root.json');
    if (json !== undefined) return ring.addTrustedRoot(json);
    draft.note('refused', root, 'expected the text of a trusted_root.json (value)');
  }
  if (isAbsent(tuf)) return undefined;
  const mirror = optionalText(at(tuf, 'mirror'), 'a URL');
  const data = optionalText(at(tuf, 'root', 'data'), 'a root.json');
  if (mirror !== undefined && data !== undefined) return ring.addTuf(mirror, jsonText(data));
  draft.note('refused', tuf, 'expected a mirror and the initial root as text (root.data)');
  return undefined;
}

/** Kyverno takes base64; people write the JSON itself as well. */
export function jsonText(data: string): string {
  return data.trimStart().startsWith('{') ? data : Buffer.from(data, 'base64').toString('utf8');
}

function valueOf(field: Field, draft: Draft): readonly X509Certificate[] | undefined {
  if (isAbsent(field) || isComputed(field, draft)) return undefined;
  const value = at(field, 'value');
  const text = optionalText(value, 'certificates in PEM');
  return text === undefined ? undefined : certificatesIn(text, value, draft);
}

function isComputed(field: Field, draft: Draft): boolean {
  const computed = !isAbsent(at(field, 'expression'));
  if (computed)
    draft.note(
      'refused',
      at(field, 'expression'),
      'what an expression yields is known in the cluster alone: write the value',
    );
  return computed;
}
