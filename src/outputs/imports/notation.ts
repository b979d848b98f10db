/**
 * Statements of notation's trustpolicy.json as policies of ours. Their grammar is verify's, which has checked the file
 * before; what is read here is what a statement says.
 */
import { at, type Field, isAbsent, listItems, optionalText, textMap } from '../../core/manifests/field.ts';
import type { ManifestDocument } from '../../core/manifests/load.ts';
import { type Draft, endDraft, type ImportedPolicy, type KeySpec, type PolicySpec, startDraft } from './draft.ts';
import type { Keyring } from './keyring.ts';
import { nameOf } from './names.ts';

/** What stands for the apiVersion of a trustpolicy.json, which has none. Its kind is TrustPolicy. */
export const NOTATION = 'notation/1.0';

type Notation = NonNullable<KeySpec['notation']>;
type Stores = Notation['trustStores'];
type PemSpec = NonNullable<Stores['ca']>[number];

/** One policy per statement that verifies. */
export function importTrustPolicy(document: ManifestDocument, ring: Keyring): readonly ImportedPolicy[] {
  const { root } = startDraft(document);
  const statements = listItems(at(root, 'trustPolicies'), 'a list of statements');
  const scopes = statements.flatMap(scopesOf).filter((scope) => scope !== '*');
  return statements.map((statement) => {
    const draft = startDraft(document);
    const own = { ...statement, report: draft.root.report };
    const name = optionalText(at(own, 'name'), 'a name') ?? '';
    const spec = specOf(own, scopes, { draft, ring });
    return endDraft(draft, { nameParts: [name], origin: `statement ${name}`, spec });
  });
}

function scopesOf(statement: Field): readonly string[] {
  return listItems(at(statement, 'registryScopes'), 'a list of repositories').map(({ value }) => String(value));
}

/** The statement for `*` holds where no other does. */
function specOf(
  statement: Field,
  all: readonly string[],
  { draft, ring }: { readonly draft: Draft; readonly ring: Keyring },
): PolicySpec | undefined {
  const verification = at(statement, 'signatureVerification');
  const level = (['strict', 'permissive', 'audit'] as const).find((name) => name === at(verification, 'level').value);
  if (level === undefined) {
    draft.note(
      'lost',
      verification,
      'level skip: nothing is imported, so images of these repositories are judged by no policy',
    );
    return undefined;
  }
  const scopes = scopesOf(statement);
  const trustedKey = ring.add(optionalText(at(statement, 'name'), 'a name') ?? '', {
    notation: { ...signerOf(statement, { draft, ring }), level },
  });
  const excluded = scopes.includes('*') ? [...new Set(all)] : [];
  return {
    images: [...scopes],
    ...(excluded.length === 0 ? {} : { excludeImages: excluded }),
    attestors: [{ name: 'signers', entries: [{ trustedKey }] }],
  };
}

function signerOf(statement: Field, ctx: { readonly draft: Draft; readonly ring: Keyring }): Omit<Notation, 'level'> {
  const verification = at(statement, 'signatureVerification');
  const overrides = textMap(at(verification, 'override'), 'actions by step');
  const late = at(verification, 'verifyTimestamp').value === 'afterCertExpiry';
  return {
    trustStores: storesOf(at(statement, 'trustStores'), ctx),
    trustedIdentities: listItems(at(statement, 'trustedIdentities'), 'a list').map(({ value }) => String(value)),
    ...(Object.keys(overrides).length === 0 ? {} : { levelOverrides: overrides }),
    ...(late ? { verifyTimestamp: 'afterCertExpiry' as const } : {}),
  };
}

function storesOf(list: Field, { draft, ring }: { readonly draft: Draft; readonly ring: Keyring }): Stores {
  const stores: { ca: PemSpec[]; signingAuthority: PemSpec[]; tsa: PemSpec[] } = {
    ca: [],
    signingAuthority: [],
    tsa: [],
  };
  for (const item of listItems(list, 'a list of trust stores')) {
    const [type, name] = String(item.value).split(':');
    if (type === 'ca' || type === 'signingAuthority' || type === 'tsa')
      stores[type].push(sourceOf(item, { name: name ?? '', draft, ring }));
  }
  return Object.fromEntries(Object.entries(stores).filter(([, sources]) => sources.length > 0));
}

/** The certificates where the store was given, else a ConfigMap that is still to be made. */
function sourceOf(
  item: Field,
  { name, draft, ring }: { readonly name: string; readonly draft: Draft; readonly ring: Keyring },
): PemSpec {
  const pem = ring.settings.trustStores?.get(String(item.value));
  if (pem !== undefined) return { pem };
  const { namespace } = ring.settings;
  const configMapRef = { namespace, name: nameOf(['notation', String(item.value)]), key: `${name}.crt` };
  const command = `kubectl -n ${namespace} create configmap ${configMapRef.name} --from-file=${configMapRef.key}`;
  const says = `the certificates are not in the input: give them with --trust-store, or make the ConfigMap (${command})`;
  draft.note('changed', item, says, { object: configMapRef });
  return { configMapRef };
}

/** Is this a trustpolicy.json? */
export function isTrustPolicy(value: Field): boolean {
  return isAbsent(at(value, 'kind')) && !isAbsent(at(value, 'trustPolicies')) && !isAbsent(at(value, 'version'));
}
