/**
 * ASN.1 times as RFC 5280 (4.1.2.5) and RFC 3161 (2.4.2) allow them: UTC with seconds and the letter Z.
 * Owns their grammar; must never guess a zone or roll a day that does not exist over into the next month.
 */
import { type Element, malformed, TAG } from './der.ts';

const UTC_TIME = /^\d{12}Z$/;
const GENERALIZED_TIME = /^(\d{14})(?:\.(\d*[1-9]))?Z$/;

/** The time of a certificate: UTCTime (1950 to 2049) or GeneralizedTime without a fraction. */
export function readCertificateTime(element: Element | undefined, what: string): Date {
  const text = ascii(element);
  if (element?.tag === TAG.utcTime && UTC_TIME.test(text)) {
    const century = Number(text.slice(0, 2)) >= 50 ? '19' : '20';
    return calendar(`${century}${text.slice(0, 12)}`, 0, what);
  }
  if (element?.tag === TAG.generalizedTime && /^\d{14}Z$/.test(text)) return calendar(text.slice(0, 14), 0, what);
  return malformed(what, 'a UTCTime or GeneralizedTime with seconds and Z', JSON.stringify(text.slice(0, 24)));
}

/** A GeneralizedTime with an optional fraction of a second, which is cut to milliseconds. */
export function readGeneralizedTime(element: Element | undefined, what: string): Date {
  const text = ascii(element);
  const parts = element?.tag === TAG.generalizedTime && text.length <= 32 ? GENERALIZED_TIME.exec(text) : null;
  if (parts === null) return malformed(what, 'a GeneralizedTime with seconds and Z', JSON.stringify(text.slice(0, 24)));
  const milliseconds = Number((parts[2] ?? '').slice(0, 3).padEnd(3, '0'));
  return calendar(parts[1] ?? '', milliseconds, what);
}

function ascii(element: Element | undefined): string {
  return element === undefined ? '' : Buffer.from(element.content).toString('latin1');
}

/** `YYYYMMDDhhmmss` as a Date; a day, an hour or a second that does not exist is an error. */
function calendar(digits: string, milliseconds: number, what: string): Date {
  const part = (from: number, to: number): string => digits.slice(from, to);
  const iso = `${part(0, 4)}-${part(4, 6)}-${part(6, 8)}T${part(8, 10)}:${part(10, 12)}:${part(12, 14)}`;
  const time = new Date(`${iso}.${String(milliseconds).padStart(3, '0')}Z`);
  const exists = !Number.isNaN(time.getTime()) && time.toISOString().startsWith(iso);
  return exists ? time : malformed(what, 'a time that exists', JSON.stringify(digits));
}
