/**
 * TrustedKey and entry → vouchers: who may vouch through an attestor entry, and how Kyverno would see it. Notes what
 * the kind cannot say of them. Must never make a voucher of a key that vouches for nothing.
 */
import { FULCIO_EXTENSIONS } from '../../api/identity.ts';
import type { AdmissionKey, AdmissionMaterial } from '../../core/admission-key.ts';
import { canonical } from '../canonical.ts';
import type { Ledger } from './ledger.ts';
import type { KyvernoFormat } from './rendering.ts';
import type { EntryDemand, Hash, LogDemand, Reading, Verifier, Voucher } from './verifier.ts';

/** What is asked for, and where the answer is noted. */
export interface VoucherContext {
  readonly format: KyvernoFormat;
  readonly reading: Reading;
  readonly claim: 'signature' | 'attestation';
  readonly ledger: Ledger;
}

type UsableKey = Extract<AdmissionKey, { state: 'usable' }>;
type Material<T extends AdmissionMaterial['type']> = Extract<AdmissionMaterial, { type: T }>;

/** The vouchers of one entry. Notary keys have none for attestations: nobody attests with notation. */
export function vouchersOf(key: UsableKey, demand: EntryDemand, ctx: VoucherContext): readonly Voucher[] {
  const { name, material } = key;
  const base = { trustedKey: name, demand };
  noteDemand(demand, material.type, name, ctx);
  switch (material.type) {
    case 'publicKey':
      noteLog(material, `TrustedKey ${name}, spec`, ctx);
      return keyVouchers(material, base, ctx);
    case 'certificate':
      return certificateVouchers(material, base, ctx);
    case 'keyless':
      return keylessVouchers(material, base, ctx);
    case 'notation':
      return ctx.claim === 'attestation' ? [] : notationVouchers(material, base, ctx);
  }
}

type Base = Pick<Verifier, 'trustedKey' | 'demand'>;

function keyVouchers(material: Material<'publicKey'>, base: Base, ctx: VoucherContext): readonly Voucher[] {
  const log = logOf(material);
  const { kms } = material;
  const where = `TrustedKey ${base.trustedKey}, spec.publicKey`;
  if (material.keys.length === 0 && kms !== undefined) {
    ctx.ledger.note('kms', where);
    const verifier: Verifier = { ...base, type: 'key', source: { kms }, hash: 'sha256', log };
    return [{ id: `kms ${kms}`, realm: `kms ${kms}`, vague: false, verifiers: [verifier] }];
  }
  return material.keys.map(({ pem, fingerprint, algorithm }) => {
    if (algorithm === 'Ed25519') ctx.ledger.note('ed25519Prehashed', where);
    const verifiers = hashesOf(algorithm, ctx.reading).map(
      (hash): Verifier => ({ ...base, type: 'key', source: { pem }, hash, log }),
    );
    return { id: `key ${fingerprint}`, realm: `key ${fingerprint}`, vague: false, verifiers };
  });
}

/** cosign 2 signs with SHA-256 whatever the key; cosign 3 with the hash that fits the curve, in both formats. */
function hashesOf(algorithm: string, reading: Reading): readonly Hash[] {
  const fitting: Hash = algorithm === 'ECDSA-P384' ? 'sha384' : algorithm === 'ECDSA-P521' ? 'sha512' : 'sha256';
  return reading === 'bundle' || fitting === 'sha256' ? [fitting] : ['sha256', fitting];
}

function certificateVouchers(material: Material<'certificate'>, base: Base, ctx: VoucherContext): readonly Voucher[] {
  const where = `TrustedKey ${base.trustedKey}, spec.certificate`;
  ctx.ledger.note(ctx.reading === 'bundle' ? 'certificateBundle' : 'certificate', where);
  if (material.transparencyLog === 'Required') noteRoot(material, `TrustedKey ${base.trustedKey}, spec`, ctx);
  const anchors = [...material.roots, ...material.intermediates];
  const realm = `certificate ${material.roots.toSorted().join('')}`;
  return material.identities.map((identity) => ({
    id: `${realm} ${canonical(identity)}`,
    realm,
    vague: identity.subjectRegExp !== undefined,
    verifiers: [{ ...base, type: 'certificate', anchors, identity, log: logOf(material) }],
  }));
}

function keylessVouchers(material: Material<'keyless'>, base: Base, ctx: VoucherContext): readonly Voucher[] {
  const where = `TrustedKey ${base.trustedKey}, spec`;
  noteRoot(material, where, ctx);
  if (material.transparencyLog === 'Ignored') ctx.ledger.note('keylessWithoutLog', `${where}.transparencyLog`);
  return material.identities.map((identity, index) => {
    const extensions = Object.entries(identity.extensions);
    if (extensions.length > 0) {
      const known = ctx.reading !== 'bundle' && extensions.every(isComparedByKyverno);
      ctx.ledger.note(known ? 'extensions' : 'extensionsOther', `${where}.keyless.identities[${index}].extensions`);
    }
    return {
      id: `keyless ${canonical(identity)}`,
      realm: 'keyless',
      vague: identity.subjectRegExp !== undefined || identity.issuerRegExp !== undefined || extensions.length > 0,
      verifiers: [{ ...base, type: 'keyless', identity, log: logOf(material) }],
    };
  });
}

