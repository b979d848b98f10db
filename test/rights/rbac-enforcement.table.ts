/** What the operator's rights to Kyverno policies are for, as rbac.table.ts says it of the others. Nobody plays Kyverno. */
import { type KyvernoKind, KYVERNO_KINDS } from '../support/cluster/kyverno-crds.ts';
import { policy, policyStatus, policyTarget } from '../support/cluster/scene.ts';
import type { ClusterClient, Target } from '../support/cluster/client.ts';
import { eventually } from '../support/eventually.ts';
import { demand, read, type Scenario, type Stage } from './rbac.table.ts';

/** A policy that wants one of Kyverno beside it. */
async function guarded({ client }: Pick<Stage, 'client'>, name: string, format: KyvernoKind): Promise<void> {
  await client.apply(policy(name, 'team', { enforcement: { mode: 'Audit', kyverno: { format } } }));
}

/** The same, and it is there. */
async function standing(stage: Stage, name: string, format: KyvernoKind): Promise<void> {
  await guarded(stage, name, format);
  await eventually(async () => demand((await generated(stage, name, format)) !== undefined, 'it is written'));
}

function generated(
  { client }: Pick<Stage, 'client'>,
  name: string,
  kind: KyvernoKind,
): ReturnType<ClusterClient['get']> {
  return client.get(targetOf(name, kind));
}

const targetOf = (name: string, kind: KyvernoKind): Target => {
  const { apiVersion } = KYVERNO_KINDS[kind];
  return { apiVersion, kind, name: `image-trust-${name}` };
};

/** What Kyverno says of a policy that it is ready to enforce. */
const READY: Readonly<Record<KyvernoKind, object>> = {
  ClusterPolicy: {
    autogen: {},
    conditions: [
      { type: 'Ready', status: 'True', reason: 'Succeeded', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' },
    ],
    rulecount: { generate: 0, mutate: 0, validate: 0, verifyimages: 1 },
    validatingadmissionpolicy: { generated: false, message: '' },
  },
  ImageValidatingPolicy: { conditionStatus: { ready: true, message: '' } },
};

/** A field that makes the policy weaker, and that an apply of ours leaves where it is. */
const WEAKENED: Readonly<Record<KyvernoKind, readonly [field: string, patch: object]>> = {
  ClusterPolicy: [
    'matchConditions',
    { spec: { webhookConfiguration: { matchConditions: [{ name: 'never', expression: 'false' }] } } },
  ],
  ImageValidatingPolicy: ['allowInsecureRegistry', { spec: { credentials: { allowInsecureRegistry: true } } }],
};

async function enforcementReady(client: ClusterClient, name: string): Promise<boolean> {
  const { conditions: shown = [] } = await policyStatus(client, name);
  return shown.some(({ type, status }) => type === 'EnforcementReady' && status === 'True');
}

function scenariosOf(kind: KyvernoKind): readonly Scenario[] {
  const { crd } = KYVERNO_KINDS[kind];
  const [plural, ...group] = crd.split('.');
  const resource = `${group.join('.')}/${plural}`;
  const written: Scenario['act'] = async (stage, name) => {
    await guarded(stage, name, kind);
    return async () => demand((await generated(stage, name, kind)) !== undefined, 'it is written');
  };
  return [
    ...read(resource, `what Kyverno says of its ${kind} is known`, async (stage, name) => {
      await standing(stage, name, kind);
      const { apiVersion, name: called } = targetOf(name, kind);
      await stage.client.applyStatus({ apiVersion, kind, metadata: { name: called }, status: READY[kind] });
      return async () => demand(await enforcementReady(stage.client, name), 'the policy is enforced');
    }),
    {
      right: `get ${resource}`,
      shows: `whose a ${kind} of that name is gets asked before one is written`,
      act: written,
    },
    { right: `patch ${resource}`, shows: `a ${kind} is written`, act: written },
    {
      right: `create ${resource}`,
      within: `patch ${resource}`,
      shows: `a ${kind} that was not there is written`,
      act: written,
    },
    {
      right: `update ${resource}`,
      shows: `what somebody adds to a ${kind} is taken out`,
      async act(stage, name) {
        await standing(stage, name, kind);
        const [field, patch] = WEAKENED[kind];
        await stage.client.patch(targetOf(name, kind), patch);
        const isWeak = async (): Promise<boolean> =>
          JSON.stringify((await generated(stage, name, kind))?.['spec']).includes(field);
        return async () => demand(!(await isWeak()), 'it says what it said');
      },
    },
    {
      right: `delete ${resource}`,
      shows: `the ${kind} of a policy that wants none goes`,
      async act(stage, name) {
        await standing(stage, name, kind);
        await stage.client.patch(policyTarget(name), { spec: { enforcement: { mode: 'Disabled' } } });
        return async () => demand((await generated(stage, name, kind)) === undefined, 'it is gone');
      },
    },
  ];
}

export const ENFORCEMENT: readonly Scenario[] = (['ClusterPolicy', 'ImageValidatingPolicy'] as const).flatMap(
  scenariosOf,
);
