/** cosign signs live, on both registries; then both sides are asked. Every row's verdicts must be as its table says. */
import { afterAll, beforeAll, describe, it } from 'vitest';
import { toolbox } from '../toolbox/toolbox.ts';
import { expectRow, freshScene, type Judges } from './compare.ts';
import { ATTESTATION_ROWS } from './cosign-attestations.table.ts';
import { CERTIFICATE_ROWS } from './cosign-certificates.table.ts';
import { PLACE_ROWS } from './cosign-places.table.ts';
import { KEY_ROWS } from './cosign-keys.table.ts';
import { askCosign, type CosignQuestion, ourFlags } from './cosign.ts';
import { type CosignWorkshop, openCosign } from './cosign-workshop.ts';
import { type Lab, openLab } from './lab.ts';
import { judgeHere } from './ours.ts';
import { REGISTRIES, type RegistryName } from './registries.ts';

const tools = await toolbox('cosign', 'registry');

const ROWS = [...KEY_ROWS, ...PLACE_ROWS, ...ATTESTATION_ROWS, ...CERTIFICATE_ROWS];
const rowsFor = (registry: RegistryName) => ROWS.filter(({ only }) => only === undefined || only === registry);

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
    judges?.workshop.authority.dispose();
    await lab?.close();
  });

  describe.each(REGISTRIES)('on %s', (registry) => {
    it.each(rowsFor(registry))('$name', async (row) => {
      await expectRow(row, await freshScene(lab, registry, row.index), judges);
    });
  });
});
