/**
 * The trusts on which every fixture is tried, each with the ways in which it is enforced. Together they have every type
 * of TrustedKey and every demand of a policy that a Kyverno policy can express.
 */
import {
  caseName,
  type Enforced,
  type Format,
  FORMATS,
  keyFile,
  publicKey,
  set,
  type SignatureFormat,
  textRef,
  type Trust,
  trustIn,
} from './trust.ts';

/** A trust and one way to enforce it. */
export interface Case {
  readonly name: string;
  readonly trust: Trust;
  readonly enforced: Enforced;
  /** Fixtures to try, by the beginning of their names; the negative and the unsigned always are. Default: all. */
  readonly fixtures?: readonly string[];
}

const SLSA = 'https://slsa.dev/provenance/v1';
const pem = (name: string): object => ({ pem: keyFile(`pki/${name}`) });

/** A certificate of test/fixtures is valid long before and after now, or long not. */
const IDENTITIES = [
  { issuer: 'https://issuer.example.com', subject: 'https://ci.example.com/org/repo@refs/heads/main' },
];

/** Trusts of keys alone. */
const KEYS: readonly Trust[] = [
  trustIn('k1', 'k1'),
  trustIn('rsa', 'rsa2048-cosign'),
  trustIn('p384', 'p384-cosign'),
  trustIn('p521', 'p521-cosign'),
  trustIn('ed25519', 'ed25519-cosign'),
];

const both = { k1: publicKey('k1'), other: publicKey('other') };

/** Counts, sets, demands on signatures. */
const DEMANDS: readonly Trust[] = [
  { name: 'one-of-two', keys: both, policy: { attestors: [set('team', ['k1', 'other'], 1)] } },
  { name: 'two-of-two', keys: both, policy: { attestors: [set('team', ['k1', 'other'])] } },
  { name: 'two-sets', keys: both, policy: { attestors: [set('team', ['k1']), set('security', ['other'])] } },
  {
    // The same key under two names: it must not count twice.
    name: 'one-key-twice',
    keys: { k1: publicKey('k1'), again: publicKey('k1') },
    policy: { attestors: [set('team', ['k1', 'again'], 2)] },
  },
  {
    name: 'two-blocks',
    keys: { k1: { publicKey: { pem: keyFile('other.pub') + keyFile('k1.pub') }, transparencyLog: 'Ignored' } },
    policy: { attestors: [set('team', ['k1'])] },
  },
  annotated('prod'),
  annotated('dev'),
  trustIn('attested', 'k1', { attestations: [{ type: SLSA }] }),
  trustIn('attested-other', 'k1', { attestations: [{ type: SLSA, attestors: [set('builder', ['k1'])] }] }),
];

function annotated(env: string): Trust {
  const entries = [{ trustedKey: 'k1', annotations: { env } }];
  return {
    name: `annotated-${env}`,
    keys: { k1: publicKey('k1') },
    policy: { attestors: [{ name: 'team', entries }] },
  };
}

const CERTIFICATE: Trust = {
  name: 'certificate',
  keys: {
    ca: {
      certificate: {
        roots: pem('root.crt'),
        intermediates: pem('inter.crt'),
        identities: [{ subjectRegExp: '.*' }],
      },
      transparencyLog: 'Ignored',
    },
  },
  policy: { attestors: [set('team', ['ca'])] },
};

const notation = (stores: object, rest: object = {}): object => ({
  notation: { trustStores: stores, trustedIdentities: ['*'], ...rest },
});
const NOTARY: readonly Trust[] = [
  { name: 'notary', keys: { ca: notation({ ca: [pem('root.crt')] }) }, policy: { attestors: [set('team', ['ca'])] } },
  {
    name: 'notary-stamped',
    keys: { ca: notation({ ca: [pem('root.crt')], tsa: [pem('root.crt')] }) },
    policy: { attestors: [set('team', ['ca'])] },
  },
  {
    name: 'notary-stamped-late',
    keys: {
      ca: notation({ ca: [pem('root.crt')], tsa: [pem('root.crt')] }, { verifyTimestamp: 'afterCertExpiry' }),
    },
    policy: { attestors: [set('team', ['ca'])] },
  },
];

const FILE_ROOT = { trustRoot: textRef('sigstore') };
const TEXTS = { sigstore: keyFile('trusted_root.json') };

/** Keyless by a trusted root that is a file. */
const KEYLESS_FILE: Trust = {
  name: 'keyless-file',
  keys: { ci: { keyless: { identities: IDENTITIES }, ...FILE_ROOT } },
  texts: TEXTS,
  policy: { attestors: [set('team', ['ci'])] },
};
const LOGGED_FILE: Trust = {
  name: 'logged-file',
  keys: { k1: { publicKey: { pem: keyFile('k1.pub') }, ...FILE_ROOT } },
  texts: TEXTS,
  policy: { attestors: [set('team', ['k1'])] },
};

/** The same where Kyverno gets the trusted root from a TUF repository, and the engine from its file. */
export function tufTrusts(mirror: string, rootJson: string): readonly Trust[] {
  const trustRoot = { tuf: { mirror, rootRef: textRef('tuf-root') } };
  return [KEYLESS_FILE, LOGGED_FILE].map((trust) => ({
    ...trust,
    name: trust.name.replace('-file', '-tuf'),
    texts: { ...TEXTS, 'tuf-root': rootJson },
    engineKeys: trust.keys,
    keys: Object.fromEntries(Object.entries(trust.keys).map(([name, spec]) => [name, { ...spec, trustRoot }])),
  }));
}

/** The others mean the same: a ClusterPolicy for Any reads signature tags, an ImageValidatingPolicy for Legacy reads both. */
const FORMATS_OF: Readonly<Record<Format, readonly SignatureFormat[]>> = {
  ClusterPolicy: ['Legacy', 'Bundle'],
  ImageValidatingPolicy: ['Any', 'Bundle'],
};

/** Every way to enforce a trust; the renderer refuses some of them, and the table of what it refuses says which. */
export function casesOf(trust: Trust, fixtures?: readonly string[]): readonly Case[] {
  return FORMATS.flatMap((format) =>
    FORMATS_OF[format].map((signatureFormat) => ({
      name: caseName(trust.name, { format, signatureFormat }),
      trust,
      enforced: { format, signatureFormat },
      ...(fixtures === undefined ? {} : { fixtures }),
    })),
  );
}

const [K1, ...OTHER_KEYS] = KEYS;

/** All but those that need a server. */
export const CASES: readonly Case[] = [
  ...casesOf(K1 ?? trustIn('k1', 'k1')),
  ...OTHER_KEYS.flatMap((trust) => casesOf(trust, ['bundle3-', 'legacy'])),
  ...DEMANDS.flatMap((trust) => casesOf(trust, ['bundle3-', 'legacy2-', 'attest', 'index-', 'keyless3-attest'])),
  ...casesOf(CERTIFICATE, ['legacy3-', 'bundle3-', 'keyless3']),
  ...NOTARY.flatMap((trust) => casesOf(trust, ['notation-'])),
  ...[KEYLESS_FILE, LOGGED_FILE].flatMap((trust) => casesOf(trust, ['keyless3', 'bundle3-k1', 'legacy2-k1'])),
];

/** Those that need the TUF repository. */
export function tufCases(mirror: string, rootJson: string): readonly Case[] {
  return tufTrusts(mirror, rootJson).flatMap((trust) => casesOf(trust, ['keyless3', 'bundle3-k1', 'legacy2-k1']));
}
