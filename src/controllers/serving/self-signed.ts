/**
 * A certificate for a server that nobody gave one, as controller-runtime makes for its metrics: signed by its own key,
 * new at each start. It keeps what is sent from being read; it does not say who we are. Owns the few lines of DER
 * (RFC 5280) that node:crypto cannot write.
 */
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import type { TlsMaterial } from './tls-material.ts';

/** Makes a key (ECDSA P-256) and a certificate for these DNS names, valid from an hour ago for a year. */
export function selfSigned(dnsNames: readonly string[], now: Date): TlsMaterial {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const name = sequence(set(sequence(OID.commonName, tlv(0x0c, Buffer.from('image-trust-operator')))));
  const validity = sequence(time(new Date(now.getTime() - HOUR_MS)), time(new Date(now.getTime() + YEAR_MS)));
  const body = sequence(
    tlv(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    sequence(OID.ecdsaWithSha256),
    name,
    validity,
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    tlv(0xa3, sequence(...extensions(dnsNames))),
  );
  const signature = sign('sha256', body, privateKey);
  const certificate = sequence(body, sequence(OID.ecdsaWithSha256), bitString(signature));
  return { cert: pem('CERTIFICATE', certificate), key: privateKey.export({ type: 'pkcs8', format: 'pem' }) };
}

const HOUR_MS = 3_600_000;
const YEAR_MS = 365 * 24 * HOUR_MS;

const OID = {
  commonName: Buffer.from('0603550403', 'hex'),
  ecdsaWithSha256: Buffer.from('06082a8648ce3d040302', 'hex'),
  keyUsage: Buffer.from('0603551d0f', 'hex'),
  alternativeName: Buffer.from('0603551d11', 'hex'),
  basicConstraints: Buffer.from('0603551d13', 'hex'),
  extendedKeyUsage: Buffer.from('0603551d25', 'hex'),
  serverAuth: Buffer.from('06082b06010505070301', 'hex'),
} as const;

const TRUE = Buffer.from([0x01, 0x01, 0xff]);

function extensions(dnsNames: readonly string[]): readonly Buffer[] {
  const names = dnsNames.map((name) => tlv(0x82, Buffer.from(name, 'latin1')));
  // digitalSignature: bit 0, so seven bits of the octet are unused.
  const usage = tlv(0x03, Buffer.from([7, 0x80]));
  return [
    sequence(OID.basicConstraints, TRUE, octets(sequence())),
    sequence(OID.keyUsage, TRUE, octets(usage)),
    sequence(OID.extendedKeyUsage, octets(sequence(OID.serverAuth))),
    sequence(OID.alternativeName, octets(sequence(...names))),
  ];
}

function tlv(tag: number, content: Buffer): Buffer {
  const length =
    content.length < 0x80
      ? Buffer.from([content.length])
      : Buffer.from([0x82, content.length >> 8, content.length & 0xff]);
  return Buffer.concat([Buffer.from([tag]), shortest(length), content]);
}

/** DER writes a length in as few octets as it takes. */
function shortest(length: Buffer): Buffer {
  return length[0] === 0x82 && length[1] === 0 ? Buffer.from([0x81, length[2] ?? 0]) : length;
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tlv(0x30, Buffer.concat(parts));
}

function set(...parts: readonly Buffer[]): Buffer {
  return tlv(0x31, Buffer.concat(parts));
}

/** A number without sign whose first octet is below 0x80. */
function integer(bytes: Buffer): Buffer {
  return tlv(0x02, bytes);
}

function octets(content: Buffer): Buffer {
  return tlv(0x04, content);
}

function bitString(content: Buffer): Buffer {
  return tlv(0x03, Buffer.concat([Buffer.from([0]), content]));
}

/** RFC 5280, 4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050 on. */
function time(moment: Date): Buffer {
  const digits = moment.toISOString().replace(/[-:T]|\.\d+/g, '');
  return moment.getUTCFullYear() < 2050
    ? tlv(0x17, Buffer.from(digits.slice(2), 'latin1'))
    : tlv(0x18, Buffer.from(digits, 'latin1'));
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
