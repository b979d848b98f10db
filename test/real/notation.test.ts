/** notation signs live, on both registries; then both sides are asked. Every row's verdicts must be as its table says. */
import { afterAll, beforeAll, describe, it } from 'vitest';
import { toolbox } from '../toolbox/toolbox.ts';
import { expectRow, freshScene, type Judges } from './compare.ts';
import { type Lab, openLab } from './lab.ts';
import { askNotation, type NotaryQuestion, ourNotaryFlags } from './notation.ts';
import { type NotationWorkshop, openNotation } from './notation-workshop.ts';
import { judgeHere } from './ours.ts';
import { NOTATION_ROWS } from './rows.ts';
import { REGISTRIES, type RegistryName } from './registries.ts';

const tools = await toolbox('notation', 'registry');
const rowsFor = (registry: RegistryName) => NOTATION_ROWS.filter(({ only }) => only === undefined || only === registry);

describe.skipIf(!tools.ready)('notation 1.3.2 and we', () => {
  let lab: Lab;
  let judges: Judges<NotationWorkshop, NotaryQuestion>;

  beforeAll(async () => {
    if (!tools.ready) return;
    lab = await openLab(tools.path('registry'));
    const workshop = await openNotation(lab, tools.path('notation'));
    judges = {
      workshop,
      theirs: async (ask, scene) => askNotation(workshop, ask, scene),
      ours: async (ask, scene) => judgeHere(await ourNotaryFlags(workshop, ask, scene), lab.folder),
    };
  });
  afterAll(async () => {
    await judges?.workshop.close();
    await lab?.close();
  });

  describe.each(REGISTRIES)('on %s', (registry) => {
    // Several at once: some rows wait for a certificate or a signature to end.
    it.concurrent.each(rowsFor(registry))('$name', async (row) => {
      await expectRow(row, await freshScene(lab, registry, row.shape), judges);
    });
  });
});
