/**
 * Name constraints (RFC 5280, 4.2.1.10): the names that an authority may vouch for. Owns the matching of one name with
 * one subtree, for the forms that signers' certificates have; a form that it cannot match is refused, never overlooked.
 */
import type { Certificate } from './certificate.ts';
import {
  children,
  context,
  type Element,
  malformed,
  primitiveContext,
  readOnly,
  sequence,
  TAG,
  takeOptional,
} from './der.ts';
import { EXTENSION } from './extensions.ts';
import { asciiOf, shownName } from './name.ts';

const EMAIL = primitiveContext(1);
const DNS = primitiveContext(2);
const DIRECTORY = context(4);
const URI = primitiveContext(6);
const IP = primitiveContext(7);
const FORMS: readonly number[] = [EMAIL, DNS, DIRECTORY, URI, IP];
/** Subtrees in one list, and names in one certificate: bounds the comparisons to some ten thousand. */
const MAX_SUBTREES = 128;
const MAX_NAMES = 64;

/** A GeneralName, in a subtree or in a certificate: its tag says the form. */
type GeneralName = Pick<Element, 'tag' | 'content'>;

/** Why `issuer` may not stand above `subject`, as a sentence; undefined where its constraints permit all its names. */
export function constraintFlaw(issuer: Certificate, subject: Certificate): string | undefined {
  const extension = issuer.extensions.get(EXTENSION.nameConstraints);
  if (extension === undefined) return undefined;
  const where = `authority ${shownName(issuer.subject)}`;
  try {
    const { permitted, excluded } = readConstraints(extension.value);
    const foreign = [...permitted, ...excluded].some(({ tag }) => !FORMS.includes(tag));
    if (foreign) return `${where} has name constraints of a form that is not supported`;
    const refused = namesOf(subject).some((name) => !isPermitted(name, permitted) || isExcluded(name, excluded));
    return refused
      ? `${where} does not permit the names of ${shownName(subject.subject)} (name constraints)`
      : undefined;
  } catch {
    return `${where} has name constraints, or ${shownName(subject.subject)} has names, that cannot be read`;
  }
}

interface Constraints {
  readonly permitted: readonly GeneralName[];
  readonly excluded: readonly GeneralName[];
}

function readConstraints(value: Uint8Array): Constraints {
  const parts = [...sequence(readOnly(value, TAG.sequence, 'nameConstraints'), 'nameConstraints')];
  const permitted = takeOptional(parts, context(0));
  const excluded = takeOptional(parts, context(1));
  if (parts.length > 0) malformed('nameConstraints', 'nothing after the excluded subtrees', 'more');
  return { permitted: subtrees(permitted), excluded: subtrees(excluded) };
}

/** GeneralSubtrees. RFC 5280 wants `minimum` 0, which DER leaves out, and no `maximum`. */
function subtrees(list: Element | undefined): readonly GeneralName[] {
  if (list === undefined) return [];
  return children(list, 'nameConstraints', MAX_SUBTREES).map((subtree) => {
    const [base, ...rest] = sequence(subtree, 'nameConstraints');
    if (base === undefined || rest.length > 0) return malformed('nameConstraints', 'a base alone', 'more or less');
    return base;
  });
}

/** All names that constraints speak of: the subject, the alternative names, and an e-mail address in the subject. */
function namesOf(certificate: Certificate): readonly GeneralName[] {
  const extension = certificate.extensions.get(EXTENSION.subjectAltName);
  const names =
    extension === undefined ? [] : children(readOnly(extension.value, TAG.sequence, 'names'), 'names', MAX_NAMES);
  const subject = certificate.subject.length === 0 ? [] : [{ tag: DIRECTORY, content: certificate.subjectDer }];
  const addresses = certificate.subject
    .filter(({ type }) => type === 'EMAILADDRESS')
    .map(({ value }) => ({ tag: EMAIL, content: new TextEncoder().encode(value) }));
  return [...names, ...subject, ...addresses];
}

