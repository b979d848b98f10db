/** notation signs live; then it and we are asked. */
import { askNotation, type NotaryQuestion, ourNotaryFlags } from './notation.ts';
import { type NotationWorkshop, openNotation } from './notation-workshop.ts';
import { judgeHere } from './ours.ts';
import { NOTATION_ROWS } from './rows.ts';
import { describeSideBySide } from './side-by-side.ts';

await describeSideBySide<NotationWorkshop, NotaryQuestion>({
  signer: 'notation 1.3.2',
  tool: 'notation',
  rows: NOTATION_ROWS,
  open: openNotation,
  judges: (workshop, { folder }) => ({
    theirs: (ask, scene) => askNotation(workshop, ask, scene),
    ours: async (ask, scene) => judgeHere(await ourNotaryFlags(workshop, ask, scene), folder),
  }),
});
