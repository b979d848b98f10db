/** `make fuzz`: the hostile properties of the readers of DER, certificates and JSON, with FUZZ_RUNS runs each. */
import { describe } from 'vitest';
import { RUNS } from '../support/hostile.ts';

describe(`${RUNS} runs`, async () => {
  await import('../core/strict-json.test.ts');
  await import('../verify/x509/certificate.test.ts');
  await import('../verify/x509/der.test.ts');
});
