/**
 * Runs one row: a fresh scene, the steps, both verdicts, and the demands on them. Owns what "equal" means: they accept
 * exactly when we say `verified`, and where they refuse we say `rejected`, never `unknown`.
 */
import { expect } from 'vitest';
import { REASONS } from '../../src/api/reasons.ts';
import { type Repository, pushDockerImage, pushImage, pushIndex } from './content.ts';
import type { Lab } from './lab.ts';
import type { OurVerdict } from './ours.ts';
import type { RegistryName } from './registries.ts';
import type { Expected, Row, Scene, Shape, TheirVerdict } from './row.ts';

/** The two who are asked. */
export interface Judges<W, A> {
  readonly workshop: W;
  theirs(ask: A, scene: Scene): Promise<TheirVerdict>;
  ours(ask: A, scene: Scene): Promise<OurVerdict>;
}

let scenes = 0;

/** Images that nobody has signed yet. */
export async function freshScene(lab: Lab, registry: RegistryName, shape?: Shape): Promise<Scene> {
  scenes += 1;
  const host = lab.registries.hostOf(registry);
  const repository: Repository = { host, name: `row-${scenes}/app` };
  const apart: Repository = { host, name: `row-${scenes}/signatures` };
  const other = await pushImage(repository, `other ${scenes}`, 'other');
  if (shape === 'index') {
    const pushed = await pushIndex(repository, `index ${scenes}`, 'v1');
    return { registry, repository, apart, image: pushed.index, other, child: pushed.child };
  }
  const push = shape === 'docker' ? pushDockerImage : pushImage;
  const image = await push(repository, `image ${scenes}`, 'v1');
  return { registry, repository, apart, image, other, child: image };
}

/** Runs the steps, asks both, and compares. */
export async function expectRow<W, A>(row: Row<W, A>, scene: Scene, judges: Judges<W, A>): Promise<void> {
  for (const step of row.prepare) await step(judges.workshop, scene);
  expectVerdicts(row, await judges.theirs(row.ask, scene), await judges.ours(row.ask, scene));
}

/** Compares both verdicts with each other and with what was expected of them. */
export function expectVerdicts(expected: Expected, theirs: TheirVerdict, ours: OurVerdict): void {
  const found = {
    theirs: theirs.accepts ? 'accept' : 'refuse',
    ours: ours.reason,
    state: ours.state,
    differ: ours.state !== (theirs.accepts ? 'verified' : 'rejected'),
    told: `theirs: ${theirs.said}; ours: ${ours.message}`,
  };
  // A difference must stand in differences.ts, and one that stands there must still be one.
  expect(found).toEqual({
    theirs: expected.theirs,
    ours: expected.ours,
    state: expected.ours === 'WrongInput' ? 'none' : REASONS[expected.ours].state,
    differ: expected.difference !== undefined,
    told: expect.any(String),
  });
}
