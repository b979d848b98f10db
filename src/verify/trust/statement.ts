/**
 * notation's trustpolicy.json, version 1.0: reading its statements, by the rules of the trust policy specification.
 * Owns those rules; which statement holds, and the material behind it, lie in trust-policy.ts.
 */
import { invalid } from '../../core/failure.ts';
import { isJsonObject, parseStrictJson } from '../../core/strict-json.ts';
import type { NotaryIdentity, NotaryLevel } from '../signer.ts';
import { parseNotaryIdentities } from './notary-identity.ts';
import { NOTARY_LEVEL_NAMES, type NotaryLevelName, notaryLevel } from './notary-level.ts';

/** Types of trust stores. */
export type TrustStoreType = 'ca' | 'signingAuthority' | 'tsa';

/** A trust store by type and name, as `ca:acme-rockets` says it. */
export interface TrustStoreName {
  readonly type: TrustStoreType;
  readonly name: string;
}

/** What a statement does: verify, or (`skip`) not even look. A skipped image is never verified. */
export type NotationVerification =
  | { readonly level: 'skip' }
  | {
      readonly level: NotaryLevel;
      readonly verifyTimestamp: 'always' | 'afterCertExpiry';
      readonly trustStores: readonly TrustStoreName[];
      readonly trustedIdentities: '*' | readonly NotaryIdentity[];
    };

/** One statement of the file. */
export interface NotationStatement {
  readonly name: string;
  /** Repositories, exactly; or `*` alone. */
  readonly registryScopes: readonly string[];
  readonly verification: NotationVerification;
}

type Json = Readonly<Record<string, unknown>>;

const MAX_BYTES = 1024 * 1024;
const MAX_STATEMENTS = 256;
const MAX_ITEMS = 256;
const STORE_TYPES: readonly TrustStoreType[] = ['ca', 'signingAuthority', 'tsa'];

/** The statements of a trustpolicy.json, version 1.0. Throws a Failure of kind `invalid` that names the place. */
export function parseStatements(text: string): readonly NotationStatement[] {
  const document = demandObject(parseStrictJson(text, { maxBytes: MAX_BYTES }), 'trust policy');
  demandFields(document, ['version', 'trustPolicies'], 'trust policy');
  if (document['version'] !== '1.0') throw invalid('version', '"1.0"', shown(document['version']));
  const list = document['trustPolicies'];
  if (!Array.isArray(list) || list.length === 0 || list.length > MAX_STATEMENTS)
    throw invalid('trustPolicies', `a list of 1 to ${MAX_STATEMENTS} statements`, shown(list));
  const statements = list.map((statement, index) => readStatement(statement, `trustPolicies[${index}]`));
  demandOnce(
    statements.map(({ name }) => name),
    'name',
  );
  demandOnce(
    statements.flatMap(({ registryScopes }) => registryScopes),
    'registry scope',
  );
  return statements;
}

function readStatement(value: unknown, where: string): NotationStatement {
  const statement = demandObject(value, where);
  demandFields(
    statement,
    ['name', 'registryScopes', 'signatureVerification', 'trustStores', 'trustedIdentities'],
    where,
  );
  const name = statement['name'];
  if (typeof name !== 'string' || name === '') throw invalid(`${where}.name`, 'a name', shown(name));
  const registryScopes = readScopes(statement['registryScopes'], `${where}.registryScopes`);
  const verification = readVerification(statement, where);
  if (verification.level === 'skip' && registryScopes.includes('*'))
    throw invalid(`${where}.registryScopes`, 'repositories, where the level is skip', '*');
  return { name, registryScopes, verification };
}

