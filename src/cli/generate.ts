/**
 * `image-trust generate`: manifests in, Kyverno policies out. Must never print a policy that does not say all that its
 * ImageTrustPolicy says: such a one is told on standard error instead.
 */
import type { ImageTrustPolicy } from '../api/image-trust-policy.ts';
import type { AdmissionKey } from '../core/admission-key.ts';
import type { ManifestWorld } from '../core/manifests/world.ts';
import { renderJson, renderYaml } from '../outputs/json.ts';
import { chooseFormat, renderKyverno } from '../outputs/kyverno/render.ts';
import type { AdmissionMode, KyvernoFormat, KyvernoObject, Rendering } from '../outputs/kyverno/rendering.ts';
import { lookupIn } from '../store/materials.ts';
import { admissionKeyOf } from '../verify/trust/admission-key.ts';
import { EXIT, type ExitCode, UsageError } from './exit.ts';
import { readScanWorld, type WorldFlags } from './scan-world.ts';
import type { Terminal } from './terminal.ts';
import { materialsOfWorld } from './world-materials.ts';

/** What the flags give. */
export interface GenerateFlags extends WorldFlags {
  readonly format?: KyvernoFormat;
  readonly mode?: AdmissionMode;
  readonly policy: readonly string[];
  readonly output: 'yaml' | 'json';
}

/** Runs the command. Throws UsageError. */
export async function runGenerate(flags: GenerateFlags, terminal: Terminal): Promise<ExitCode> {
  const world = await readScanWorld(flags, terminal, 'generate');
  await world.close();
  const lookup = lookupIn(materialsOfWorld(world));
  const keys = new Map(world.trustedKeys.map((key) => [key.metadata.name, admissionKeyOf(key, lookup)]));
  const rendered = policiesOf(world, flags.policy).map((policy) => ({
    policy,
    rendering: renderOne(policy, keys, flags, terminal.now()),
  }));
  for (const { policy, rendering } of rendered) terminal.stderr.write(remarksOf(policy, rendering));
  const objects = rendered.flatMap(({ rendering }) => (rendering.kind === 'rendered' ? [rendering.object] : []));
  if (objects.length > 0) terminal.stdout.write(written(objects, flags.output));
  return objects.length === rendered.length ? EXIT.trusted : EXIT.rejected;
}

function renderOne(
  policy: ImageTrustPolicy,
  keys: ReadonlyMap<string, AdmissionKey>,
  flags: GenerateFlags,
  now: Date,
): Rendering {
  const both = { clusterPolicy: true, imageValidatingPolicy: true };
  const format = flags.format ?? chooseFormat(policy, both) ?? 'ImageValidatingPolicy';
  const mode = flags.mode ?? (policy.spec.enforcement.mode === 'Enforce' ? 'Enforce' : 'Audit');
  return renderKyverno({ policy, keys, format, mode, now });
}

function policiesOf({ policies }: ManifestWorld, names: readonly string[]): readonly ImageTrustPolicy[] {
  const known = policies.map(({ metadata }) => metadata.name);
  if (known.length === 0)
    throw new UsageError(
      'there is no ImageTrustPolicy, in the manifests or in the cluster that was given, so there is nothing to generate',
    );
  const strange = names.find((name) => !known.includes(name));
  if (strange !== undefined)
    throw new UsageError(`--policy ${strange}: no such object (there is ${known.toSorted().join(', ')})`);
  return names.length === 0 ? policies : policies.filter(({ metadata }) => names.includes(metadata.name));
}

function written(objects: readonly KyvernoObject[], output: 'yaml' | 'json'): string {
  if (output === 'yaml') return renderYaml(objects);
  const [first] = objects;
  return renderJson(objects.length === 1 ? first : { apiVersion: 'v1', kind: 'List', items: objects });
}

/** What cannot be said, what is let in, what is refused beside the engine, and which keys vouch for nothing. */
function remarksOf({ metadata }: ImageTrustPolicy, rendering: Rendering): string {
  const about = `ImageTrustPolicy ${metadata.name}`;
  const keys = rendering.leftOut.map(({ message }) => `${about}: left out: ${message}`);
  const unmeetable = [...new Set(rendering.unmeetable)].map(
    (name) => `${about}: attestor set "${name}" cannot be met now, so every image in scope is refused`,
  );
  const said =
    rendering.kind === 'not-expressible'
      ? rendering.problems.map((p) => `${about}: not expressible as ${p.format}: ${p.where}: ${p.message}`)
      : [
          ...rendering.gaps.map(({ where, message }) => `${about}: lets in: ${where}: ${message}`),
          ...rendering.refusals.map(({ where, message }) => `${about}: stricter: ${where}: ${message}`),
        ];
  return [...keys, ...unmeetable, ...said].map((line) => `${line}\n`).join('');
}
