/** `make fuzz`: the hostile properties of Notary signatures and of time-stamps, with FUZZ_RUNS runs each. */
import { describe } from 'vitest';
import { RUNS } from '../support/hostile.ts';

describe(`${RUNS} runs`, async () => {
  await import('../verify/notary/conformance.test.ts');
  await import('../verify/timestamp/timestamp.test.ts');
});