/** Where there are permitted subtrees of the form, the name must lie in one of them. */
function isPermitted(name: GeneralName, permitted: readonly GeneralName[]): boolean {
  const ofForm = permitted.filter(({ tag }) => tag === name.tag);
  return ofForm.length === 0 || ofForm.some((base) => liesIn(name, base) === true);
}

/** A name that cannot be read counts as excluded by every subtree of its form. */
function isExcluded(name: GeneralName, excluded: readonly GeneralName[]): boolean {
  return excluded.some((base) => base.tag === name.tag && liesIn(name, base) !== false);
}

/** Does the name lie in the subtree? Undefined where the name cannot be read. Both have the same form. */
function liesIn(name: GeneralName, base: GeneralName): boolean | undefined {
  switch (base.tag) {
    case EMAIL:
      return emailLiesIn(asciiOf(name.content, 'name'), asciiOf(base.content, 'base'));
    case DNS: {
      const domain = asciiOf(base.content, 'base').toLowerCase();
      return domain === '' || isBelow(asciiOf(name.content, 'name').toLowerCase(), domain);
    }
    case DIRECTORY:
      return directoryLiesIn(name.content, base.content);
    case URI:
      return hostLiesIn(hostOf(asciiOf(name.content, 'name')), asciiOf(base.content, 'base').toLowerCase());
    case IP:
      return addressLiesIn(name.content, base.content);
    default:
      return undefined;
  }
}

/** A mailbox, a host, or (with a leading dot) all hosts below a domain. Quoted local parts are not read. */
function emailLiesIn(address: string, base: string): boolean | undefined {
  const [, local, host] = /^([^@\s"\\]{1,256})@([A-Za-z0-9.-]{1,256})$/u.exec(address) ?? [];
  if (local === undefined || host === undefined) return undefined;
  const [mailbox, domain] = base.includes('@') ? base.split('@') : [undefined, base];
  if (mailbox !== undefined && mailbox !== local) return false;
  return hostLiesIn(host.toLowerCase(), (domain ?? '').toLowerCase());
}

/** Exactly this host, or any below the domain where the base begins with a dot. */
function hostLiesIn(host: string | undefined, base: string): boolean | undefined {
  if (host === undefined) return undefined;
  return base.startsWith('.') ? host.endsWith(base) && host.length > base.length : host === base;
}

/** The domain or anything below it; with a leading dot, which some authorities write, only what is below. */
function isBelow(name: string, domain: string): boolean {
  return domain.startsWith('.') ? name.endsWith(domain) : name === domain || name.endsWith(`.${domain}`);
}

/** The host of a URI with an authority; undefined for an address, or none at all, which a constraint cannot be met with. */
function hostOf(uri: string): string | undefined {
  const host = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/(?:[^/?#@\\]*@)?([A-Za-z0-9.-]+)(?::\d+)?(?:[/?#]|$)/u.exec(uri)?.[1];
  return host === undefined || /^[\d.]+$/u.test(host) ? undefined : host.toLowerCase();
}

/** The base's RDNs are the first of the name's, compared as encoded (see chain.ts). */
function directoryLiesIn(name: Uint8Array, base: Uint8Array): boolean {
  const own = rdns(name);
  return rdns(base).every(({ der }, index) => Buffer.compare(der, own[index]?.der ?? new Uint8Array()) === 0);
}

function rdns(der: Uint8Array): readonly Element[] {
  return sequence(readOnly(der, TAG.sequence, 'name'), 'name', MAX_NAMES);
}

/** An address and a mask of the same size (RFC 4632); of the other IP version: elsewhere. */
function addressLiesIn(address: Uint8Array, base: Uint8Array): boolean | undefined {
  if (address.length !== 4 && address.length !== 16) return undefined;
  if (base.length !== address.length * 2) return false;
  return address.every((octet, index) => {
    const mask = base[address.length + index] ?? 0xff;
    return (octet & mask) === ((base[index] ?? 0) & mask);
  });
}
