/** cosign signs live; then it and we are asked. */
import { askCosign, type CosignQuestion, ourFlags } from './cosign.ts';
import { type CosignWorkshop, openCosign } from './cosign-workshop.ts';
import { judgeHere } from './ours.ts';
import { COSIGN_ROWS } from './rows.ts';
import { describeSideBySide } from './side-by-side.ts';

await describeSideBySide<CosignWorkshop, CosignQuestion>({
  signer: 'cosign 3.1.3',
  tool: 'cosign',
  rows: COSIGN_ROWS,
  open: openCosign,
  judges: (workshop, { folder }) => ({
    theirs: (ask, scene) => askCosign(workshop, ask, scene),
    ours: async (ask, scene) => judgeHere(ourFlags(workshop, ask, scene), folder),
  }),
});
