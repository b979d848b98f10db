import { defineConfig } from 'vitest/config';

/** One configuration for every suite; `--project` picks which: unit (seconds), cluster, real. */
export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    pool: 'threads',
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 60_000,
    projects: [
      { extends: true, test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: ['test/real/**', 'test/fixtures/**'] } },
      { extends: true, test: { name: 'real', include: ['test/real/**/*.test.ts'], testTimeout: 120_000, hookTimeout: 1_800_000 } },
    ],
  },
});
