import * as fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { Coverage } from '../../src/core/coverage.ts';
import type { ImageUse } from '../../src/core/image-use.ts';
import { keyOfUse } from '../../src/core/image-use.ts';
import { keyOfWorkload } from '../../src/core/known.ts';
import { plan } from '../../src/core/plan.ts';
import { deployment, digestOf, policyOf, useOf } from '../support/builders.ts';

const A = digestOf('a');
const B = digestOf('b');
const cart = useOf(`registry.example.com/shop/cart@${A}`);
const till = useOf(`registry.example.com/shop/till@${B}`, { workload: deployment('till') });
const NOW = new Date('2026-11-21T10:00:00Z');

let touched: { tasks: string[]; workloads: string[]; open: string[] };
let coverage: Coverage;

beforeEach(() => {
  touched = { tasks: [], workloads: [], open: [] };
  coverage = new Coverage({
    tasks: ({ policy, digest }) => touched.tasks.push(`${policy}/${digest}`),
    workload: (key) => touched.workloads.push(key),
    open: (policy, reference) => touched.open.push(`${policy} ${reference}`),
  });
});

function reset(): void {
  touched = { tasks: [], workloads: [], open: [] };
}

describe('a change touches what it changes, and nothing else', () => {
  beforeEach(() => {
    coverage.setPolicy(policyOf('all'));
    coverage.setPolicy(policyOf('tills', { images: ['*/shop/till'] }));
    coverage.setUses('pod/cart', [cart]);
    coverage.setUses('pod/till', [till]);
    reset();
  });

  test('a Pod that says the same again', () => {
    coverage.setUses('pod/cart', [{ ...cart }]);
    expect(touched).toEqual({ tasks: [], workloads: [], open: [] });
  });

  test('a Pod that runs another digest', () => {
    coverage.setUses('pod/cart', [useOf(`registry.example.com/shop/cart@${B}`)]);
    expect([...new Set(touched.tasks)].sort()).toEqual([`all/${A}`, `all/${B}`]);
    expect([...new Set(touched.workloads)]).toEqual([keyOfWorkload(cart)]);
    expect(coverage.usesOf({ policy: 'all', digest: A }).size).toBe(0);
  });

  test('a policy that is gone', () => {
    coverage.removePolicy('tills');
    expect(touched.tasks).toEqual([`tills/${B}`]);
    expect([...new Set(touched.workloads)]).toEqual([keyOfWorkload(till)]);
  });

  test('a policy as it is now: each of its tasks and workloads is told of once, however many Pods there are', () => {
    coverage.setUses('pod/cart-2', [useOf(`registry.example.com/shop/cart@${A}`, { container: 'second' })]);
    reset();
    coverage.setPolicy(policyOf('new'));
    expect(touched.tasks.toSorted()).toEqual([`new/${A}`, `new/${B}`]);
    expect(touched.workloads.toSorted()).toEqual([keyOfWorkload(cart), keyOfWorkload(till)].toSorted());
  });

  test('labels of another namespace', () => {
    coverage.setNamespace('elsewhere', { team: 'a' });
    expect(touched).toEqual({ tasks: [], workloads: [], open: [] });
  });
});

test('a namespace that gets a label is taken in by the policy that asks for it', () => {
  coverage.setPolicy(policyOf('labelled', { match: { namespaceSelector: { matchLabels: { env: 'production' } } } }));
  coverage.setUses('pod/cart', [cart]);
  expect(coverage.digestsOf('labelled')).toEqual([]);
  coverage.setNamespace('shop', { env: 'production' });
  expect(coverage.digestsOf('labelled')).toEqual([A]);
  coverage.setNamespace('shop', undefined);
  expect(coverage.digestsOf('labelled')).toEqual([]);
});

test('a tag without a digest is open until a registry resolves it', () => {
  coverage.setPolicy(policyOf('all'));
  coverage.setUses('pod/cart', [useOf('registry.example.com/shop/cart:v1')]);
  expect(touched.open).toEqual(['all registry.example.com/shop/cart:v1']);
  coverage.setResolution('registry.example.com/shop/cart:v1', A);
  expect([...coverage.usesOf({ policy: 'all', digest: A })].map((use) => use.digestSource)).toEqual(['registry']);
  expect(coverage.openOf('all').size).toBe(0);
});

test('a tag is asked for anew once nobody runs it any more', () => {
  coverage.setPolicy(policyOf('all'));
  coverage.setUses('pod/cart', [useOf('registry.example.com/shop/cart:v1')]);
  coverage.setResolution('registry.example.com/shop/cart:v1', A);
  coverage.setUses('pod/cart', []);
  reset();
  coverage.setUses('pod/cart-2', [useOf('registry.example.com/shop/cart:v1')]);
  expect(touched.open).toEqual(['all registry.example.com/shop/cart:v1']);
  expect(coverage.digestsOf('all')).toEqual([]);
});

