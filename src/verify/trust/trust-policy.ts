/**
 * notation's trust policy at work: which statement holds for a repository, and the signer behind it.
 * Must never make a signer of a statement that skips, or of a store that is not there.
 */
import type { Signer, SignerMaterial } from '../signer.ts';
import type { Certificate } from '../x509/certificate.ts';
import { materialId } from './material-id.ts';
import {
  type NotationStatement,
  type NotationVerification,
  parseStatements,
  type TrustStoreType,
} from './statement.ts';

/** Certificates by store, named as in the policy: `ca:acme-rockets`. */
export type TrustStores = ReadonlyMap<string, readonly Certificate[]>;

/** A trust policy with its stores. */
export interface NotationTrustPolicy {
  readonly statements: readonly NotationStatement[];
  readonly stores: TrustStores;
}

/** What holds for one repository; no statement where none does. */
export interface SelectedStatement {
  readonly repository: string;
  readonly statement?: NotationStatement;
  readonly stores: TrustStores;
}

/**
 * Reads trustpolicy.json. Stores that no given statement needs may be missing: they are asked for when a statement
 * holds. Throws a Failure of kind `invalid` that names the place.
 */
export function parseNotationTrustPolicy(text: string, stores: TrustStores): NotationTrustPolicy {
  return { statements: parseStatements(text), stores };
}

/**
 * The statement for a repository (`registry.example.com/team/app`): the one that names it, else the one for `*`
 * (specification, "Selecting a trust policy based on artifact URI").
 */
export function selectStatement({ statements, stores }: NotationTrustPolicy, repository: string): SelectedStatement {
  const named = statements.find(({ registryScopes }) => repository !== '*' && registryScopes.includes(repository));
  const statement = named ?? statements.find(({ registryScopes }) => registryScopes.includes('*'));
  return statement === undefined ? { repository, stores } : { repository, statement, stores };
}

/** The signer of a statement. `unusable` where nothing may be trusted by it: no statement, one that skips, no store. */
export function signerOfStatement({ repository, statement, stores }: SelectedStatement, name: string): Signer {
  const unusable = (reason: 'TrustedKeyMissing' | 'TrustedKeyNotReady', message: string): Signer => ({
    state: 'unusable',
    name,
    reason,
    message,
  });
  if (statement === undefined)
    return unusable(
      'TrustedKeyMissing',
      `no statement of the trust policy holds for ${repository}: add one, or one for *`,
    );
  const { verification } = statement;
  if (verification.level === 'skip')
    return unusable(
      'TrustedKeyNotReady',
      `statement ${statement.name} of the trust policy skips verification for ${repository}: nothing vouches for it`,
    );
  const missing = verification.trustStores.find(
    (store) => (stores.get(`${store.type}:${store.name}`) ?? []).length === 0,
  );
  if (missing !== undefined)
    return unusable(
      'TrustedKeyNotReady',
      `statement ${statement.name} of the trust policy names trust store ${missing.type}:${missing.name}, which is not given or empty`,
    );
  const material = materialOf(verification, stores);
  return { state: 'usable', name, id: materialId(material), material, lifecycle: { state: 'Active' } };
}

function materialOf(
  verification: Exclude<NotationVerification, { readonly level: 'skip' }>,
  stores: TrustStores,
): SignerMaterial {
  const { level, verifyTimestamp, trustStores, trustedIdentities } = verification;
  const all = (type: TrustStoreType): readonly Certificate[] =>
    trustStores.filter((store) => store.type === type).flatMap((store) => stores.get(`${type}:${store.name}`) ?? []);
  return {
    type: 'notation',
    ca: all('ca'),
    signingAuthority: all('signingAuthority'),
    tsa: all('tsa'),
    trustedIdentities,
    level,
    verifyTimestamp,
  };
}
