/**
 * Signed annotations, as validations read them out of the statement of a signature:
 * `extractPayload(i, attestations.s).subject.exists(s, has(s.annotations) && "env" in s.annotations && s.annotations["env"] == "prod")`.
 * Must never read an expression that asks for anything else.
 */
import { type Cel, conjuncts, memberOf } from '../cel/parse.ts';

/** Which annotations which attestation has to carry. */
export interface AnnotationDemand {
  readonly kind: 'annotations';
  readonly attestation: string;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Undefined for any other expression. */
export function annotationsAskedBy(cel: Cel, image: string): AnnotationDemand | undefined {
  if (cel.kind !== 'call' || cel.name !== 'exists' || cel.of?.kind !== 'member' || cel.of.name !== 'subject')
    return undefined;
  const attestation = payloadOf(cel.of.of, image);
  const annotations = comparedIn(cel.args);
  if (attestation === undefined || annotations === undefined) return undefined;
  return { kind: 'annotations', attestation, annotations };
}

/** What the body of the macro compares, each annotation once. */
function comparedIn([variable, body]: readonly Cel[]): Readonly<Record<string, string>> | undefined {
  if (variable?.kind !== 'name' || body === undefined) return undefined;
  const parts = conjuncts(body).map((part) =>
    saysPresence(part, variable.name) ? [] : comparison(part, variable.name),
  );
  if (parts.includes(undefined)) return undefined;
  const compared = parts.flatMap((part) => part ?? []);
  const annotations = Object.fromEntries(compared);
  return compared.length > 0 && Object.keys(annotations).length === compared.length ? annotations : undefined;
}

function payloadOf(cel: Cel, image: string): string | undefined {
  if (cel.kind !== 'call' || cel.name !== 'extractPayload' || cel.of !== undefined) return undefined;
  const [subject, attestation] = cel.args;
  if (subject?.kind !== 'name' || subject.name !== image || attestation === undefined) return undefined;
  return memberOf(attestation, 'attestations');
}

/** `has(s.annotations)`, `"key" in s.annotations`: a comparison says as much. */
function saysPresence(cel: Cel, variable: string): boolean {
  if (cel.kind === 'call') return cel.name === 'has' && isAnnotations(cel.args[0], variable);
  return cel.kind === 'operation' && cel.operator === 'in' && isAnnotations(cel.of[1], variable);
}

/** `s.annotations["key"] == "value"` */
function comparison(cel: Cel, variable: string): readonly (readonly [string, string])[] | undefined {
  const [left, right] = cel.kind === 'operation' && cel.operator === '==' ? cel.of : [];
  if (left?.kind !== 'index' || !isAnnotations(left.of, variable)) return undefined;
  const [key, value] = [textOf(left.key), textOf(right)];
  return key === undefined || value === undefined ? undefined : [[key, value]];
}

function isAnnotations(cel: Cel | undefined, variable: string): boolean {
  return cel?.kind === 'member' && cel.name === 'annotations' && cel.of.kind === 'name' && cel.of.name === variable;
}

function textOf(cel: Cel | undefined): string | undefined {
  return cel?.kind === 'literal' && typeof cel.value === 'string' ? cel.value : undefined;
}
