import { defineConfig } from 'vitest/config';

/**
 * Suites with a command of their own: they need builds or real tools. Everything else is `unit`, the fuzzing with its
 * 2,000 runs included; `fuzz` is the same with 100,000.
 */
const APART = ['packed', 'real', 'cluster', 'rights', 'commands', 'kyverno'] as const;
/** Those that need a cluster, on which they wait for what happens. */
const ON_CLUSTERS = ['cluster', 'rights', 'commands'] as const;

/** One configuration for every suite; `--project` picks one. */
export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    pool: 'threads',
    // CommonJS packages are imported as Node does it; the product runs on Node, not on a bundler.
    deps: { interopDefault: false },
    maxWorkers: 2,
    testTimeout: 20_000,
    // Tests contact nobody: those of trust roots name a repository of their own.
    env: { IMAGE_TRUST_TUF_MIRROR: 'none' },
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          // The other files there run tests of `unit` once more, with the number of runs of `fuzz`.
          exclude: [...APART.map((name) => `test/${name}/**`), 'test/fuzz/!(fuzz).test.ts', 'test/fixtures/**'],
        },
      },
      { extends: true, test: { name: 'packed', include: ['test/packed/**/*.test.ts'], testTimeout: 60_000 } },
      ...ON_CLUSTERS.map((name) => ({
        extends: true as const,
        test: { name, include: [`test/${name}/**/*.test.ts`], testTimeout: 60_000, hookTimeout: 120_000 },
      })),
      {
        extends: true,
        test: { name: 'real', include: ['test/real/**/*.test.ts'], testTimeout: 120_000, hookTimeout: 1_800_000 },
      },
      {
        extends: true,
        test: { name: 'kyverno', include: ['test/kyverno/**/*.test.ts'], testTimeout: 60_000, hookTimeout: 1_800_000 },
      },
      { extends: true, test: { name: 'fuzz', include: ['test/fuzz/**/*.test.ts'], testTimeout: 3_600_000 } },
    ],
  },
});
