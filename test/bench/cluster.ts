/**
 * Manifests for the benchmark: a policy with its key, and Pods as `kubectl get pods -A -o json` prints them: indented,
 * with the fields that a real kubelet and a Deployment's Pods have (about 6 KB each).
 */
import { createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import type { SignedImages } from './signed-images.ts';

const TIME = '2026-11-21T08:00:00Z';
const NAMESPACES = 40;

/** Writes the policy that trusts the images' key. */
export async function writePolicy(file: string, signed: SignedImages): Promise<void> {
  await writeFile(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: policyAndKey(signed) }));
}

/** A key, and the policy over all images that trusts it; both are called `bench`. */
export function policyAndKey({ publicKey }: SignedImages) {
  const key = { publicKey: { pem: publicKey }, transparencyLog: 'Ignored' };
  const attestors = [{ name: 'release', entries: [{ trustedKey: 'bench' }] }];
  return [
    { apiVersion: 'imagetrust.dev/v1alpha1', kind: 'TrustedKey', metadata: { name: 'bench' }, spec: key },
    {
      apiVersion: 'imagetrust.dev/v1alpha1',
      kind: 'ImageTrustPolicy',
      metadata: { name: 'bench' },
      spec: { images: ['*'], attestors },
    },
  ];
}

/** What the specs of Pods call their images by. */
export type PinnedBy = 'tag' | 'digest';

/** Pods to write: that many, which run the images in turn. */
export interface PodsOrder {
  readonly host: string;
  readonly signed: SignedImages;
  readonly count: number;
  readonly pinnedBy: PinnedBy;
}

/** Writes Pods. Gives the size of the file in bytes. */
export async function writePods(file: string, { host, signed, count, pinnedBy }: PodsOrder): Promise<number> {
  const { images } = signed;
  const stream = createWriteStream(file);
  stream.write('{\n    "apiVersion": "v1",\n    "items": [\n');
  for (let number = 0; number < count; number += 1) {
    const { repository, tag, digest } = images[number % images.length]!;
    const pinned = `${host}/${repository}@${digest}`;
    const pod = podOf(number, pinnedBy === 'tag' ? `${host}/${repository}:${tag}` : pinned, pinned);
    const text = JSON.stringify(pod, undefined, 4).replaceAll('\n', '\n        ');
    const room = stream.write(`        ${text}${number + 1 === count ? '' : ','}\n`);
    if (!room) await once(stream, 'drain');
  }
  stream.end('    ],\n    "kind": "List",\n    "metadata": {\n        "resourceVersion": ""\n    }\n}\n');
  await once(stream, 'finish');
  return stream.bytesWritten;
}

/** A Pod with everything that a kubelet and a Deployment write. */
export interface FullPod {
  readonly apiVersion: 'v1';
  readonly kind: 'Pod';
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly spec: object;
  readonly status: object;
}

/** The Pod of that number, of the app of its ten. */
export function podOf(number: number, image: string, imageID: string): FullPod {
  const app = `app-${Math.floor(number / 10)}`;
  const namespace = `team-${number % NAMESPACES}`;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: metadataOf(number, app, namespace),
    spec: specOf(number, image),
    status: statusOf(number, image, imageID),
  };
}

function metadataOf(number: number, app: string, namespace: string): Readonly<Record<string, unknown>> {
  return {
    annotations: {
      'kubectl.kubernetes.io/restartedAt': TIME,
      'prometheus.io/scrape': 'true',
      'prometheus.io/port': '8080',
    },
    creationTimestamp: TIME,
    generateName: `${app}-7d9c5b8f6d-`,
    generation: 1,
    labels: {
      'app.kubernetes.io/name': app,
      'app.kubernetes.io/part-of': namespace,
      'app.kubernetes.io/managed-by': 'Helm',
      'pod-template-hash': '7d9c5b8f6d',
    },
    name: `${app}-7d9c5b8f6d-${number}`,
    namespace,
    ownerReferences: [
      {
        apiVersion: 'apps/v1',
        blockOwnerDeletion: true,
        controller: true,
        kind: 'ReplicaSet',
        name: `${app}-7d9c5b8f6d`,
        uid: uidOf(Math.floor(number / 10), 'b'),
      },
    ],
    resourceVersion: String(1_000_000 + number),
    uid: uidOf(number, 'a'),
  };
}

