/** `make fuzz`: the hostile properties of the readers of DER, certificates, JSON, manifests and references, with FUZZ_RUNS runs each. */
import { describe } from 'vitest';
import { RUNS } from '../support/hostile.ts';

describe(`${RUNS} runs`, async () => {
  await import('../core/glob.test.ts');
  await import('../core/manifests/load.test.ts');
  await import('../core/reference.test.ts');
  await import('../core/strict-json.test.ts');
  await import('../verify/x509/certificate.test.ts');
  await import('../verify/x509/der.test.ts');
});
