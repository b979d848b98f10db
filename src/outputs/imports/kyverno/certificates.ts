/** Certificate attestors of a ClusterPolicy as TrustedKeys: a certificate is its key, a chain is an authority. */
import type { X509Certificate } from 'node:crypto';
import { at, type Field, optionalText } from '../../../core/manifests/field.ts';
import { type KeySpec, refuseUnknown } from '../draft.ts';
import { ANYBODY } from '../identities.ts';
import { certificatesIn, pemOfCertificates } from '../pem.ts';
import { clusterPolicyLogs, trustOfKey } from '../sigstore/trust.ts';
import { authorityOf } from './keyless.ts';
import type { NamedKey, SignerContext } from './signer-context.ts';

const FIELDS = ['cert', 'certChain', 'rekor', 'ctlog'];

/** Undefined with a refusal. */
export function certificateSigner(field: Field, ctx: SignerContext): NamedKey | undefined {
  refuseUnknown(ctx.draft, field, FIELDS);
  const certificate = readPem(at(field, 'cert'), ctx)?.[0];
  const trust = trustOfKey(clusterPolicyLogs(field), { ...ctx, field });
  if (certificate !== undefined) return { hint: 'certificate', spec: { ...keyOfCertificate(certificate), ...trust } };
  const chain = readPem(at(field, 'certChain'), ctx);
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

/** The key of one certificate, for as long as the certificate holds. */
export function keyOfCertificate({ publicKey, validFromDate, validToDate }: X509Certificate): KeySpec {
  return {
    publicKey: { pem: publicKey.export({ format: 'pem', type: 'spki' }) },
    lifecycle: { validFrom: rfc3339(validFromDate), validUntil: rfc3339(validToDate) },
  };
}

/** Every certificate that is given, as the trust store of a strict verification by anybody below it. */
export function notarySigner(field: Field, kind: string, ctx: SignerContext): NamedKey | undefined {
  if (kind !== 'certificates') {
    ctx.draft.note('refused', field, 'type Notary takes certificates alone');
    return undefined;
  }
  refuseUnknown(ctx.draft, field, FIELDS);
  const given = [at(field, 'cert'), at(field, 'certChain')].flatMap((source) => readPem(source, ctx) ?? []);
  if (given.length === 0) {
    ctx.draft.note('refused', field, 'expected a certificate (cert) or a chain (certChain) in PEM');
    return undefined;
  }
  return { hint: 'notation', spec: notationOf(given) };
}

/** A signer of the Notary Project whose trust store is these certificates, whoever holds one below them. */
export function notationOf(ca: readonly X509Certificate[], tsa: readonly X509Certificate[] = []): KeySpec {
  const stamping = tsa.length === 0 ? {} : { tsa: [{ pem: pemOfCertificates(tsa) }] };
  return {
    notation: {
      trustStores: { ca: [{ pem: pemOfCertificates(ca) }], ...stamping },
      trustedIdentities: ['*'],
      level: 'strict',
    },
  };
}

function readPem(field: Field, ctx: SignerContext): readonly X509Certificate[] | undefined {
  const text = optionalText(field, 'certificates in PEM');
  return text === undefined ? undefined : certificatesIn(text, field, ctx.draft);
}

function rfc3339(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, 'Z');
}
