/**
 * The last look at a rendered policy. Both webhooks of Kyverno take policies that admit everything or cannot work
 * (kyverno-live: broken PEM, undeclared attestors, empty constraints) and call them ready. Owns what a whole policy has;
 * a policy that lacks it is a fault of the renderer, and thrown. Must never mend anything.
 */
import { createPublicKey, X509Certificate } from 'node:crypto';
import * as z from 'zod';
import type { KyvernoObject } from './rendering.ts';

/** Throws an error that names the place where the policy is not whole. */
export function demandPolicy({ kind, metadata, spec }: KyvernoObject): void {
  demand(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(metadata.name), kind, `the name ${metadata.name}`);
  const schema = kind === 'ClusterPolicy' ? ClusterPolicy : ImageValidatingPolicy;
  const result = schema.safeParse(spec);
  const [issue] = result.error?.issues ?? [];
  demand(issue === undefined, kind, `spec.${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
  demandDeclared(kind, spec);
}

function demand(holds: boolean, kind: string, what: string): void {
  if (!holds) throw new Error(`the rendered ${kind} is not whole: ${what}`);
}

const text = z.string().min(1);
const seconds = z.int().min(1).max(30);
const publicKey = text.refine(isPublicKey, 'not one public key in PEM');
const certificates = text.refine(areCertificates, 'not certificates in PEM');
const failurePolicy = z.enum(['Fail', 'Ignore']);

const Rekor = z.strictObject({ url: text, ignoreTlog: z.boolean(), pubkey: publicKey.exactOptional() });
const Ctlog = z.strictObject({ ignoreSCT: z.boolean(), pubkey: publicKey.exactOptional() });
const hash = z.enum(['sha256', 'sha384', 'sha512']);

const Keys = z
  .strictObject({
    publicKeys: publicKey.exactOptional(),
    kms: text.exactOptional(),
    signatureAlgorithm: hash,
    rekor: Rekor,
    ctlog: Ctlog,
  })
  .refine(({ publicKeys, kms }) => (publicKeys === undefined) !== (kms === undefined), 'no key, or two');

const Keyless = z
  .strictObject({
    issuer: text.exactOptional(),
    issuerRegExp: text.exactOptional(),
    subject: text.exactOptional(),
    subjectRegExp: text.exactOptional(),
    roots: certificates.exactOptional(),
    additionalExtensions: z.record(text, z.string()).exactOptional(),
    rekor: Rekor,
    ctlog: Ctlog,
  })
  .refine(({ subject, subjectRegExp }) => (subject ?? subjectRegExp) !== undefined, 'no identity')
  .refine(({ issuer, issuerRegExp, roots }) => (issuer ?? issuerRegExp ?? roots) !== undefined, 'no issuer, no roots');

const Entry = z
  .strictObject({
    signatureAlgorithm: hash,
    keys: Keys.exactOptional(),
    keyless: Keyless.exactOptional(),
    certificates: z.strictObject({ cert: certificates }).exactOptional(),
    annotations: z.record(text, z.string()).exactOptional(),
    repository: text.exactOptional(),
  })
  .refine(
    ({ keys, keyless, certificates: certs }) => [keys, keyless, certs].filter((one) => one !== undefined).length === 1,
    'not one signer',
  );

const AttestorSet = z
  .strictObject({ count: z.int().min(1), entries: z.array(Entry).min(1) })
  .refine(({ count, entries }) => count <= entries.length, 'a count above the entries');

const VerifyImages = z
  .looseObject({
    type: z.enum(['Cosign', 'SigstoreBundle', 'Notary']),
    failureAction: z.enum(['Audit', 'Enforce']),
    imageReferences: z.array(text).min(1),
    skipImageReferences: z.array(text).min(1).exactOptional(),
    attestors: z.array(AttestorSet).min(1).exactOptional(),
    attestations: z
      .array(z.looseObject({ name: text, type: text, attestors: z.array(AttestorSet).min(1) }))
      .min(1)
      .exactOptional(),
    mutateDigest: z.boolean(),
    verifyDigest: z.boolean(),
    required: z.literal(false),
    useCache: z.literal(false),
  })
  .refine(({ attestors, attestations }) => attestors !== undefined || attestations !== undefined, 'nothing demanded')
  .refine(({ failureAction, mutateDigest }) => failureAction === 'Enforce' || !mutateDigest, 'mutateDigest in Audit');

/** Of two with one name Kyverno drops one. */
const Extractors = z
  .array(z.looseObject({ path: text, value: text, name: text }))
  .length(4)
  .refine((list) => new Set(list.map(({ name }) => name)).size === list.length, 'two extractors of one name');

const Rule = z
  .looseObject({
    name: text.max(63),
    skipBackgroundRequests: z.literal(true),
    match: z.union([
      z.strictObject({ any: z.array(z.unknown()).min(1) }),
      z.strictObject({ all: z.array(z.unknown()).min(1) }),
    ]),
    preconditions: z.strictObject({ any: z.array(z.unknown()).min(1) }),
    imageExtractors: z.strictObject({ Pod: Extractors }).exactOptional(),
    verifyImages: z.array(VerifyImages).length(1).exactOptional(),
    validate: z.looseObject({ deny: z.unknown() }).exactOptional(),
  })
  .refine(
    ({ verifyImages, imageExtractors, validate }) =>
      validate === undefined ? verifyImages !== undefined && imageExtractors !== undefined : verifyImages === undefined,
    'neither a verification with its extractors, nor a validation',
  );

const ClusterPolicy = z.strictObject({
  admission: z.literal(true),
  background: z.literal(false),
  emitWarning: z.literal(false),
  validationFailureAction: z.enum(['Audit', 'Enforce']),
  webhookConfiguration: z.strictObject({ failurePolicy, timeoutSeconds: seconds }),
  rules: z
    .array(Rule)
    .min(1)
    .refine((rules) => rules.some(({ verifyImages }) => verifyImages !== undefined), 'no verification')
    .refine((rules) => new Set(rules.map(({ name }) => name)).size === rules.length, 'two rules of one name'),
});

const Attestor = z.looseObject({
  name: z.string().regex(/^[a-z][a-z0-9_]*$/),
  cosign: z
    .looseObject({ key: z.looseObject({ data: publicKey.exactOptional(), hashAlgorithm: hash }).exactOptional() })
    .exactOptional(),
  notary: z
    .strictObject({
      certs: z.strictObject({ value: certificates }),
      tsaCerts: z.strictObject({ value: certificates }).exactOptional(),
    })
    .exactOptional(),
});

/** spec.images, in order. */
const LISTS = ['containers', 'initContainers', 'ephemeralContainers', 'volumes'] as const;

const ImageValidatingPolicy = z.looseObject({
  failurePolicy,
  webhookConfiguration: z.strictObject({ timeoutSeconds: seconds }),
  validationActions: z.tuple([z.enum(['Deny', 'Audit'])]),
  validationConfigurations: z.strictObject({
    mutateDigest: z.boolean(),
    verifyDigest: z.boolean(),
    required: z.literal(false),
  }),
  matchConstraints: z.looseObject({
    resourceRules: z.tuple([
      z.strictObject({
        apiGroups: z.tuple([z.literal('')]),
        apiVersions: z.tuple([z.literal('v1')]),
        operations: z.tuple([z.literal('CREATE'), z.literal('UPDATE')]),
        resources: z.tuple([z.literal('pods'), z.literal('pods/ephemeralcontainers')]),
      }),
    ]),
  }),
  matchConditions: z.array(z.strictObject({ name: text, expression: text })).min(1),
  matchImageReferences: z
    .array(z.union([z.strictObject({ glob: text }), z.strictObject({ expression: text })]))
    .length(1),
  images: z
    .array(z.strictObject({ name: z.enum(LISTS), expression: text }))
    .refine((images) => images.map(({ name }) => name).join() === LISTS.join(), 'not the four lists of images'),
  attestors: z.array(Attestor).min(1),
  validations: z
    .array(
      z.strictObject({ message: text, expression: text.refine(provesEveryImage, 'an expression that proves nothing') }),
    )
    .min(1),
});

/** Every list of images, and a call that verifies, or a refusal. */
function provesEveryImage(expression: string): boolean {
  const calls = /verify(?:Image|Attestation)Signatures\(i, [^()]*attestors\.nobody\]\)/.test(expression);
  return LISTS.every((list) => expression.includes(`images.${list}`)) && (calls || /\bfalse\b/.test(expression));
}

/** What expressions name is declared, once. */
function demandDeclared(kind: string, spec: Readonly<Record<string, unknown>>): void {
  if (kind !== 'ImageValidatingPolicy') return;
  const { attestors, attestations, validations } = Named.parse(spec);
  const expressions = validations.map(({ expression }) => expression).join('\n');
  for (const [list, field] of [
    [attestors, 'attestors'],
    [attestations, 'attestations'],
  ] as const) {
    const names = list.map(({ name }) => name);
    demand(new Set(names).size === names.length, kind, `spec.${field}: one name twice`);
    const used = [...expressions.matchAll(new RegExp(`\\b${field}\\.([a-z0-9_]+)`, 'g'))].map(([, name]) => name ?? '');
    const missing = used.find((name) => !names.includes(name));
    demand(missing === undefined, kind, `spec.${field}: ${missing ?? ''} is not declared`);
  }
}

const NamedList = z.array(z.looseObject({ name: z.string() }));
const Named = z.looseObject({
  attestors: NamedList,
  attestations: NamedList.default([]),
  validations: z.array(z.looseObject({ expression: z.string() })),
});

/** Kyverno reads the first block alone, so one is all there may be. */
function isPublicKey(pem: string): boolean {
  if (!/^-----BEGIN PUBLIC KEY-----\n[^-]+-----END PUBLIC KEY-----\n$/.test(pem)) return false;
  return readable(() => createPublicKey(pem));
}

function areCertificates(pem: string): boolean {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----\n[^-]+-----END CERTIFICATE-----\n/g) ?? [];
  return blocks.join('') === pem && blocks.every((block) => readable(() => new X509Certificate(block)));
}

function readable(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch {
    return false;
  }
}
