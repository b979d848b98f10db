/**
 * Logs and authorities as Kyverno's rules give them one by one (rekor, ctlog, roots), in our terms: whether a log entry
 * is demanded, and a trust root made of what is given. Must never trust a log or an authority that was not given.
 */
import { at, type Field, isAbsent, optionalText } from '../../../core/manifests/field.ts';
import type { Draft, KeySpec } from '../draft.ts';
import type { Keyring } from '../keyring.ts';
import { attempt } from '../pem.ts';
import type { LogPart, TrustRootParts } from '../trust-root.ts';

/** What the rule says of logs. PEM texts. */
export interface LogSettings {
  readonly ignoreLog: boolean;
  readonly ignoreSct: boolean;
  readonly rekorUrl?: string;
  readonly rekorKey?: string;
  readonly ctlogKey?: string;
  readonly tsaChain?: string;
}

/** The fields of a TrustedKey that say what is trusted beside the signer. */
export type TrustFields = Pick<KeySpec, 'transparencyLog' | 'trustRoot'>;

const PUBLIC_REKOR = /^https:\/\/rekor\.sigstore\.dev\/?$/;

/** Reads `rekor` and `ctlog` beside each other, as ClusterPolicy has them. */
export function clusterPolicyLogs(signer: Field): LogSettings {
  const [rekor, ctlog] = [at(signer, 'rekor'), at(signer, 'ctlog')];
  return settings({
    ignoreLog: at(rekor, 'ignoreTlog').value === true,
    ignoreSct: at(ctlog, 'ignoreSCT').value === true,
    rekorUrl: optionalText(at(rekor, 'url'), 'a URL'),
    rekorKey: optionalText(at(rekor, 'pubkey'), 'a public key in PEM'),
    ctlogKey: optionalText(at(ctlog, 'pubkey'), 'a public key in PEM'),
    tsaChain: optionalText(at(ctlog, 'tsaCertChain'), 'certificates in PEM'),
  });
}

/** Reads `ctlog` as ImageValidatingPolicy has it, for both logs. */
export function validatingPolicyLogs(cosign: Field): LogSettings {
  const ctlog = at(cosign, 'ctlog');
  return settings({
    ignoreLog: at(ctlog, 'insecureIgnoreTlog').value === true,
    ignoreSct: at(ctlog, 'insecureIgnoreSCT').value === true,
    rekorUrl: optionalText(at(ctlog, 'url'), 'a URL'),
    rekorKey: optionalText(at(ctlog, 'rekorPubKey'), 'a public key in PEM'),
    ctlogKey: optionalText(at(ctlog, 'ctLogPubKey'), 'a public key in PEM'),
    tsaChain: optionalText(at(ctlog, 'tsaCertChain'), 'certificates in PEM'),
  });
}

/** Where trust comes from, and where to say so. */
export interface TrustContext {
  readonly draft: Draft;
  readonly ring: Keyring;
  readonly field: Field;
}

/**
 * The trust of a key or a certificate that the rule itself holds: authorities play no part. A log that is not the
 * public one needs its key; a timestamp authority beside the public log cannot be said, and is not needed there.
 */
export function trustOfKey(logs: LogSettings, ctx: TrustContext): TrustFields {
  if (!logs.ignoreLog && logs.rekorKey === undefined) {
    demandPublicLog(logs, ctx);
    if (logs.tsaChain !== undefined)
      ctx.draft.note('lost', ctx.field, 'the timestamp authority: the entry in the public log proves the time');
    return {};
  }
  const parts = { ...logParts(logs), ...timestampParts(logs) };
  const trustRoot = Object.keys(parts).length === 0 ? undefined : rootOf(parts, ctx);
  return { ...logField(logs), ...(trustRoot === undefined ? {} : { trustRoot }) };
}

/** The trust of keyless signers below authorities that the rule itself holds. Undefined with a refusal. */
export function trustBelow(
  authorities: readonly string[],
  logs: LogSettings,
  ctx: TrustContext,
): TrustFields | undefined {
  if (logs.ctlogKey === undefined || (!logs.ignoreLog && logs.rekorKey === undefined)) {
    const missing = logs.ctlogKey === undefined ? 'the CT log (ctlog)' : 'the transparency log (rekor)';
    ctx.draft.note('refused', ctx.field, `own roots need the public key of ${missing} beside them`);
    return undefined;
  }
  const parts = {
    authorities,
    certificateLogs: [{ pem: logs.ctlogKey }],
    ...logParts(logs),
    ...timestampParts(logs),
  };
  const trustRoot = rootOf(parts, ctx);
  return trustRoot === undefined ? undefined : { ...logField(logs), trustRoot };
}

/** `transparencyLog` where it is not the default. */
export function logField({ ignoreLog }: Pick<LogSettings, 'ignoreLog'>): TrustFields {
  return ignoreLog ? { transparencyLog: 'Ignored' } : {};
}

/** Refuses another log than the public one whose key nobody gave. */
export function demandPublicLog(logs: LogSettings, { draft, field }: TrustContext): void {
  if (logs.ignoreLog || logs.rekorUrl === undefined || PUBLIC_REKOR.test(logs.rekorUrl)) return;
  draft.note('refused', field, 'another log than the public one needs its public key (pubkey) beside its URL');
}

/** Is a key or an authority given with which the public instance would not be asked? */
export function namesOwnInstance({ rekorKey, ctlogKey }: LogSettings): boolean {
  return rekorKey !== undefined || ctlogKey !== undefined;
}

function rootOf(parts: TrustRootParts, { draft, ring, field }: TrustContext): KeySpec['trustRoot'] {
  return attempt(field, draft, () => ring.addTrustRoot(parts));
}

function logParts({ rekorKey, rekorUrl }: LogSettings): { readonly transparencyLogs?: readonly LogPart[] } {
  if (rekorKey === undefined) return {};
  return { transparencyLogs: [{ pem: rekorKey, ...(rekorUrl === undefined ? {} : { baseUrl: rekorUrl }) }] };
}

function timestampParts({ tsaChain }: LogSettings): { readonly timestampAuthorities?: readonly string[] } {
  return tsaChain === undefined ? {} : { timestampAuthorities: [tsaChain] };
}

type Loose<T> = { readonly [K in keyof T]: T[K] | undefined };

function settings({ ignoreLog, ignoreSct, ...texts }: Loose<Required<LogSettings>>): LogSettings {
  const given = Object.entries(texts).filter(([, text]) => text !== undefined);
  return { ignoreLog: ignoreLog === true, ignoreSct: ignoreSct === true, ...Object.fromEntries(given) };
}

/** Nothing at all is said of logs: the public instance. */
export function saysNothing(signer: Field): boolean {
  return isAbsent(at(signer, 'rekor')) && isAbsent(at(signer, 'ctlog'));
}
