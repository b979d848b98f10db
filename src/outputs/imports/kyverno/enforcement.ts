/**
 * What a Kyverno policy does with what it refuses, and to whom the registry answers: its settings in our terms.
 * Must never turn a refusal into a report, unless the policy says so for these namespaces.
 */
import { at, type Field, isAbsent, isMapping, listItems, optionalText } from '../../../core/manifests/field.ts';
import type { Draft, PolicySpec } from '../draft.ts';
import { type MatchSpec, namespaceGlobs, selectorOf } from '../scope.ts';

/** `enforcement` of a policy as a user would write it. */
export type EnforcementSpec = NonNullable<PolicySpec['enforcement']>;
type Mode = 'Audit' | 'Enforce';
type KyvernoSpec = NonNullable<EnforcementSpec['kyverno']>;
type Registry = NonNullable<PolicySpec['registry']>;

/** A mode, and for which namespaces alone. */
export interface ScopedMode {
  readonly mode: Mode;
  readonly match: MatchSpec;
}

/** The modes of a rule: its own action, else the policy's with the namespaces that have another. */
export function modesOf(rule: Field, spec: Field, draft: Draft): readonly ScopedMode[] {
  const own = listItems(at(rule, 'verifyImages'), 'a list').map((entry) => modeOf(at(entry, 'failureAction')));
  const given = own.find((mode) => mode === 'Enforce') ?? own.find((mode) => mode !== undefined);
  if (given !== undefined) return [{ mode: given, match: {} }];
  const base = modeOf(at(spec, 'validationFailureAction')) ?? 'Audit';
  const overrides = listItems(at(spec, 'validationFailureActionOverrides'), 'a list of overrides');
  return overrides.length === 0 ? [{ mode: base, match: {} }] : overridden(base, overrides, draft);
}

function overridden(base: Mode, overrides: readonly Field[], draft: Draft): readonly ScopedMode[] {
  const apart: string[] = [];
  const others = overrides.flatMap((item): readonly ScopedMode[] => {
    const mode = modeOf(at(item, 'action'));
    if (mode === undefined || mode === base) return [];
    const namespaces = [...namespaceGlobs(at(item, 'namespaces'), draft)];
    const selector = selectorOf(at(item, 'namespaceSelector'), draft);
    if (selector !== undefined && mode === 'Audit') {
      draft.note('changed', item, 'enforced there as well: our policies cannot leave out namespaces by this selector');
      return [];
    }
    if (selector === undefined) apart.push(...namespaces);
    return [{ mode, match: { namespaces, ...(selector === undefined ? {} : { namespaceSelector: selector }) } }];
  });
  return [{ mode: base, match: apart.length === 0 ? {} : { excludeNamespaces: apart } }, ...others];
}

function modeOf({ value }: Field): Mode | undefined {
  const written = typeof value === 'string' ? value.toLowerCase() : '';
  return (['Enforce', 'Audit'] as const).find((mode) => mode.toLowerCase() === written);
}

/** `failurePolicy` and the time-out, from where both kinds have them. */
export function webhookSettings(spec: Field, timeout: Field): Partial<KyvernoSpec> {
  const policy = [at(spec, 'webhookConfiguration', 'failurePolicy'), at(spec, 'failurePolicy')]
    .map(({ value }) => value)
    .find((value) => value === 'Fail' || value === 'Ignore');
  const seconds = [timeout, at(spec, 'webhookTimeoutSeconds')].find((field) => !isAbsent(field));
  return {
    ...(policy === 'Ignore' ? { failurePolicy: policy } : {}),
    ...(seconds === undefined ? {} : { webhookTimeoutSeconds: secondsOf(seconds) }),
  };
}

/** More than 30 or none at all cannot be served; Kyverno takes it from an ImageValidatingPolicy all the same. */
function secondsOf(field: Field): number {
  const { value } = field;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 30) return value;
  field.report({ path: field.path, expected: 'a whole number from 1 to 30', found: JSON.stringify(value) });
  return 30;
}

/** A switch that is on where it is absent. */
export function isOn({ value }: Field): boolean {
  return value !== false;
}

/** Digest rules: a digest is demanded in the spec where Kyverno checks it and does not write it itself. */
export function digestRules(settings: Field): PolicySpec['digest'] {
  return { requireInSpec: isOn(at(settings, 'verifyDigest')) && !isOn(at(settings, 'mutateDigest')) };
}

/** Credentials and the like; Secrets without a namespace lie in Kyverno's. */
export function registryOf(field: Field, draft: Draft): Registry | undefined {
  if (!isMapping(field.value)) return undefined;
  const providers = at(field, 'providers');
  const named = listItems(providers, 'a list').filter(({ value }) => value !== 'default');
  if (named.length > 0)
    draft.note('lost', providers, 'credentials of cloud providers: give them as Secrets (registry.credentials)');
  const credentials = listItems(at(field, 'secrets'), 'a list of Secrets').flatMap((item) => {
    const [first = '', second] = (optionalText(item, 'the name of a Secret') ?? '').split('/');
    if (first === '') return [];
    return [
      { secretRef: second === undefined ? { namespace: 'kyverno', name: first } : { namespace: first, name: second } },
    ];
  });
  const insecure = at(field, 'allowInsecureRegistry').value === true;
  if (credentials.length === 0 && !insecure) return undefined;
  return { ...(credentials.length === 0 ? {} : { credentials }), ...(insecure ? { insecure } : {}) };
}

/** Severity as Kyverno's reports take it from the policy. */
export function severityOf(root: Field): PolicySpec['severity'] {
  const { value } = at(root, 'metadata', 'annotations', 'policies.kyverno.io/severity');
  return (['critical', 'high', 'medium', 'low', 'info'] as const).find((severity) => severity === value);
}
