/**
 * `make demo HOLD=1`: the demo stops when everything is published and leaves the stage to you, until a signal disposes of it.
 * What another terminal needs stands in a file of shell settings.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { DemoCluster } from './cluster.ts';
import type { Images } from './images.ts';
import { runNewPods } from './nodes.ts';

const ROOT = join(import.meta.dirname, '../..');

/** What the demo plays on. */
export interface Stage {
  readonly cluster: DemoCluster;
  readonly images: Images;
}

/** Keeps the stage until `stack` is disposed of; Pods that come are run, as a kubelet would. */
export async function hold({ cluster, images }: Stage, stack: AsyncDisposableStack): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'image-trust-hold-'));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const settings = join(folder, 'settings.sh');
  writeFileSync(settings, settingsOf({ cluster, images }));
  process.stdout.write(`\nYours until Ctrl-C. In another terminal:\n\n  . ${settings}\n\n`);
  const end = new AbortController();
  stack.defer(() => end.abort());
  const done = new Set<string>();
  while (!end.signal.aborted) {
    await runNewPods(cluster.client, images, done);
    await delay(500, undefined, { signal: end.signal }).catch(() => undefined);
  }
}

/** `kubectl` and `image-trust` on this cluster and its registry. The proxy is for the registry: loopback goes past it. */
function settingsOf({ cluster, images }: Stage): string {
  const exported = Object.entries({ KUBECONFIG: cluster.kubeconfig, ...images.env });
  return [
    ...exported.map(([name, value]) => `export ${name}='${value}'`),
    `kubectl() { '${ROOT}/.ci/kubectl' "$@"; }`,
    `image-trust() { '${process.execPath}' '${ROOT}/src/main.ts' "$@" ${images.flags.join(' ')}; }`,
    '',
  ].join('\n');
}
