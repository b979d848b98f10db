/** The command line as a process of its own, beside the real cosign: exit codes are what scripts see. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toolbox } from '../toolbox/toolbox.ts';
import { freshScene } from './compare.ts';
import { askCosign, type CosignQuestion, ourFlags, sign } from './cosign.ts';
import { type CosignWorkshop, openCosign } from './cosign-workshop.ts';
import { type Lab, openLab } from './lab.ts';
import { judgeInProcess } from './ours.ts';
import { REGISTRIES } from './registries.ts';

const tools = await toolbox('cosign', 'registry');

describe.skipIf(!tools.ready)('image-trust as a process', () => {
  let lab: Lab;
  let workshop: CosignWorkshop;

  beforeAll(async () => {
    if (!tools.ready) return;
    lab = await openLab(tools.path('registry'));
    workshop = await openCosign(lab, tools.path('cosign'));
  });
  afterAll(async () => {
    await workshop?.close();
    await lab?.close();
  });

  describe.each(REGISTRIES)('on %s', (registry) => {
    it.each<readonly [string, CosignQuestion, string, boolean]>([
      ['trusts what the key signed', {}, 'Verified', true],
      ['rejects what another key signed', { by: { key: 'stranger' } }, 'UntrustedSigner', false],
      ['rejects what nobody signed', { subject: 'other' }, 'NoSignature', false],
    ])('%s', async (_, ask, reason, accepts) => {
      const scene = await freshScene(lab, registry);
      await sign({ format: 'bundle' })(workshop, scene);
      expect((await askCosign(workshop, ask, scene)).accepts).toBe(accepts);
      expect((await judgeInProcess(ourFlags(workshop, ask, scene), lab.folder)).reason).toBe(reason);
    });
  });

  it('does not know what a registry that is gone holds, and cosign does not say so either', async () => {
    const scene = await freshScene(lab, REGISTRIES[0]);
    const gone = { ...scene, repository: { ...scene.repository, host: '127.0.0.1:1' } };
    const verdict = await judgeInProcess([...ourFlags(workshop, {}, gone), '--timeout', '3s'], lab.folder);
    expect(verdict).toMatchObject({ state: 'unknown', reason: expect.stringMatching(/RegistryUnavailable|Timeout/) });
    await expect(askCosign(workshop, {}, gone)).rejects.toThrow('cosign came to no verdict');
  });
});
