/**
 * Go's layouts of time (`2006-01-02 15:04:05`, `Mon, 02 Jan 2006 15:04:05 MST`): reading only. A layout is an example of
 * the reference time; each piece of it that stands for a field is read as that field, all else has to stand there.
 */
import { type CalendarFields, type Instant, instantOf, parseRfc3339 } from './instant.ts';

/** The layout that the functions of Kyverno take where none is given. */
export const RFC3339_LAYOUT = '2006-01-02T15:04:05Z07:00';

const MAX_LENGTH = 256;
/** Pieces of a layout that stand for a field, longer ones before their beginnings. */
const PIECES =
  /January|Jan|Monday|Mon|MST|2006|Z07:00:00|Z07:00|Z070000|Z0700|Z07|-07:00:00|-07:00|-070000|-0700|-07|002|__2|_2|01|02|03|04|05|06|15|PM|pm|[.,](?:0+|9+)(?!\d)|1|2|3|4|5/g;

const MONTHS = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ');
const LONG_MONTHS = 'january february march april may june july august september october november december'.split(' ');
const DAYS = 'sun mon tue wed thu fri sat'.split(' ');
const LONG_DAYS = 'sunday monday tuesday wednesday thursday friday saturday'.split(' ');

type Draft = { -readonly [K in keyof CalendarFields]: number } & { afternoon?: boolean; dayOfYear?: number };

/** time.Parse(layout, text); undefined where the text does not fit. Zone abbreviations other than UTC count as UTC. */
export function parseWithLayout(layout: string, text: string): Instant | undefined {
  if (layout === RFC3339_LAYOUT || layout === '') return parseRfc3339(text);
  if (layout.length > MAX_LENGTH || text.length > MAX_LENGTH) return undefined;
  const draft: Draft = { year: 0, month: 1, day: 1, hour: 0, minute: 0, second: 0, nanosecond: 0, offset: 0 };
  let rest = text;
  let from = 0;
  let previous = '';
  for (const match of layout.matchAll(PIECES)) {
    const literal = layout.slice(from, match.index);
    if (!rest.startsWith(literal)) return undefined;
    const [piece] = match;
    const after = readPiece(piece, rest.slice(literal.length), draft);
    if (after === undefined) return undefined;
    rest = isSecond(piece) ? readStrayFraction(layout.slice(match.index + piece.length), after, draft) : after;
    from = match.index + piece.length;
    previous = piece;
  }
  const ended = previous !== '' && rest === layout.slice(from);
  return ended ? instantOfDraft(draft) : undefined;
}

function isSecond(piece: string): boolean {
  return piece === '05' || piece === '5';
}

/** A fraction may follow the seconds also where the layout has none (time.Parse). */
function readStrayFraction(layout: string, text: string, draft: Draft): string {
  const fraction = /^[.,](\d+)/.exec(text);
  if (fraction === null || /^[.,](?:0+|9+)(?!\d)/.test(layout)) return text;
  Object.assign(draft, { nanosecond: nanosecondsOf(fraction[1] ?? '') });
  return text.slice(fraction[0].length);
}

function nanosecondsOf(digits: string): number {
  return Number(digits.slice(0, 9).padEnd(9, '0'));
}

/** Fields that are digits: how many of them, and where they go. */
const DIGITS: Readonly<Record<string, readonly [RegExp, keyof Draft]>> = {
  2006: [/^\d{4}/, 'year'],
  '01': [/^\d\d/, 'month'],
  1: [/^\d{1,2}/, 'month'],
  '02': [/^\d\d/, 'day'],
  2: [/^\d{1,2}/, 'day'],
  _2: [/^ ?\d{1,2}/, 'day'],
  '002': [/^\d{3}/, 'dayOfYear'],
  __2: [/^ {0,2}\d{1,3}/, 'dayOfYear'],
  15: [/^\d\d/, 'hour'],
  '03': [/^\d\d/, 'hour'],
  3: [/^\d{1,2}/, 'hour'],
  '04': [/^\d\d/, 'minute'],
  4: [/^\d{1,2}/, 'minute'],
  '05': [/^\d\d/, 'second'],
  5: [/^\d{1,2}/, 'second'],
};

