/**
 * Trusted identities of the Notary Project (trust policy, `trustedIdentities`): which subjects of signing certificates
 * count. Owns the rules of that list; matching a certificate against it is the family's.
 */
import { invalid } from '../../core/failure.ts';
import type { NotaryIdentity } from '../signer.ts';
import { parseDistinguishedName } from './distinguished-name.ts';

const PREFIX = 'x509.subject:';
/** Trust policy specification, "Trusted identities constraints". */
const NEEDED = ['C', 'ST', 'O'] as const;
/** Other spellings of the same attribute, as the names in certificates are read (x509/name.ts). */
const ALIASES: Readonly<Record<string, string>> = {
  S: 'ST',
  E: 'EMAILADDRESS',
  '2.5.4.3': 'CN',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
};

/**
 * The identities of one list: `*` alone, or subjects none of which contains another. Throws a Failure of kind
 * `invalid` that names the position in the list, counted from 1.
 */
export function parseNotaryIdentities(identities: readonly string[]): '*' | readonly NotaryIdentity[] {
  if (identities.length === 0) throw invalid('trustedIdentities', "at least one identity, or '*'", 'none');
  if (identities.includes('*')) {
    if (identities.length === 1) return '*';
    throw invalid('trustedIdentities', "'*' alone", `'*' beside ${identities.length - 1} more`);
  }
  const parsed = identities.map((text, index) => parseIdentity(text, `trustedIdentities ${index + 1}`));
  demandNoOverlap(parsed);
  return parsed;
}

function parseIdentity(text: string, where: string): NotaryIdentity {
  if (!text.startsWith(PREFIX))
    throw invalid(where, `'${PREFIX} C=…, ST=…, O=…' or '*'`, JSON.stringify(text.slice(0, 64)));
  const attributes = new Map<string, string>();
  for (const { type: written, value } of parseDistinguishedName(text.slice(PREFIX.length), where)) {
    const type = Object.hasOwn(ALIASES, written) ? (ALIASES[written] ?? written) : written;
    if (attributes.has(type)) throw invalid(where, 'each attribute once', `${type} twice`);
    attributes.set(type, value);
  }
  const lacking = NEEDED.filter((type) => !attributes.has(type));
  if (lacking.length > 0) throw invalid(where, 'C, ST (or S) and O at least', `no ${lacking.join(', no ')}`);
  return { shown: text, attributes };
}

/** An identity that contains another is a mistake: the wider one already lets everybody in (notation refuses it too). */
function demandNoOverlap(identities: readonly NotaryIdentity[]): void {
  for (const [i, wide] of identities.entries()) {
    const j = identities.findIndex((narrow, index) => index !== i && includes(narrow, wide));
    if (j >= 0)
      throw invalid(
        'trustedIdentities',
        'identities that do not overlap',
        `${i + 1}, which holds for all that ${j + 1} holds for`,
      );
  }
}

function includes(narrow: NotaryIdentity, wide: NotaryIdentity): boolean {
  return [...wide.attributes].every(([type, value]) => narrow.attributes.get(type) === value);
}
