/**
 * Kyverno policies as suites need them where the renderer is not what is tried: small, with every field that the CRDs
 * would default, so that a server-side apply of them is a no-op.
 */
import { API_VERSION, LABELS } from '../../src/api/group.ts';
import type { ImageTrustPolicy } from '../../src/api/image-trust-policy.ts';
import type { AdmissionMode, KyvernoFormat, KyvernoObject } from '../../src/outputs/kyverno/rendering.ts';

/** What a rendering may vary in. */
export interface KyvernoObjectOptions {
  readonly format: KyvernoFormat;
  readonly mode: AdmissionMode;
  /** Whatever makes one rendering another: a key, an exception. */
  readonly mark?: string;
}

/** A policy that is owned by this ImageTrustPolicy. */
export function kyvernoObject(
  { metadata }: ImageTrustPolicy,
  { format, mode, mark = 'k1' }: KyvernoObjectOptions,
): KyvernoObject {
  const { name, uid } = metadata;
  const owner = { apiVersion: API_VERSION, kind: 'ImageTrustPolicy', name, controller: true, blockOwnerDeletion: true };
  return {
    apiVersion: format === 'ClusterPolicy' ? 'kyverno.io/v1' : 'policies.kyverno.io/v1',
    kind: format,
    metadata: {
      name: `image-trust-${name}`,
      labels: { [LABELS.managedBy]: 'image-trust-operator', [LABELS.policyName]: name },
      annotations: { 'pod-policies.kyverno.io/autogen-controllers': 'none' },
      ...(uid === undefined ? {} : { ownerReferences: [{ ...owner, uid }] }),
    },
    spec: format === 'ClusterPolicy' ? legacySpec(mode, mark) : spec(mode, mark),
  };
}

function legacySpec(mode: AdmissionMode, mark: string): KyvernoObject['spec'] {
  return {
    admission: true,
    background: false,
    emitWarning: false,
    validationFailureAction: mode,
    rules: [
      {
        name: 'images',
        skipBackgroundRequests: true,
        match: { any: [{ resources: { kinds: ['Pod'] } }] },
        verifyImages: [
          {
            type: 'Cosign',
            failureAction: mode,
            imageReferences: ['*'],
            mutateDigest: false,
            verifyDigest: false,
            required: true,
            useCache: false,
            attestors: [
              {
                count: 1,
                entries: [{ signatureAlgorithm: 'sha256', keys: { signatureAlgorithm: 'sha256', publicKeys: mark } }],
              },
            ],
          },
        ],
      },
    ],
  };
}

function spec(mode: AdmissionMode, mark: string): KyvernoObject['spec'] {
  return {
    validationActions: [mode === 'Audit' ? 'Audit' : 'Deny'],
    validationConfigurations: { mutateDigest: false, verifyDigest: false, required: true },
    matchConstraints: {
      resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
    },
    matchImageReferences: [{ glob: '*' }],
    attestors: [{ name: 'a', cosign: { key: { data: mark } } }],
    validations: [{ expression: 'images.containers.all(i, verifyImageSignatures(i, [attestors.a]) > 0)' }],
  };
}
