/**
 * JSON values separated by newlines, out of a stream of bytes in chunks of any size: what a watch sends.
 * Owns the splitting; must never hold more than one line, nor a line beyond its bound.
 */

/** An object in etcd is at most 1.5 MiB of request; in JSON with managedFields it stays well below this. */
const LONGEST_LINE = 32 * 1024 * 1024;
const NEWLINE = 0x0a;

/** The values of a stream, one by one. Throws SyntaxError for a line that is not JSON, RangeError for one too long. */
export async function* jsonLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator {
  let pending: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    let rest = chunk;
    for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE)) {
      pending.push(rest.subarray(0, end));
      const line = Buffer.concat(pending);
      pending = [];
      length = 0;
      rest = rest.subarray(end + 1);
      if (!isBlank(line)) yield JSON.parse(line.toString('utf8'));
    }
    length += rest.length;
    if (length > LONGEST_LINE) throw new RangeError(`a line of more than ${LONGEST_LINE} bytes`);
    if (rest.length > 0) pending.push(rest);
  }
  const last = Buffer.concat(pending);
  // A connection that is cut in mid-line leaves half a value: that is an error, not an end.
  if (!isBlank(last)) yield JSON.parse(last.toString('utf8'));
}

function isBlank(line: Uint8Array): boolean {
  return line.every((byte) => byte === 0x20 || byte === 0x0d || byte === 0x09);
}
