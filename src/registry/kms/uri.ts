/**
 * URIs of keys in key management services, as cosign writes them. Owns the four grammars; must never contact anything.
 */
import { invalid } from '../../core/failure.ts';

/** A key in a service. */
export type KmsKey =
  /** HashiCorp Vault or OpenBao, transit engine. */
  | { readonly service: 'vault'; readonly name: string }
  /** `endpoint`: host[:port] in place of AWS's own. `id`: key id, ARN of key or alias, or `alias/NAME`. */
  | { readonly service: 'aws'; readonly endpoint?: string; readonly id: string }
  /** `parent`: `projects/…/cryptoKeys/…`. Without a version, all versions that are enabled count. */
  | { readonly service: 'gcp'; readonly parent: string; readonly version?: string }
  /** `vault`: host of the vault. Without a version, all that are enabled count. */
  | { readonly service: 'azure'; readonly vault: string; readonly name: string; readonly version?: string };

const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const HOST = '[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\\d{1,5})?';
const AWS_ID = new RegExp(
  `^(?:${UUID}|mrk-[0-9a-f]{32}|alias/[A-Za-z0-9/_-]{1,250}|arn:aws[a-z-]*:kms:[a-z0-9-]+:\\d{12}:(?:key/(?:${UUID}|mrk-[0-9a-f]{32})|alias/[A-Za-z0-9/_-]{1,250}))$`,
);
const GCP =
  /^(projects\/[A-Za-z0-9:._-]+\/locations\/[a-z0-9-]+\/keyRings\/[A-Za-z0-9_-]+\/cryptoKeys\/[A-Za-z0-9_-]+)(?:\/(?:cryptoKeyVersions|versions)\/(\d+))?$/;

/** What each service's URIs look like, for messages. */
const EXPECTED = {
  awskms: 'awskms://[ENDPOINT]/KEY, where KEY is a key id, alias/NAME or an ARN',
  gcpkms: 'gcpkms://projects/P/locations/L/keyRings/R/cryptoKeys/K[/versions/N]',
  azurekms: 'azurekms://VAULT.vault.azure.net/KEY[/VERSION]',
  hashivault: 'hashivault://KEY',
} as const;

/** Parses a URI. Throws invalid. */
export function parseKmsUri(uri: string): KmsKey {
  const [, scheme = '', rest = ''] = /^([a-z]+):\/\/(.*)$/s.exec(uri) ?? [];
  switch (scheme) {
    case 'hashivault':
      return vaultKey(rest) ?? refuse(uri, EXPECTED.hashivault);
    case 'awskms':
      return awsKey(rest) ?? refuse(uri, EXPECTED.awskms);
    case 'gcpkms':
      return gcpKey(rest) ?? refuse(uri, EXPECTED.gcpkms);
    case 'azurekms':
      return azureKey(rest) ?? refuse(uri, EXPECTED.azurekms);
    default:
      return refuse(uri, 'awskms://…, gcpkms://…, azurekms://… or hashivault://…');
  }
}

/** Is this text a URI of a key, and no file? */
export function isKmsUri(text: string): boolean {
  return /^(?:awskms|gcpkms|azurekms|hashivault):\/\//.test(text);
}

function vaultKey(rest: string): KmsKey | undefined {
  return /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?$/.test(rest) ? { service: 'vault', name: rest } : undefined;
}

function awsKey(rest: string): KmsKey | undefined {
  const slash = rest.indexOf('/');
  const endpoint = rest.slice(0, slash);
  const id = rest.slice(slash + 1);
  if (slash < 0 || !AWS_ID.test(id)) return undefined;
  if (endpoint === '') return { service: 'aws', id };
  return new RegExp(`^${HOST}$`).test(endpoint) ? { service: 'aws', endpoint, id } : undefined;
}

function gcpKey(rest: string): KmsKey | undefined {
  const [, parent, version] = GCP.exec(rest) ?? [];
  if (parent === undefined) return undefined;
  return { service: 'gcp', parent, ...(version === undefined ? {} : { version }) };
}

function azureKey(rest: string): KmsKey | undefined {
  const [, vault, name, version] =
    new RegExp(`^(${HOST})/([A-Za-z0-9-]{1,127})(?:/([0-9a-fA-F]{32}))?$`).exec(rest) ?? [];
  if (vault === undefined || name === undefined) return undefined;
  return { service: 'azure', vault: vault.toLowerCase(), name, ...(version === undefined ? {} : { version }) };
}

function refuse(uri: string, expected: string): never {
  throw invalid('KMS URI', expected, JSON.stringify(uri.slice(0, 200)));
}
