/** docs/enforcement.md, command by command, on the demo's cluster with Kyverno's kinds, which somebody calls ready. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CONTROL_PLANE_TOOLS } from '../support/control-plane.ts';
import { KYVERNO_KINDS, type KyvernoKind } from '../support/cluster/kyverno-crds.ts';
import { readyStatus } from '../support/cluster/kyverno-standin.ts';
import { guideSteps } from '../support/guide.ts';
import { type HeldDemo, holdDemo } from '../support/held-demo.ts';
import { toolbox } from '../toolbox/toolbox.ts';

const box = await toolbox(...CONTROL_PLANE_TOOLS);
const steps = guideSteps(readFileSync(join(import.meta.dirname, '../../docs/enforcement.md'), 'utf8'));
const KINDS: readonly KyvernoKind[] = ['ClusterPolicy', 'ImageValidatingPolicy'];
const CRDS = ['kyverno.io_clusterpolicies', 'policies.kyverno.io_imagevalidatingpolicies'];

describe.skipIf(!box.ready)('the guide from Audit to Enforce', () => {
  let demo: HeldDemo;
  const end = new AbortController();
  let standIn = Promise.resolve();

  beforeAll(async () => {
    demo = await holdDemo();
    await demo.output(CRDS.map((crd) => `kubectl apply --server-side -f test/fixtures/crds/${crd}.yaml`).join(' && '));
    standIn = sayReady(demo, end.signal);
  }, 150_000);
  afterAll(async () => {
    end.abort();
    await standIn;
    await demo[Symbol.asyncDispose]();
  }, 60_000);

  test('has commands', () => {
    expect(steps.length).toBeGreaterThan(10);
  });

  test.each(steps.map((step) => [step.line, step.command, step] as const))(
    'line %i: %s',
    async (_line, _command, step) => expect(await demo.follow(step)).not.toBe(''),
    60_000,
  );
});

/** In place of Kyverno, until the signal. */
async function sayReady(demo: HeldDemo, signal: AbortSignal): Promise<void> {
  const commands = KINDS.map((kind) => {
    const resource = KYVERNO_KINDS[kind].crd;
    const patch = JSON.stringify({ status: readyStatus(kind) });
    return `for one in $(kubectl get ${resource} -o name); do kubectl patch --subresource=status $one --type=merge -p '${patch}'; done`;
  });
  while (!signal.aborted) {
    await demo.output(commands.join('; ')).catch(() => undefined);
    await delay(500);
  }
}
