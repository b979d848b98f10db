/** RFC 3339 times (5.6) in signed headers. Owns the grammar; a time without a zone, or one that does not exist, is none. */

const RFC3339 = /^(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}:\d{2})(?:\.\d{1,9})?(?:[Zz]|([+-])(\d{2}):(\d{2}))$/;

/** The time, cut to milliseconds; undefined where the text is none. */
export function parseRfc3339(text: string): Date | undefined {
  const parts = text.length <= 40 ? RFC3339.exec(text) : null;
  if (parts === null) return undefined;
  const [, day, clock, , hours = '0', minutes = '0'] = parts;
  // Date rolls 30 February over into March: the local part must come back as it was written.
  const local = new Date(`${day}T${clock}Z`);
  const exists = !Number.isNaN(local.getTime()) && local.toISOString().startsWith(`${day}T${clock}`);
  if (!exists || Number(hours) > 23 || Number(minutes) > 59) return undefined;
  return new Date(text.toUpperCase());
}