function readVerification(statement: Json, where: string): NotationVerification {
  const place = `${where}.signatureVerification`;
  const wanted = demandObject(statement['signatureVerification'], place);
  demandFields(wanted, ['level', 'override', 'verifyTimestamp'], place);
  const { level, override, verifyTimestamp = 'always' } = wanted;
  if (level === 'skip') return readSkip(statement, override, where);
  if (!isLevelName(level)) throw invalid(`${place}.level`, 'strict, permissive, audit or skip', shown(level));
  if (verifyTimestamp !== 'always' && verifyTimestamp !== 'afterCertExpiry')
    throw invalid(`${place}.verifyTimestamp`, 'always or afterCertExpiry', shown(verifyTimestamp));
  return {
    level: notaryLevel(level, override === undefined ? {} : demandObject(override, `${place}.override`)),
    verifyTimestamp,
    trustStores: readStores(statement['trustStores'], `${where}.trustStores`),
    trustedIdentities: parseNotaryIdentities(readTexts(statement['trustedIdentities'], `${where}.trustedIdentities`)),
  };
}

function readSkip(statement: Json, override: unknown, where: string): NotationVerification {
  if (isJsonObject(override) && Object.keys(override).length > 0)
    throw invalid(`${where}.signatureVerification.override`, 'nothing, where the level is skip', shown(override));
  for (const field of ['trustStores', 'trustedIdentities']) {
    const value = statement[field];
    if (value !== undefined && !(Array.isArray(value) && value.length === 0))
      throw invalid(`${where}.${field}`, 'nothing, where the level is skip', shown(value));
  }
  return { level: 'skip' };
}

function readStores(value: unknown, where: string): readonly TrustStoreName[] {
  const stores = readTexts(value, where).map((text) => readStore(text, where));
  if (!stores.some(({ type }) => type !== 'tsa'))
    throw invalid(where, 'at least one store of type ca or signingAuthority', 'timestamp authorities alone');
  return stores;
}

function readStore(text: string, where: string): TrustStoreName {
  const [, written, name] = /^([A-Za-z]+):([A-Za-z0-9_.-]+)$/.exec(text) ?? [];
  const type = STORE_TYPES.find((known) => known === written);
  if (type === undefined || name === undefined)
    throw invalid(
      where,
      `TYPE:NAME with a type of ${STORE_TYPES.join(', ')} and a name of letters, digits, _, . and -`,
      shown(text),
    );
  return { type, name };
}

/** "Registry scopes constraints": whole repositories, no partial wildcards, `*` alone. */
function readScopes(value: unknown, where: string): readonly string[] {
  const scopes = readTexts(value, where);
  if (scopes.includes('*') && scopes.length > 1) throw invalid(where, '* alone', `* beside ${scopes.length - 1} more`);
  const repository = /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]+)?(\/[a-z0-9]+([._-]+[a-z0-9]+)*)+$/;
  const bad = scopes.find((scope) => scope !== '*' && (scope.length > 512 || !repository.test(scope)));
  if (bad !== undefined)
    throw invalid(
      where,
      'whole repositories such as registry.example.com/team/app, without scheme, tag or wildcard',
      shown(bad),
    );
  return scopes;
}

function readTexts(value: unknown, where: string): readonly string[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_ITEMS)
    throw invalid(where, `a list of 1 to ${MAX_ITEMS} texts`, shown(value));
  return value.map((item, index) => {
    if (typeof item !== 'string' || item === '') throw invalid(`${where}[${index}]`, 'a text', shown(item));
    return item;
  });
}

function demandOnce(names: readonly string[], what: string): void {
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw invalid('trustPolicies', `each ${what} in one statement`, `${shown(twice)} in two`);
}

/** A misspelt field would silently loosen the policy: notation ignores it, we do not. */
function demandFields(object: Json, known: readonly string[], where: string): void {
  const unknown = Object.keys(object).find((field) => !known.includes(field));
  if (unknown !== undefined) throw invalid(where, `the fields ${known.join(', ')}`, `unknown field ${shown(unknown)}`);
}

function demandObject(value: unknown, where: string): Json {
  if (!isJsonObject(value)) throw invalid(where, 'an object', shown(value));
  return value;
}

function isLevelName(level: unknown): level is NotaryLevelName {
  return NOTARY_LEVEL_NAMES.some((name) => name === level);
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
  return isJsonObject(value) ? 'an object' : JSON.stringify(value).slice(0, 80);
}