const COMPARED = ['Trigger', 'Sha', 'Name', 'Repository', 'Ref'].map((part) => `githubWorkflow${part}`);

/** pkg/image/verifiers/cpol/cosign: extractCertExtensionValue knows five of them; values are wildcards. */
function isComparedByKyverno([name, value]: readonly [string, string]): boolean {
  return Object.hasOwn(FULCIO_EXTENSIONS, name) && COMPARED.includes(name) && !/[*?]/.test(value);
}

function notationVouchers(material: Material<'notation'>, base: Base, ctx: VoucherContext): readonly Voucher[] {
  const where = `TrustedKey ${base.trustedKey}, spec.notation`;
  if (material.trustedIdentities.some((identity) => identity !== '*'))
    ctx.ledger.note('notationIdentities', `${where}.trustedIdentities`);
  if (material.level !== 'strict') ctx.ledger.note('notationLevel', `${where}.level`);
  if (material.signingAuthority.length > 0)
    ctx.ledger.note('notationAuthority', `${where}.trustStores.signingAuthority`);
  const stamped = material.tsa.length > 0;
  const late = material.verifyTimestamp === 'afterCertExpiry';
  if (stamped) ctx.ledger.note(late ? 'notationTimestampLate' : 'notationTimestamp', `${where}.trustStores.tsa`);
  const tsa = material.tsa.join('');
  return material.ca.map((root) => {
    const plain: Verifier = { ...base, type: 'notation', root };
    const withTime: Verifier = { ...base, type: 'notation', root, tsa };
    const verifiers = stamped ? (late ? [plain, withTime] : [withTime]) : [plain];
    return { id: `notation ${root}`, realm: `notation ${root}`, vague: true, verifiers };
  });
}

function logOf({ transparencyLog, trustRoot }: Pick<Material<'keyless'>, 'transparencyLog' | 'trustRoot'>): LogDemand {
  return { required: transparencyLog === 'Required', trustRoot };
}

function noteLog(material: Material<'publicKey'>, where: string, ctx: VoucherContext): void {
  if (material.transparencyLog === 'Required') noteRoot(material, where, ctx);
}

function noteRoot(
  { trustRoot, type }: Pick<Material<'publicKey' | 'certificate' | 'keyless'>, 'trustRoot' | 'type'>,
  where: string,
  { ledger, reading, format }: VoucherContext,
): void {
  const field = `${where}.trustRoot`;
  if (trustRoot.kind === 'public') return;
  if (trustRoot.kind === 'tuf') {
    ledger.note('trustRootTuf', `${field}.tuf`);
    return;
  }
  ledger.note(reading === 'bundle' ? 'trustRootFileBundle' : 'trustRootFile', `${field}.configMapRef`);
  const { certificates, rekorKeys, ctlogKeys, limited } = trustRoot.authorities;
  const needsFulcio = type === 'keyless';
  const one = rekorKeys.length === 1 && (!needsFulcio || (ctlogKeys.length === 1 && certificates.length > 0));
  if (format === 'ClusterPolicy' && !one) ledger.note('trustRootLogs', `${field}.configMapRef`);
  if (limited) ledger.note('trustRootEnds', `${field}.configMapRef`);
}

/** Annotations and repositories of the entry, where this kind of key and this reading have a say on them. */
function noteDemand(
  { annotations, repository }: EntryDemand,
  type: AdmissionMaterial['type'],
  name: string,
  { ledger, reading, claim }: VoucherContext,
): void {
  const where = `attestor entry of TrustedKey ${name}`;
  const annotated = Object.keys(annotations).length > 0;
  if (type === 'notation') {
    if (annotated) ledger.note('notationMetadata', `${where}, annotations`);
    if (repository !== undefined) ledger.note('notationRepository', `${where}, repository`);
    return;
  }
  if (repository !== undefined)
    ledger.note(reading === 'bundle' ? 'entryRepositoryBundle' : 'entryRepository', `${where}, repository`);
  if (!annotated) return;
  ledger.note(reading === 'bundle' ? 'annotationsBundle' : 'annotationsAny', `${where}, annotations`);
  if (claim === 'attestation') ledger.note('attestationAnnotations', `${where}, annotations`);
  if (type !== 'publicKey') ledger.note('annotationsOfHolders', `${where}, annotations`);
}
