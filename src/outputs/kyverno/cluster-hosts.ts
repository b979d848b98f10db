/**
 * Wildcards of a ClusterPolicy tell cases apart, and registries do not: a rule of its own refuses Pods that write the
 * host of an image in scope with upper case. Must never refuse an image that is out of scope.
 */
import { globPattern } from './cel.ts';
import { clusterGlobs } from './cluster-globs.ts';
import { imagesOf, matchOf, WHEN_IMAGES_CHANGE } from './cluster-pods.ts';
import type { SpecParts } from './image-validating-policy.ts';

type Fields = Readonly<Record<string, unknown>>;

/** The rule; none where every name is covered whatever its case. */
export function hostRule({ request, scope, ledger }: SpecParts): readonly Fields[] {
  if (scope.images.includes('*')) return [];
  ledger.note('hostInUpperCase', 'spec.images');
  const included = patternOf(clusterGlobs(scope.images, 'spec.images', ledger).references);
  const excluded = patternOf(clusterGlobs(scope.excluded, 'spec.excludeImages', ledger).references);
  const tests = [
    `regex_match('${WITH_UPPER_CASE_HOST}', @)`,
    `regex_match('${included}', to_lower(@))`,
    ...(scope.excluded.length === 0 ? [] : [`!regex_match('${excluded}', to_lower(@))`]),
  ];
  const everywhere = { inside: [], outside: scope.exceptions.map(({ namespaces }) => namespaces), exceptions: [] };
  return [
    {
      name: 'hosts-in-lower-case',
      skipBackgroundRequests: true,
      ...matchOf(scope, everywhere),
      preconditions: WHEN_IMAGES_CHANGE,
      validate: {
        failureAction: request.mode,
        allowExistingViolations: true,
        message: 'write the registries of images in lower case: in upper case they are not verified',
        deny: {
          conditions: {
            any: [
              {
                key: `{{ ${imagesOf('request.object')}[][] | [?@ && ${tests.join(' && ')}] | length(@) }}`,
                operator: 'GreaterThan',
                value: 0,
              },
            ],
          },
        },
      },
    },
  ];
}

/** A first part with upper case is a host, whatever else is in it. */
const WITH_UPPER_CASE_HOST = '^[^/]*[A-Z][^/]*/';

/** References as they are written, where the tag stands beside the digest. `:*` and `@*` mean any end. */
function patternOf(references: readonly string[]): string {
  const whole = references.map((reference) => globPattern(reference.replace(/[:@]\*$/, '')));
  const ended = [...new Set(whole)].map((pattern) => (pattern.endsWith('.*') ? pattern : `${pattern}([:@].*)?`));
  // Kyverno reads a backslash in a JMESPath literal as it stands, and a quote would end it: globs have none.
  return `^(${ended.join('|').toLowerCase()})$`;
}
