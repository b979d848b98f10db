/**
 * The frame of the suites in which a signer signs live, on both registries, and then both sides are asked: every row's
 * verdicts must be as its table says.
 */
import { afterAll, beforeAll, describe, it } from 'vitest';
import { type ToolName, toolbox } from '../toolbox/toolbox.ts';
import { expectRow, freshScene, type Judges } from './compare.ts';
import { type Lab, openLab } from './lab.ts';
import { REGISTRIES } from './registries.ts';
import type { Row } from './row.ts';

export interface SideBySide<W, A> {
  /** `cosign 3.1.3` */
  readonly signer: string;
  readonly tool: ToolName;
  readonly rows: readonly Row<W, A>[];
  /** Opens the workshop with the tool at this path. */
  readonly open: (lab: Lab, tool: string) => Promise<W>;
  readonly judges: (workshop: W, lab: Lab) => Omit<Judges<W, A>, 'workshop'>;
}

/** One suite; it is skipped where the tool cannot be had. */
export async function describeSideBySide<W extends { close(): Promise<void> }, A>(
  suite: SideBySide<W, A>,
): Promise<void> {
  const tools = await toolbox(suite.tool, 'registry');
  describe.skipIf(!tools.ready)(`${suite.signer} and we`, () => {
    const stack = new AsyncDisposableStack();
    let lab: Lab;
    let judges: Judges<W, A>;

    beforeAll(async () => {
      if (!tools.ready) return;
      lab = await openLab(tools.path('registry'));
      stack.defer(() => lab.close());
      const workshop = await suite.open(lab, tools.path(suite.tool));
      stack.defer(() => workshop.close());
      judges = { workshop, ...suite.judges(workshop, lab) };
    });
    afterAll(() => stack.disposeAsync());

    describe.each(REGISTRIES)('on %s', (registry) => {
      const rows = suite.rows.filter(({ only }) => only === undefined || only === registry);
      // Several at once: some rows wait for a certificate or a signature to end.
      it.concurrent.each(rows)('$name', async (row) => {
        await expectRow(row, await freshScene(lab, registry, row.shape), judges);
      });
    });
  });
}
