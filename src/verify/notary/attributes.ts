/**
 * The signed attributes of an envelope (Notary signature specification, "Signed Attributes"): which must be there,
 * which exclude each other, and which must be marked critical. Must never let pass a critical one that it does not know.
 */
import { type Envelope, HEADER } from './envelope.ts';
import { demandIntegrity, shown } from './integrity.ts';

/** The attributes that later steps read. */
export interface Attributes {
  /** Name in JWS: `ES256`, `PS384`. */
  readonly algorithm: string;
  readonly scheme: 'notary.x509' | 'notary.x509.signingAuthority';
  /** What the signer says (`notary.x509`: worth nothing) or what the signing authority vouches for. */
  readonly signingTime: Date;
  readonly expiry?: Date;
}

const PAYLOAD_TYPE = 'application/vnd.cncf.notary.payload.v1+json';
/** What may stand in `crit`: the attributes that the specification calls critical, less those that refuse below. */
const CRITICAL: readonly string[] = [HEADER.signingScheme, HEADER.authenticSigningTime, HEADER.expiry];
const PLUGIN: readonly string[] = [HEADER.verificationPlugin, HEADER.verificationPluginMinVersion];

/** Demands everything that the specification says of signed attributes, in its order. */
export function demandAttributes({ headers }: Envelope): Attributes {
  const scheme = headers.get(HEADER.signingScheme);
  demandIntegrity(
    scheme === 'notary.x509' || scheme === 'notary.x509.signingAuthority',
    `signing scheme is ${shown(scheme)}, expected notary.x509 or notary.x509.signingAuthority`,
  );
  const plugin = PLUGIN.find((name) => headers.has(name));
  demandIntegrity(
    plugin === undefined,
    `it needs the verification plugin ${shown(headers.get(HEADER.verificationPlugin))}, and plugins are not run`,
  );
  demandCritical(headers);
  const signingTime = demandSigningTime(headers, scheme);
  const expiry = timeIn(headers, HEADER.expiry);
  demandIntegrity(expiry === undefined || expiry > signingTime, 'it expires before it was made');
  const contentType = headers.get(HEADER.contentType);
  demandIntegrity(contentType === PAYLOAD_TYPE, `content type is ${shown(contentType)}, expected ${PAYLOAD_TYPE}`);
  const algorithm = headers.get(HEADER.algorithm);
  demandIntegrity(typeof algorithm === 'string', `algorithm is ${shown(algorithm)}, expected a supported one`);
  return { algorithm, scheme, signingTime, ...(expiry === undefined ? {} : { expiry }) };
}

/** `crit` is a list without repetition of attributes that are there and known, and names all that must be critical. */
function demandCritical(headers: Envelope['headers']): void {
  const critical = headers.get(HEADER.critical);
  demandIntegrity(Array.isArray(critical) && critical.length > 0, 'header crit is missing');
  const names: readonly unknown[] = critical;
  for (const name of names) {
    demandIntegrity(
      typeof name === 'string' && CRITICAL.includes(name),
      `the critical attribute ${shown(name)} is not understood`,
    );
    demandIntegrity(headers.has(name), `the critical attribute ${shown(name)} is not there`);
  }
  demandIntegrity(new Set(names).size === names.length, 'header crit names an attribute twice');
  const unmarked = CRITICAL.find((name) => headers.has(name) && !names.includes(name));
  demandIntegrity(unmarked === undefined, `attribute ${shown(unmarked)} is not marked critical`);
}

/** Each scheme has its own attribute for the time, and must not have the other's. */
function demandSigningTime(headers: Envelope['headers'], scheme: Attributes['scheme']): Date {
  const [own, other] =
    scheme === 'notary.x509'
      ? [HEADER.signingTime, HEADER.authenticSigningTime]
      : [HEADER.authenticSigningTime, HEADER.signingTime];
  demandIntegrity(!headers.has(other), `attribute ${other} does not go with scheme ${scheme}`);
  const time = timeIn(headers, own);
  demandIntegrity(time !== undefined, `attribute ${own} is missing`);
  return time;
}

function timeIn(headers: Envelope['headers'], name: string): Date | undefined {
  const value = headers.get(name);
  demandIntegrity(value === undefined || value instanceof Date, `attribute ${name} is not a time`);
  return value;
}
