/** Names in generated policies: bounded, stable, and safe where they stand in CEL. Must never give two things one name. */
import { createHash } from 'node:crypto';

/** Kyverno refuses names of ClusterPolicies that are longer (pkg/validation/policy). */
const MAX_NAME = 63;
const PREFIX = 'image-trust-';

/** Name of the policy that is generated for an ImageTrustPolicy: the same for both kinds. Cut names end in a hash. */
export function kyvernoName(policyName: string): string {
  const whole = `${PREFIX}${policyName}`.replaceAll('.', '-');
  if (whole.length <= MAX_NAME && !policyName.includes('.')) return whole;
  const hash = createHash('sha256').update(policyName).digest('hex').slice(0, 8);
  return `${whole.slice(0, MAX_NAME - hash.length - 1).replace(/-+$/, '')}-${hash}`;
}

/** Gives every text a name of its own: an identifier of CEL, after the text as far as that goes. */
export function celNames(): (text: string) => string {
  const taken = new Set<string>();
  return (text) => {
    const base = text
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '_')
      .replace(/^_+|_+$/g, '')
      .slice(0, 48);
    const safe = /^[a-z]/.test(base) && !RESERVED.has(base) ? base : `key_${base}`;
    const name = firstFree(safe, taken);
    taken.add(name);
    return name;
  };
}

/** Words of CEL, and names of Kyverno's own (google/cel-spec, langdef: RESERVED and macros). */
const RESERVED = new Set(
  (
    'as break const continue else false for function if import in let loop package namespace return true null var ' +
    'void while has all exists map filter nobody signature'
  ).split(' '),
);

function firstFree(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name;
  let number = 2;
  while (taken.has(`${name}_${number}`)) number += 1;
  return `${name}_${number}`;
}
