/**
 * Which requests an ImageValidatingPolicy looks at: Pods of the scope, when they are created and when their images
 * change. Must never look at an update that leaves the images alone: it would trap Pods that run untrusted already.
 */
import type { LabelSelector } from '../../api/label-selector.ts';
import { NAMESPACE_NAME_LABEL } from '../../core/selector.ts';
import { matchesAnyGlob } from './cel.ts';
import type { Scope } from './scope.ts';

/**
 * spec.images: the lists of images of a Pod, each image once, in the first list that has it. They take the place of
 * Kyverno's own: 1.19.1 hangs until the request times out when an image comes up again before another that is new to
 * it (kyverno/kyverno#17275), and would verify each as often as it is written.
 */
export function imageLists(): readonly Readonly<Record<'name' | 'expression', string>>[] {
  const lists = [
    ...['containers', 'initContainers', 'ephemeralContainers'].map((name) => ({ name, images: containerImages(name) })),
    { name: 'volumes', images: volumeImages('object') },
  ];
  return lists.map(({ name, images }, index) => {
    const before = lists.slice(0, index).map((list) => list.images);
    const expression =
      before.length === 0
        ? `${images}.distinct()`
        : `cel.bind(before, ${before.join(' + ')},\n${images}.filter(i, !(i in before)).distinct())`;
    return { name, expression };
  });
}

function containerImages(list: string): string {
  return `object.spec.?${list}.orValue([]).map(c, c.?image.orValue(""))`;
}

/** spec.matchConstraints. Namespaces given by name are left to the API server, so that no other one waits for Kyverno. */
export function matchConstraints(scope: Scope): Readonly<Record<string, unknown>> {
  const names = [...namesOf('In', scope.namespaces), ...namesOf('NotIn', scope.excludedNamespaces)];
  const own = scope.namespaceSelector ?? { matchLabels: {}, matchExpressions: [] };
  const namespaces = selector({ ...own, matchExpressions: [...own.matchExpressions, ...names] });
  const pods = scope.podSelector === undefined ? undefined : selector(scope.podSelector);
  return {
    ...(namespaces === undefined ? {} : { namespaceSelector: namespaces }),
    ...(pods === undefined ? {} : { objectSelector: pods }),
    resourceRules: [
      {
        apiGroups: [''],
        apiVersions: ['v1'],
        operations: ['CREATE', 'UPDATE'],
        resources: ['pods', 'pods/ephemeralcontainers'],
      },
    ],
  };
}

/** spec.matchConditions. */
export function matchConditions({
  namespaces,
  excludedNamespaces,
}: Scope): readonly Readonly<Record<string, string>>[] {
  const changed = `request.operation == "CREATE"\n|| ${imagesOf('object')}\n!= ${imagesOf('oldObject')}`;
  const included = areNames(namespaces) ? [] : [matchesAnyGlob('request.namespace', namespaces)];
  const excluded = areNames(excludedNamespaces) ? [] : [`!${matchesAnyGlob('request.namespace', excludedNamespaces)}`];
  return [
    { name: 'images-change', expression: changed },
    ...included.map((expression) => ({ name: 'in-namespaces', expression })),
    ...excluded.map((expression) => ({ name: 'not-in-namespaces', expression })),
  ];
}

function areNames(globs: readonly string[]): boolean {
  return globs.every((glob) => !/[*?]/.test(glob));
}

function namesOf(operator: 'In' | 'NotIn', globs: readonly string[]): LabelSelector['matchExpressions'] {
  if (globs.length === 0 || !areNames(globs)) return [];
  return [{ key: NAMESPACE_NAME_LABEL, operator, values: [...globs] }];
}

/** metav1.LabelSelector without empty fields; undefined where it selects everything. */
function selector({ matchLabels, matchExpressions }: LabelSelector): Readonly<Record<string, unknown>> | undefined {
  const expressions = matchExpressions.map(({ key, operator, values }) =>
    values.length === 0 ? { key, operator } : { key, operator, values },
  );
  const whole = {
    ...(Object.keys(matchLabels).length === 0 ? {} : { matchLabels }),
    ...(expressions.length === 0 ? {} : { matchExpressions: expressions }),
  };
  return Object.keys(whole).length === 0 ? undefined : whole;
}

function imagesOf(pod: string): string {
  const lists = [
    `${pod}.spec.containers`,
    `${pod}.spec.?initContainers.orValue([])`,
    `${pod}.spec.?ephemeralContainers.orValue([])`,
  ];
  return `(${lists.join(' + ')}).map(c, c.?image.orValue("")) + ${volumeImages(pod)}`;
}

function volumeImages(pod: string): string {
  return `${pod}.spec.?volumes.orValue([]).filter(v, has(v.image)).map(v, v.image.?reference.orValue(""))`;
}
