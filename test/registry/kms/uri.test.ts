/** URIs of keys, as cosign takes them. */
import { describe, expect, test } from 'vitest';
import { isKmsUri, parseKmsUri } from '../../../src/registry/kms/uri.ts';

const ID = '1234abcd-12ab-34cd-56ef-1234567890ab';
const RING = 'projects/p-1/locations/eu/keyRings/r/cryptoKeys/k';

describe('is read', () => {
  test.each([
    ['hashivault://release', { service: 'vault', name: 'release' }],
    ['hashivault://a.b-c_d', { service: 'vault', name: 'a.b-c_d' }],
    [`awskms:///${ID}`, { service: 'aws', id: ID }],
    ['awskms:///alias/team/release', { service: 'aws', id: 'alias/team/release' }],
    [`awskms:///mrk-${'0'.repeat(32)}`, { service: 'aws', id: `mrk-${'0'.repeat(32)}` }],
    [
      `awskms:///arn:aws:kms:us-east-2:111122223333:key/${ID}`,
      { service: 'aws', id: `arn:aws:kms:us-east-2:111122223333:key/${ID}` },
    ],
    [
      'awskms:///arn:aws-cn:kms:cn-north-1:111122223333:alias/release',
      { service: 'aws', id: 'arn:aws-cn:kms:cn-north-1:111122223333:alias/release' },
    ],
    ['awskms://localhost:4566/alias/x', { service: 'aws', endpoint: 'localhost:4566', id: 'alias/x' }],
    [`gcpkms://${RING}`, { service: 'gcp', parent: RING }],
    [`gcpkms://${RING}/versions/3`, { service: 'gcp', parent: RING, version: '3' }],
    [`gcpkms://${RING}/cryptoKeyVersions/12`, { service: 'gcp', parent: RING, version: '12' }],
    ['azurekms://Team.vault.azure.net/release', { service: 'azure', vault: 'team.vault.azure.net', name: 'release' }],
    [
      `azurekms://team.vault.azure.net/release/${'a'.repeat(32)}`,
      { service: 'azure', vault: 'team.vault.azure.net', name: 'release', version: 'a'.repeat(32) },
    ],
  ])('%s', (uri, expected) => {
    expect([isKmsUri(uri), parseKmsUri(uri)]).toEqual([true, expected]);
  });
});

test.each([
  ['hashivault://', 'hashivault://KEY'],
  ['hashivault://a/b', 'hashivault://KEY'],
  ['hashivault://../../sys/seal', 'hashivault://KEY'],
  ['hashivault://a?x=1', 'hashivault://KEY'],
  ['awskms://alias/x', 'awskms://[ENDPOINT]/KEY'],
  ['awskms:///x', 'awskms://[ENDPOINT]/KEY'],
  ['awskms://evil@host/alias/x', 'awskms://[ENDPOINT]/KEY'],
  ['awskms:///arn:aws:s3:us-east-2:111122223333:alias/x', 'awskms://[ENDPOINT]/KEY'],
  ['gcpkms://projects/p/locations/l', 'gcpkms://projects/P'],
  [`gcpkms://${RING}/versions/latest`, 'gcpkms://projects/P'],
  [`gcpkms://${RING}/../../x`, 'gcpkms://projects/P'],
  ['azurekms://team.vault.azure.net', 'azurekms://VAULT'],
  ['azurekms://team.vault.azure.net/a/b', 'azurekms://VAULT'],
  ['azurekms://team.vault.azure.net@evil.example/a', 'azurekms://VAULT'],
  ['pkcs11://x', 'awskms://…, gcpkms://…'],
  ['cosign.pub', 'awskms://…, gcpkms://…'],
  ['', 'awskms://…, gcpkms://…'],
])('%j is refused, and it is said what was expected', (uri, expected) => {
  expect(() => parseKmsUri(uri)).toThrow(`KMS URI: expected ${expected}`);
});