test('a use that an exception covers is no use to be judged, until the exception ends', () => {
  const exceptions = [{ images: ['*'], reason: 'INC-42', expiresAt: '2026-11-21T11:00:00Z' }];
  coverage.setPolicy(policyOf('all', { exceptions }));
  coverage.setUses('pod/cart', [cart]);
  expect(coverage.judgedUsesOf({ policy: 'all', digest: A }, NOW)).toEqual([]);
  expect(coverage.judgedUsesOf({ policy: 'all', digest: A }, new Date('2026-11-21T11:00:00Z'))).toEqual([cart]);
});

test('uses that no policy covers are counted', () => {
  coverage.setPolicy(policyOf('tills', { images: ['*/shop/till'] }));
  coverage.setUses('pod/cart', [cart]);
  coverage.setUses('pod/till', [till]);
  expect(coverage.uncovered()).toBe(1);
  coverage.removePolicy('tills');
  expect(coverage.uncovered()).toBe(2);
});

type Step =
  | { readonly kind: 'uses'; readonly source: string; readonly uses: readonly ImageUse[] }
  | { readonly kind: 'policy'; readonly name: string; readonly images: string }
  | { readonly kind: 'drop'; readonly name: string }
  | { readonly kind: 'namespace'; readonly label: string | undefined };

const anyUse = fc
  .record({
    image: fc.constantFrom('cart', 'till', 'web'),
    digest: fc.constantFrom('a', 'b', 'c'),
    owner: fc.constantFrom('x', 'y'),
  })
  .map(({ image, digest, owner }) =>
    useOf(`registry.example.com/shop/${image}@${digestOf(digest)}`, { workload: deployment(owner) }),
  );
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('uses' as const),
    source: fc.constantFrom('p', 'q', 'r'),
    uses: fc.array(anyUse, { maxLength: 3 }),
  }),
  fc.record({
    kind: fc.constant('policy' as const),
    name: fc.constantFrom('m', 'n'),
    images: fc.constantFrom('*', '*/cart', '*/till'),
  }),
  fc.record({ kind: fc.constant('drop' as const), name: fc.constantFrom('m', 'n') }),
  fc.record({ kind: fc.constant('namespace' as const), label: fc.constantFrom('production', 'test', undefined) }),
);

test('after any changes it says what a plan of the whole world says', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 30 }), (steps) => {
      const current = new Coverage({ tasks: () => {}, workload: () => {}, open: () => {} });
      const policies = new Map<string, ReturnType<typeof policyOf>>();
      const sources = new Map<string, readonly ImageUse[]>();
      let labels: Record<string, string> | undefined;
      for (const step of steps) {
        if (step.kind === 'uses') {
          const uses = step.uses.map((use) => ({ ...use, container: `${step.source}-${use.container}` }));
          const distinct = [...new Map(uses.map((use) => [keyOfUse(use), use])).values()];
          sources.set(step.source, distinct);
          current.setUses(step.source, distinct);
        } else if (step.kind === 'policy') {
          const match = step.name === 'm' ? {} : { namespaceSelector: { matchLabels: { env: 'production' } } };
          const policy = policyOf(step.name, { images: [step.images], match });
          policies.set(step.name, policy);
          current.setPolicy(policy);
        } else if (step.kind === 'drop') {
          policies.delete(step.name);
          current.removePolicy(step.name);
        } else {
          labels = step.label === undefined ? undefined : { env: step.label };
          current.setNamespace('shop', labels);
        }
      }
      const namespaces = new Map(labels === undefined ? [] : [['shop', labels]]);
      const uses = [...sources.values()].flat();
      const whole = plan({ policies: [...policies.values()], trustedKeys: [], namespaces, uses }, NOW);
      const expected = whole.tasks.map((task) => [
        task.policy.metadata.name,
        task.digest,
        task.uses.map(keyOfUse).sort(),
      ]);
      const actual = [...policies.keys()].flatMap((policy) =>
        current
          .digestsOf(policy)
          .map((digest) => [policy, digest, [...current.usesOf({ policy, digest })].map(keyOfUse).sort()]),
      );
      expect(actual.map((one) => JSON.stringify(one)).sort()).toEqual(
        expected.map((one) => JSON.stringify(one)).sort(),
      );
      expect(current.uncovered()).toBe(whole.uncovered.length);
    }),
    { numRuns: 200 },
  );
});
