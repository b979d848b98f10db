/** Counts the requests that a registry process has logged, a line each. Reads on from where it stopped. */
import { open } from 'node:fs/promises';

const BLOCK = 1 << 20;
const LINE_FEED = 0x0a;
const read = new Map<string, { offset: number; lines: number }>();

/** Lines so far. */
export async function requestsIn(log: string): Promise<number> {
  const state = read.get(log) ?? { offset: 0, lines: 0 };
  read.set(log, state);
  const file = await open(log, 'r');
  try {
    const buffer = Buffer.alloc(BLOCK);
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, BLOCK, state.offset);
      if (bytesRead === 0) return state.lines;
      state.offset += bytesRead;
      state.lines += buffer.subarray(0, bytesRead).reduce((lines, byte) => lines + Number(byte === LINE_FEED), 0);
    }
  } finally {
    await file.close();
  }
}
