/**
 * Policies as people write them by hand, over one namespace each, for the round trip: import, then generate. Those with
 * holes say which fixtures the generated one keeps out that the hand-written one let in.
 */
import type { Loose } from '../support/cluster/client.ts';
import { type Format, keyFile } from './trust.ts';

/** A hand-written policy. Its namespace has its name. */
export interface HandWritten {
  readonly name: string;
  readonly format: Format;
  readonly policy: Loose;
  /** Fixtures that the generated policy refuses and the hand-written one admits: its holes. */
  readonly closed?: readonly string[];
  /** No fixture has so many signatures. */
  readonly admitsNone?: true;
}

const K1 = keyFile('k1.pub');
const OTHER = keyFile('other.pub');
const ROOT = keyFile('pki/root.crt');
const CHAIN = keyFile('pki/inter.crt') + ROOT;
const OFFLINE = { rekor: { url: 'https://rekor.sigstore.dev', ignoreTlog: true }, ctlog: { ignoreSCT: true } };
const key = (pem: string, more: object = {}): object => ({ keys: { publicKeys: pem, ...OFFLINE }, ...more });

function cluster(name: string, verify: object, rest: Pick<HandWritten, 'closed' | 'admitsNone'> = {}): HandWritten {
  const images = { imageReferences: ['*'], mutateDigest: true, failureAction: 'Enforce' };
  const match = { any: [{ resources: { kinds: ['Pod'], namespaces: [name] } }] };
  const rules = [{ name: 'verify', match, verifyImages: [{ ...images, ...verify }] }];
  const annotations = { 'pod-policies.kyverno.io/autogen-controllers': 'none' };
  const policy = {
    apiVersion: 'kyverno.io/v1',
    kind: 'ClusterPolicy',
    metadata: { name: `hand-${name}`, annotations },
    spec: { background: false, webhookTimeoutSeconds: 30, rules },
  };
  return { name, format: 'ClusterPolicy', policy, ...rest };
}

const entries = (list: readonly object[], count?: number): object => ({
  attestors: [{ ...(count === undefined ? {} : { count }), entries: list }],
});

const CLUSTER: readonly HandWritten[] = [
  cluster('c-key', entries([key(K1)])),
  cluster('c-any', entries([key(K1), key(OTHER)], 1)),
  cluster('c-all', entries([key(K1), key(OTHER)]), { admitsNone: true }),
  cluster('c-blocks', entries([key(K1 + OTHER)], 1)),
  cluster('c-sets', { attestors: [{ entries: [key(K1)] }, { entries: [key(OTHER)] }] }, { admitsNone: true }),
  cluster('c-annotations', entries([key(K1, { annotations: { env: 'prod' } })])),
  // Top-level attestors of a SigstoreBundle take any statement by the key: an attestation passes for a signature.
  cluster('c-bundle', { type: 'SigstoreBundle', ...entries([key(K1)]) }, { closed: ['attest3-slsa1'] }),
  cluster('c-notary', { type: 'Notary', ...entries([{ certificates: { cert: ROOT } }]) }),
  cluster('c-certificate', entries([{ keyless: { roots: CHAIN, subjectRegExp: '.*', ...OFFLINE } }])),
];

function validating(name: string, attestors: readonly object[], expression: string, rest: object = {}): HandWritten {
  const resourceRules = [
    { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['pods'] },
  ];
  const namespaceSelector = { matchLabels: { 'kubernetes.io/metadata.name': name } };
  const policy = {
    apiVersion: 'policies.kyverno.io/v1',
    kind: 'ImageValidatingPolicy',
    metadata: { name: `hand-${name}` },
    spec: {
      validationActions: ['Deny'],
      matchConstraints: { resourceRules, namespaceSelector },
      matchImageReferences: [{ glob: '*' }],
      autogen: { podControllers: { controllers: [] } },
      attestors,
      validations: [{ message: 'not signed', expression }],
      ...rest,
    },
  };
  return { name, format: 'ImageValidatingPolicy', policy };
}

const cosign = (name: string, data: string): object => ({
  name,
  cosign: { key: { data }, ctlog: { insecureIgnoreTlog: true, insecureIgnoreSCT: true } },
});
const signedBy = (...names: readonly string[]): string =>
  `verifyImageSignatures(image, [${names.map((name) => `attestors.${name}`).join(', ')}])`;
const each = (expression: string): string => `images.containers.map(image, ${expression}).all(e, e)`;

const VALIDATING: readonly HandWritten[] = [
  validating('i-key', [cosign('k1', K1)], each(`${signedBy('k1')} > 0`)),
  validating('i-any', [cosign('k1', K1), cosign('other', OTHER)], each(`${signedBy('k1', 'other')} > 0`)),
  {
    ...validating('i-all', [cosign('k1', K1), cosign('other', OTHER)], each(`${signedBy('k1', 'other')} == 2`)),
    admitsNone: true,
  },
  validating('i-notary', [{ name: 'ca', notary: { certs: { value: ROOT } } }], each(`${signedBy('ca')} > 0`)),
  validating(
    'i-attested',
    [cosign('k1', K1)],
    each('verifyAttestationSignatures(image, attestations.slsa, [attestors.k1]) > 0'),
    { attestations: [{ name: 'slsa', intoto: { type: 'https://slsa.dev/provenance/v1' } }] },
  ),
];

/** All of them. */
export const HAND_WRITTEN: readonly HandWritten[] = [...CLUSTER, ...VALIDATING];