function readPiece(piece: string, text: string, draft: Draft): string | undefined {
  const digits = DIGITS[piece];
  if (digits !== undefined) {
    const [found] = digits[0].exec(text) ?? [];
    if (found === undefined) return undefined;
    Object.assign(draft, { [digits[1]]: Number(found.trim()) });
    return text.slice(found.length);
  }
  if (piece === '06') return readShortYear(text, draft);
  if (piece === 'PM' || piece === 'pm') return readHalf(piece, text, draft);
  if (/^[.,]/.test(piece)) return readFraction(piece, text, draft);
  if (piece === 'MST') return readAbbreviation(text);
  return /^[A-Z][a-z]+$/.test(piece) ? readName(piece, text, draft) : readZone(piece, text, draft);
}

function readShortYear(text: string, draft: Draft): string | undefined {
  if (!/^\d\d/.test(text)) return undefined;
  const year = Number(text.slice(0, 2));
  Object.assign(draft, { year: year >= 69 ? 1900 + year : 2000 + year });
  return text.slice(2);
}

function readHalf(piece: string, text: string, draft: Draft): string | undefined {
  const half = text.slice(0, 2);
  const [morning, afternoon] = piece === 'PM' ? ['AM', 'PM'] : ['am', 'pm'];
  if (half !== morning && half !== afternoon) return undefined;
  Object.assign(draft, { afternoon: half === afternoon });
  return text.slice(2);
}

function readFraction(piece: string, text: string, draft: Draft): string | undefined {
  const found = /^[.,](\d+)/.exec(text);
  if (piece.includes('9')) {
    if (found === null) return text;
  } else if (found === null || found[0].length < piece.length) return undefined;
  const digits = piece.includes('9') ? (found[1] ?? '') : (found[1] ?? '').slice(0, piece.length - 1);
  Object.assign(draft, { nanosecond: nanosecondsOf(digits) });
  return text.slice(digits.length + 1);
}

function readAbbreviation(text: string): string | undefined {
  const found = /^(?:UTC|[A-Z]{3,4}[A-Z]?|[+-]\d\d)/.exec(text);
  return found === null ? undefined : text.slice(found[0].length);
}

function readName(piece: string, text: string, draft: Draft): string | undefined {
  const month = piece === 'January' ? LONG_MONTHS : piece === 'Jan' ? MONTHS : undefined;
  const names = month ?? (piece === 'Monday' ? LONG_DAYS : DAYS);
  const lower = text.toLowerCase();
  const at = names.findIndex((name) => lower.startsWith(name));
  if (at < 0) return undefined;
  if (month !== undefined) Object.assign(draft, { month: at + 1 });
  return text.slice((names[at] ?? '').length);
}

function readZone(piece: string, text: string, draft: Draft): string | undefined {
  if (piece.startsWith('Z') && text.startsWith('Z')) return text.slice(1);
  const colon = piece.includes(':') ? ':' : '';
  const fields = piece.replace(/[^0-9]/g, '').length / 2;
  const shape = [`([+-])(\\d\\d)`, '(\\d\\d)', '(\\d\\d)'].slice(0, fields).join(colon);
  const found = new RegExp(`^${shape}`).exec(text);
  if (found === null) return undefined;
  const [whole, sign, hours = '0', minutes = '0', seconds = '0'] = found;
  if (Number(hours) > 24 || Number(minutes) > 59 || Number(seconds) > 59) return undefined;
  const size = (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds);
  Object.assign(draft, { offset: sign === '-' ? -size : size });
  return text.slice(whole.length);
}

function instantOfDraft({ afternoon, dayOfYear, ...fields }: Draft): Instant | undefined {
  if (afternoon !== undefined && (fields.hour > 12 || fields.hour < 0)) return undefined;
  const hour = afternoon === undefined ? fields.hour : (fields.hour % 12) + (afternoon ? 12 : 0);
  const at = instantOf({ ...fields, hour, ...(dayOfYear === undefined ? {} : { month: 1, day: 1 }) });
  if (at === undefined || dayOfYear === undefined) return at;
  return { ...at, nanos: at.nanos + BigInt(dayOfYear - 1) * 86_400_000_000_000n };
}
