/** Label and field selectors in their text form, as they stand in a query. */
import { type ApiObject, mapOf, Refused } from './object.ts';

export type Selects = (object: ApiObject) => boolean;

/** `a=b,c!=d,e in (x, y),!f,g`; everything where the text is empty. */
export function labelSelector(text: string): Selects {
  const demands = text
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map(labelDemand);
  return (object) => demands.every((demand) => demand(object.metadata.labels ?? {}));
}

/** `metadata.name=a,metadata.namespace!=b`; for Pods also `spec.nodeName` and `status.phase`. */
export function fieldSelector(text: string, kind: string): Selects {
  const demands = text
    .split(',')
    .filter((part) => part !== '')
    .map((part) => fieldDemand(part, kind));
  return (object) => demands.every((demand) => demand(object));
}

type Labels = Readonly<Record<string, string>>;

function labelDemand(text: string): (labels: Labels) => boolean {
  const set = /^(\S+)\s+(in|notin)\s+\((.*)\)$/.exec(text);
  if (set !== null) {
    const [, key = '', operator, list = ''] = set;
    const values = list.split(',').map((value) => value.trim());
    const within = (labels: Labels): boolean => Object.hasOwn(labels, key) && values.includes(labels[key] ?? '');
    return operator === 'in' ? within : (labels) => !within(labels);
  }
  const equality = /^([^=!\s]+)\s*(==?|!=)\s*(\S*)$/.exec(text);
  if (equality !== null) {
    const [, key = '', operator, value = ''] = equality;
    return operator === '!=' ? (labels) => labels[key] !== value : (labels) => labels[key] === value;
  }
  if (/^![^=!\s]+$/.test(text)) return (labels) => !Object.hasOwn(labels, text.slice(1));
  if (/^[^=!\s()]+$/.test(text)) return (labels) => Object.hasOwn(labels, text);
  throw new Refused(400, 'BadRequest', `unable to parse requirement: found '${text}', expected: a label selector`);
}

const FIELDS: Readonly<Record<string, (object: ApiObject) => unknown>> = {
  'metadata.name': ({ metadata }) => metadata.name,
  'metadata.namespace': ({ metadata }) => metadata.namespace,
};
const POD_FIELDS: typeof FIELDS = {
  ...FIELDS,
  'spec.nodeName': (object) => mapOf(object['spec'])['nodeName'],
  'status.phase': (object) => mapOf(object['status'])['phase'],
};

function fieldDemand(text: string, kind: string): Selects {
  const [, field = '', operator, value = ''] = /^([^=!]+)(==?|!=)(.*)$/.exec(text) ?? [];
  const read = (kind === 'Pod' ? POD_FIELDS : FIELDS)[field];
  if (read === undefined)
    throw new Refused(400, 'BadRequest', `field label not supported: ${field === '' ? text : field}`);
  const is = (object: ApiObject): boolean => (read(object) ?? '') === value;
  return operator === '!=' ? (object) => !is(object) : is;
}
