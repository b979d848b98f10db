/**
 * The strings, lists and maps that both kinds are made of, each bounded and with a sentence that says how to write it.
 * Owns grammar and bounds; must never know a field by name.
 */
import * as z from 'zod';
import { matching, type Rule, ruled } from './rule.ts';

/** A text with a description, 1 to `max` characters. */
export function text(max: number): z.ZodString {
  return z.string().min(1).max(max);
}

const timestampAdvice = 'write a time as RFC 3339, such as 2026-12-31T00:00:00Z';

const DNS_LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';

/** Name of an object (DNS-1123 subdomain, as the API server demands of names). */
export function objectName(): z.ZodString {
  const grammar = new RegExp(`^${DNS_LABEL}(\\.${DNS_LABEL})*$`);
  return ruled(
    text(253),
    matching(
      grammar,
      'write a name of lower-case letters, digits, - and ., beginning and ending with a letter or digit',
    ),
  );
}

/** Name of a namespace (DNS-1123 label). */
export function namespaceName(): z.ZodString {
  return ruled(
    text(63),
    matching(new RegExp(`^${DNS_LABEL}$`), 'write a namespace: lower-case letters, digits and -, at most 63'),
  );
}

/** Glob over namespace names. */
export function namespaceGlob(): z.ZodString {
  return ruled(
    text(63),
    matching(/^[-a-z0-9*?]+$/, 'write a namespace, or a glob of one: lower-case letters, digits, -, * and ?'),
  );
}

/** Key inside a Secret or ConfigMap. */
export function dataKey(): z.ZodString {
  return ruled(
    text(253),
    matching(/^[-._a-zA-Z0-9]+$/, 'write a key of letters, digits, -, _ and ., such as cosign.pub'),
  );
}

/** Glob over image names: `*` crosses `/`, `?` is one character. */
export function imageGlob(): z.ZodString {
  return ruled(
    text(512),
    matching(
      /^[-A-Za-z0-9._:/@*?[\]]+$/,
      'write an image or a glob such as registry.example.com/team/*, without scheme and without spaces',
    ),
    noScheme,
  );
}

/** Repository without tag or digest: `registry.example.com/signatures`. */
export function repositoryName(): z.ZodString {
  return ruled(
    text(512),
    matching(
      /^[A-Za-z0-9.[\]:-]+(\/[a-z0-9._-]+)+$/,
      'write a repository such as registry.example.com/team/signatures, without scheme, tag or digest',
    ),
  );
}

const noScheme: Rule<string> = {
  cel: "!self.contains('://')",
  message: 'write the image without a scheme such as https://',
  path: [],
  holds: (value) => !value.includes('://'),
};

/** A length of time: whole numbers with the units d, h, m, s in this order. Not zero. */
export function duration(): z.ZodString {
  return ruled(
    text(32),
    matching(
      /^([0-9]{1,5}d)?([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,8}s)?$/,
      'write a duration with the units d, h, m, s in this order, such as 30s, 24h, 90d or 1h30m',
    ),
    {
      cel: "self.matches('[1-9]')",
      message: 'write a duration longer than zero',
      path: [],
      holds: (v) => /[1-9]/.test(v),
    },
  );
}

/** A short length of time, at most 99m999s: what a timer of a program can wait for. Not zero. */
export function timeSpan(): z.ZodString {
  return ruled(
    text(8),
    matching(
      /^([0-9]{1,2}m)?([0-9]{1,3}s)?$/,
      'write a duration of minutes and seconds, such as 30s, 2m or 1m30s, at most 99m999s',
    ),
    {
      cel: "self.matches('[1-9]')",
      message: 'write a duration longer than zero',
      path: [],
      holds: (v) => /[1-9]/.test(v),
    },
  );
}

/**
 * A moment, RFC 3339 with offset. A pattern and not a CEL rule, because CEL sees a timestamp where the format is
 * date-time; narrower than that format, which takes offsets of 99 hours.
 */