function specOf(number: number, image: string): object {
  const probe = {
    failureThreshold: 3,
    httpGet: { path: '/healthz', port: 'http', scheme: 'HTTP' },
    periodSeconds: 10,
    successThreshold: 1,
    timeoutSeconds: 1,
  };
  return {
    containers: [
      {
        args: ['--config=/etc/app/config.yaml', '--listen=:8080'],
        env: [
          { name: 'LOG_LEVEL', value: 'info' },
          { name: 'POD_NAME', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } } },
          { name: 'DATABASE_PASSWORD', valueFrom: { secretKeyRef: { key: 'password', name: 'database' } } },
        ],
        image,
        imagePullPolicy: 'IfNotPresent',
        livenessProbe: probe,
        name: 'app',
        ports: [{ containerPort: 8080, name: 'http', protocol: 'TCP' }],
        readinessProbe: probe,
        resources: { limits: { memory: '256Mi' }, requests: { cpu: '100m', memory: '128Mi' } },
        securityContext: {
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'] },
          readOnlyRootFilesystem: true,
          runAsNonRoot: true,
        },
        terminationMessagePath: '/dev/termination-log',
        terminationMessagePolicy: 'File',
        volumeMounts: [
          { mountPath: '/etc/app', name: 'config' },
          {
            mountPath: '/var/run/secrets/kubernetes.io/serviceaccount',
            name: `kube-api-access-${number}`,
            readOnly: true,
          },
        ],
      },
    ],
    dnsPolicy: 'ClusterFirst',
    enableServiceLinks: true,
    nodeName: `node-${number % 100}`,
    preemptionPolicy: 'PreemptLowerPriority',
    priority: 0,
    restartPolicy: 'Always',
    schedulerName: 'default-scheduler',
    securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
    serviceAccount: 'default',
    serviceAccountName: 'default',
    terminationGracePeriodSeconds: 30,
    tolerations: ['not-ready', 'unreachable'].map((key) => ({
      effect: 'NoExecute',
      key: `node.kubernetes.io/${key}`,
      operator: 'Exists',
      tolerationSeconds: 300,
    })),
    volumes: [{ configMap: { defaultMode: 420, name: 'app-config' }, name: 'config' }, tokenVolume(number)],
  };
}

function tokenVolume(number: number): object {
  const sources = [
    { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
    { configMap: { items: [{ key: 'ca.crt', path: 'ca.crt' }], name: 'kube-root-ca.crt' } },
    {
      downwardAPI: { items: [{ fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' }, path: 'namespace' }] },
    },
  ];
  return { name: `kube-api-access-${number}`, projected: { defaultMode: 420, sources } };
}

function statusOf(number: number, image: string, imageID: string): object {
  const types = ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', 'PodScheduled'];
  const ip = `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`;
  return {
    conditions: types.map((type) => ({
      lastProbeTime: null,
      lastTransitionTime: TIME,
      observedGeneration: 1,
      status: 'True',
      type,
    })),
    containerStatuses: [
      {
        allocatedResources: { cpu: '100m', memory: '128Mi' },
        containerID: `containerd://${'0123456789abcdef'.repeat(4)}`,
        image,
        imageID,
        lastState: {},
        name: 'app',
        ready: true,
        restartCount: 0,
        started: true,
        state: { running: { startedAt: TIME } },
      },
    ],
    hostIP: '192.168.0.1',
    hostIPs: [{ ip: '192.168.0.1' }],
    phase: 'Running',
    podIP: ip,
    podIPs: [{ ip }],
    qosClass: 'Burstable',
    startTime: TIME,
  };
}

function uidOf(number: number, first: string): string {
  return `${first}${number.toString(16).padStart(7, '0')}-0000-4000-8000-000000000000`;
}
