/** What the right of config/components/probe-admission is for, as rbac.table.ts says it of the others. */
import { KYVERNO_KINDS } from '../support/cluster/kyverno-crds.ts';
import { readyStatus } from '../support/cluster/kyverno-standin.ts';
import { deploy, imageOf, namespace, policy, policyStatus, publicKey, trustedKey } from '../support/cluster/scene.ts';
import { eventually } from '../support/eventually.ts';
import { demand, type Scenario } from './rbac.table.ts';

/** Nobody plays Kyverno here but in words: its policy is called ready, and nothing is refused. */
export const PROBING: Scenario = {
  right: 'create /pods',
  shows: 'a policy that is called ready and lets everything in is found out',
  async act({ client, registry }, name) {
    const key = trustedKey(name, { publicKey: { pem: publicKey('k1') } });
    await client.apply(namespace(name), key, policy(name, name, { enforcement: { mode: 'Enforce' } }));
    await deploy(client, name, 'web', imageOf(registry, 'app/signed'));
    const { apiVersion, kind } = KYVERNO_KINDS.ImageValidatingPolicy;
    const generated = { apiVersion, kind, metadata: { name: `image-trust-${name}` } };
    await eventually(async () =>
      demand((await client.get({ apiVersion, kind, name: generated.metadata.name })) !== undefined, 'it is there'),
    );
    await client.applyStatus({ ...generated, status: readyStatus(kind) });
    const ready = async (): Promise<string> => {
      const { conditions = [] } = await policyStatus(client, name);
      const found = conditions.find(({ type }) => type === 'EnforcementReady');
      return `${found?.reason}: ${found?.message}`;
    };
    const tried = async (): Promise<void> => demand(/prob/i.test(await ready()), 'the door is tried');
    await eventually(tried, { within: 30_000 });
    return async () => {
      const said = await ready();
      demand(said.startsWith('ProbeFailed: a Pod with ') && said.includes('nobody has signed'), 'it is found out');
      demand((await client.list('v1', 'Pod', name)).length === 1, 'the Pod that runs is alone');
    };
  },
};
