/** cosign signs live, on both registries; then both sides are asked. Every row's verdicts must be as its table says. */
import { afterAll, beforeAll, describe, it } from 'vitest';
import { toolbox } from '../toolbox/toolbox.ts';
import { expectRow, freshScene, type Judges } from './compare.ts';
import { askCosign, type CosignQuestion, ourFlags } from './cosign.ts';
import { type CosignWorkshop, openCosign } from './cosign-workshop.ts';
import { COSIGN_ROWS } from './rows.ts';
import { type Lab, openLab } from './lab.ts';
import { judgeHere } from './ours.ts';
import { REGISTRIES, type RegistryName } from './registries.ts';

const tools = await toolbox('cosign', 'registry');

const rowsFor = (registry: RegistryName) => COSIGN_ROWS.filter(({ only }) => only === undefined || only === registry);

describe.skipIf(!tools.ready)('cosign 3.1.3 and we', () => {
  let lab: Lab;
  let judges: Judges<CosignWorkshop, CosignQuestion>;

  beforeAll(async () => {
    if (!tools.ready) return;
    lab = await openLab(tools.path('registry'));
    const workshop = await openCosign(lab, tools.path('cosign'));
    judges = {
      workshop,
      theirs: async (ask, scene) => askCosign(workshop, ask, scene),
      ours: async (ask, scene) => judgeHere(ourFlags(workshop, ask, scene), lab.folder),
    };
  });
  afterAll(async () => {
    await judges?.workshop.close();
    await lab?.close();
  });

  describe.each(REGISTRIES)('on %s', (registry) => {
    it.concurrent.each(rowsFor(registry))('$name', async (row) => {
      await expectRow(row, await freshScene(lab, registry, row.shape), judges);
    });
  });
});
