/**
 * Loads what imports @kubernetes/client-node without that package's generated part: 970 modules and 25 MB of source text,
 * which cost 42 MB of memory and 0.2 s at the start, and of which nothing is called here (client.ts speaks to the API
 * server). The same with the HTTP client of @dot-i/k8s-operator: 2 MB, most of it a table of Unicode. Owns which modules
 * stand in for them; must never touch what another package imports, nor what is imported later.
 */
import { registerHooks } from 'node:module';

/** The modules through which client-node's own code reaches the generated part. */
const GENERATED = /\/@kubernetes\/client-node\/dist\/gen\/(?:index|models\/ObjectSerializer)\.js$/;

/** The package that patches statuses through `gaxios`, in methods that kube/operator.ts overrides. */
const OPERATOR = /\/@dot-i\/k8s-operator\/dist\//;

/** Beside this module, which is TypeScript in a checkout and JavaScript in the package. */
const STAND_INS = {
  generatedPart: import.meta.url.replace('lean-loading', 'generated-part'),
  httpClient: import.meta.url.replace('lean-loading', 'no-http-client'),
} as const;

/** Runs an import. Where client-node was loaded before, it stays what it is. */
export async function withoutGeneratedPart<T>(load: () => Promise<T>): Promise<T> {
  const hooks = registerHooks({
    resolve: (specifier, context, nextResolve) => {
      if (specifier === 'gaxios' && OPERATOR.test(context.parentURL ?? ''))
        return { url: STAND_INS.httpClient, shortCircuit: true };
      const found = nextResolve(specifier, context);
      return GENERATED.test(found.url) ? nextResolve(STAND_INS.generatedPart, context) : found;
    },
  });
  try {
    return await load();
  } finally {
    hooks.deregister();
  }
}
