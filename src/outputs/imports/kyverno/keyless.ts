/** Keyless attestors of a ClusterPolicy as TrustedKeys. Owns which of our kinds of key says what `keyless` says. */
import { at, type Field, isAbsent, optionalText } from '../../../core/manifests/field.ts';
import { refuseUnknown, type KeySpec } from '../draft.ts';
import { ANYBODY, extensionsOf, identitiesOf, type IdentitySpec } from '../identities.ts';
import { certificatesIn, pemOfCertificates, splitChain } from '../pem.ts';
import {
  clusterPolicyLogs,
  demandPublicLog,
  logField,
  namesOwnInstance,
  trustBelow,
  trustOfKey,
} from '../sigstore/trust.ts';
import type { NamedKey, SignerContext } from './signer-context.ts';

const FIELDS = [
  'issuer',
  'issuerRegExp',
  'subject',
  'subjectRegExp',
  'roots',
  'additionalExtensions',
  'rekor',
  'ctlog',
];

/** Below Fulcio, or below roots of one's own. Undefined with a refusal. */
export function keylessSigner(field: Field, ctx: SignerContext): NamedKey | undefined {
  refuseUnknown(ctx.draft, field, FIELDS);
  const roots = optionalText(at(field, 'roots'), 'certificates in PEM');
  if (roots !== undefined && ctx.type === 'SigstoreBundle')
    ctx.draft.note(
      'changed',
      at(field, 'roots'),
      'Kyverno ignores roots in type SigstoreBundle; here they are demanded',
    );
  return roots === undefined ? publicSigner(field, ctx) : privateSigner(roots, field, ctx);
}

function publicSigner(field: Field, ctx: SignerContext): NamedKey | undefined {
  const logs = clusterPolicyLogs(field);
  if (namesOwnInstance(logs)) {
    ctx.draft.note('refused', field, 'logs of one’s own need the roots of the authority beside them (roots)');
    return undefined;
  }
  demandPublicLog(logs, { ...ctx, field });
  if (logs.ignoreSct)
    ctx.draft.note(
      'changed',
      at(field, 'ctlog'),
      'ignoreSCT: here a certificate must be known to the CT log all the same',
    );
  const identities = withExtensions(field, ctx);
  return identities === undefined
    ? undefined
    : { hint: hintOf(identities), spec: { keyless: { identities }, ...logField(logs) } };
}

/** With a CT log it is a Fulcio of one's own; without, a plain certificate authority, which has no issuers. */
function privateSigner(roots: string, field: Field, ctx: SignerContext): NamedKey | undefined {
  const logs = clusterPolicyLogs(field);
  const certificates = certificatesIn(roots, at(field, 'roots'), ctx.draft);
  if (certificates === undefined) return undefined;
  if (!logs.ignoreSct) {
    const identities = withExtensions(field, ctx);
    const { roots: anchors, intermediates } = splitChain(certificates);
    const chains = anchors.map((anchor) => pemOfCertificates([...intermediates, anchor]));
    const trust = trustBelow(chains, logs, { ...ctx, field });
    if (identities === undefined || trust === undefined) return undefined;
    return { hint: hintOf(identities), spec: { keyless: { identities }, ...trust } };
  }
  const issued = ['issuer', 'issuerRegExp', 'additionalExtensions'].find((key) => !isAbsent(at(field, key)));
  if (issued !== undefined) {
    ctx.draft.note(
      'refused',
      at(field, issued),
      'below roots without a CT log there is nothing but the subject to go by',
    );
    return undefined;
  }
  const identities = subjectsOf(field, ctx);
  if (identities === undefined) return undefined;
  return {
    hint: 'ca',
    spec: { certificate: authorityOf(certificates, identities), ...trustOfKey(logs, { ...ctx, field }) },
  };
}

/** Roots, intermediates and who may stand below them. */
export function authorityOf(
  certificates: Parameters<typeof splitChain>[0],
  identities: NonNullable<KeySpec['certificate']>['identities'],
): NonNullable<KeySpec['certificate']> {
  const { roots, intermediates } = splitChain(certificates);
  return {
    roots: { pem: pemOfCertificates(roots) },
    ...(intermediates.length === 0 ? {} : { intermediates: { pem: pemOfCertificates(intermediates) } }),
    identities,
  };
}

function subjectsOf(field: Field, ctx: SignerContext): NonNullable<KeySpec['certificate']>['identities'] | undefined {
  const given = ['subject', 'subjectRegExp'].some((key) => !isAbsent(at(field, key)));
  if (!given) {
    ctx.draft.note(
      'changed',
      field,
      'no identity is demanded, so everybody below these roots is accepted; written out as .*',
    );
    return [{ subjectRegExp: ANYBODY }];
  }
  const any = { ...field, value: { ...Object(field.value), issuerRegExp: ANYBODY } };
  return identitiesOf(any, ctx.type === 'Cosign' ? 'wildcards' : 'exact', ctx.draft)?.map((identity) =>
    identity.subject === undefined
      ? { subjectRegExp: identity.subjectRegExp ?? ANYBODY }
      : { subject: identity.subject },
  );
}

function withExtensions(field: Field, ctx: SignerContext): IdentitySpec[] | undefined {
  const style = ctx.type === 'Cosign' ? 'wildcards' : 'exact';
  const identities = identitiesOf(field, style, ctx.draft);
  const extensions = extensionsOf(at(field, 'additionalExtensions'), style, ctx.draft);
  const demanded = Object.keys(extensions).length > 0;
  if (demanded && ctx.type === 'SigstoreBundle')
    ctx.draft.note(
      'changed',
      at(field, 'additionalExtensions'),
      'Kyverno ignores them in type SigstoreBundle; here they are demanded',
    );
  return identities?.map((identity) => (demanded ? { ...identity, extensions } : identity));
}

/** Readable: the host or the repository that the subject names. */
export function hintOf(identities: readonly IdentitySpec[]): string {
  const [first] = identities;
  const text = first?.subject ?? '';
  const workflow = /^https?:\/\/[^/]+\/([^/]+\/[^/]+)/.exec(text)?.[1];
  return `keyless-${workflow ?? /@([^@]+)$/.exec(text)?.[1] ?? ''}`;
}
