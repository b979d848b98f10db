/**
 * The real kubectl on the real cluster, as admin: what it prints and how it ends. `withOverlay` is a kustomization of
 * somebody who takes ours with its options. Nothing here waits or tries again.
 */
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { type Ended, runTool } from '../../toolbox/toolbox.ts';
import type { Cluster } from './cluster.ts';

/** The folder of the manifests that we ship. */
export const CONFIG = join(import.meta.dirname, '../../../config');

/** Runs kubectl to its end; a failure of kubectl's is a value. */
export async function kubectl(cluster: Cluster, ...args: readonly string[]): Promise<Ended> {
  if (cluster.kind === 'embedded') throw new Error('kubectl is tried on the real server');
  return runTool(cluster.plane.kubectl, ['--kubeconfig', cluster.kubeconfig, ...args]);
}

/** Applies a kustomization; throws with what kubectl said against it. */
export async function applyKustomization(cluster: Cluster, folder: string): Promise<void> {
  const { code, stderr } = await kubectl(cluster, 'apply', '-k', folder);
  if (code !== 0) throw new Error(stderr);
}

/** Gives a folder whose kustomization takes these folders of config/, for as long as `use` takes. */
export async function withOverlay<T>(
  parts: { readonly resources: readonly string[]; readonly components: readonly string[] },
  use: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'image-trust-overlay-')));
  const there = (names: readonly string[]): readonly string[] =>
    names.map((name) => relative(folder, join(realpathSync(CONFIG), name)));
  const kustomization = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: there(parts.resources),
    components: there(parts.components),
  };
  try {
    writeFileSync(join(folder, 'kustomization.yaml'), JSON.stringify(kustomization));
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