export function timestamp(): z.ZodString {
  const moment = z
    .string()
    .min(20)
    .max(35)
    .regex(
      /^[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$/,
      timestampAdvice,
    )
    .refine(isCalendarTime, { error: timestampAdvice, when: () => true })
    .meta({ format: 'date-time' });
  return ruled(moment, afterEpoch);
}

/**
 * Also what makes the API server refuse a list here: its check of the format takes any value that is no text
 * (measured on 1.36.3), and CEL does not.
 */
const afterEpoch: Rule<string> = {
  cel: "self > timestamp('1970-01-01T00:00:00Z')",
  message: 'write a time after 1970',
  path: [],
  holds: (moment) => !(Date.parse(moment) <= 0),
};

/** The day exists: what the API server checks by `format: date-time`, and a pattern cannot. */
function isCalendarTime(value: unknown): boolean {
  const day = /^([0-9]{4})-([0-9]{2})-([0-9]{2})/.exec(String(value));
  if (day === null) return true;
  const [year, month, date] = [Number(day[1]), Number(day[2]), Number(day[3])];
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  return date >= 1 && date <= (days[month - 1] ?? 0);
}

/** A cron expression of five fields. Names of months and days in either case; no macros, no seconds. */
export function cron(): z.ZodString {
  const month =
    '[Jj][Aa][Nn]|[Ff][Ee][Bb]|[Mm][Aa][Rr]|[Aa][Pp][Rr]|[Mm][Aa][Yy]|[Jj][Uu][Nn]|[Jj][Uu][Ll]|[Aa][Uu][Gg]|[Ss][Ee][Pp]|[Oo][Cc][Tt]|[Nn][Oo][Vv]|[Dd][Ee][Cc]';
  const day = '[Ss][Uu][Nn]|[Mm][Oo][Nn]|[Tt][Uu][Ee]|[Ww][Ee][Dd]|[Tt][Hh][Uu]|[Ff][Rr][Ii]|[Ss][Aa][Tt]';
  const fields = [
    cronField('[0-5]?[0-9]'),
    cronField('[01]?[0-9]|2[0-3]'),
    cronField('0?[1-9]|[12][0-9]|3[01]'),
    cronField(`0?[1-9]|1[0-2]|${month}`),
    cronField(`[0-7]|${day}`),
  ];
  return ruled(
    text(128),
    matching(
      new RegExp(`^${fields.join(' +')}$`),
      'write five cron fields (minute hour day month weekday), such as */30 * * * *',
    ),
  );
}

function cronField(value: string): string {
  const item = `(\\*|(${value})(-(${value}))?)(/[1-9][0-9]?)?`;
  return `${item}(,${item})*`;
}

/** A list without order or doubles (`listType: set`). */
export function setOf<T extends z.ZodType<string, string>>(item: T, max: number): z.ZodArray<T> {
  return z
    .array(item)
    .max(max)
    .refine(hasNoDoubles, { error: 'each value may stand here once', when: ({ value }) => Array.isArray(value) })
    .meta({ 'x-kubernetes-list-type': 'set' });
}

/** A list that is replaced as a whole (`listType: atomic`). */
export function listOf<T extends z.ZodType>(item: T, max: number): z.ZodArray<T> {
  return z.array(item).max(max).meta({ 'x-kubernetes-list-type': 'atomic' });
}

/** A list of objects with a key (`listType: map`), so that several writers can own entries. */
export function mapListOf<T extends z.ZodType>(item: T, key: string, max: number): z.ZodArray<T> {
  const keyOf = (entry: unknown): unknown =>
    typeof entry === 'object' && entry !== null ? Object.getOwnPropertyDescriptor(entry, key)?.value : entry;
  return z
    .array(item)
    .max(max)
    .refine((list) => !Array.isArray(list) || hasNoDoubles(list.map(keyOf)), {
      error: `each ${key} may stand here once`,
      when: ({ value }) => Array.isArray(value),
    })
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': [key] });
}

/** A map of short texts, as labels and annotations are. */
export function textMap(maxEntries: number, maxKey: number, maxValue: number): z.ZodRecord<z.ZodString, z.ZodString> {
  const bounded = z
    .record(z.string(), z.string().max(maxValue))
    .refine((map) => Object.keys(map).length <= maxEntries, { error: `at most ${maxEntries} entries` })
    .meta({ maxProperties: maxEntries });
  return ruled(bounded, {
    cel: `self.all(k, size(k) > 0 && size(k) <= ${maxKey})`,
    message: `write keys of 1 to ${maxKey} characters`,
    path: [],
    holds: (map) => Object.keys(map).every((key) => key.length > 0 && key.length <= maxKey),
  });
}

function hasNoDoubles(list: readonly unknown[]): boolean {
  return new Set(list).size === list.length;
}
