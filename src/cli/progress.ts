/**
 * A line of progress on stderr while a person waits at a terminal; nothing anywhere else.
 */
import type { Terminal } from './terminal.ts';

/** Counts what is done of what is to do. */
export interface Progress {
  done(): void;
  /** Clears the line. */
  end(): void;
}

/** Redraws at most this often, in milliseconds. */
const REDRAW_MS = 100;
const CLEAR_LINE = '\r\u001B[K';

/** Progress over `total` items; silent where stderr is no terminal. */
export function startProgress(total: number, what: string, terminal: Terminal): Progress {
  if (!terminal.stderr.isTerminal || total === 0) return { done: () => undefined, end: () => undefined };
  let count = 0;
  let drawnAt = 0;
  return {
    done(): void {
      count++;
      const now = terminal.now().getTime();
      if (now - drawnAt < REDRAW_MS && count < total) return;
      drawnAt = now;
      terminal.stderr.write(`${CLEAR_LINE}${what} ${count}/${total}`);
    },
    end: () => terminal.stderr.write(CLEAR_LINE),
  };
}
