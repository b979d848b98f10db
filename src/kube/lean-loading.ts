/**
 * Loads what imports @kubernetes/client-node without that package's generated part: 970 modules and 25 MB of source text,
 * which cost 42 MB of memory and 0.2 s at the start, and of which nothing is called here (client.ts speaks to the API
 * server). Owns which module stands in for it; must never touch another package, nor what is imported later.
 */
import { registerHooks } from 'node:module';

/** The modules through which client-node's own code reaches the generated part. */
const GENERATED = /\/@kubernetes\/client-node\/dist\/gen\/(?:index|models\/ObjectSerializer)\.js$/;

/** Beside this module, which is TypeScript in a checkout and JavaScript in the package. */
const STAND_IN = import.meta.url.replace('lean-loading', 'generated-part');

/** Runs an import. Where client-node was loaded before, it stays what it is. */
export async function withoutGeneratedPart<T>(load: () => Promise<T>): Promise<T> {
  const hooks = registerHooks({
    resolve: (specifier, context, nextResolve) => {
      const found = nextResolve(specifier, context);
      return GENERATED.test(found.url) ? nextResolve(STAND_IN, context) : found;
    },
  });
  try {
    return await load();
  } finally {
    hooks.deregister();
  }
}
