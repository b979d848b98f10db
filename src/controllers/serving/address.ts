/** Addresses to listen on, as controller-runtime's flags write them. Owns the grammar. */

/** Where to listen. Without a host: on every interface. */
export interface ListenAddress {
  readonly host?: string;
  /** 0: any free port. */
  readonly port: number;
}

/** `:8080`, `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080`; undefined for `0`: nowhere. Throws RangeError for other texts. */
export function parseListenAddress(text: string): ListenAddress | undefined {
  if (text === '0') return undefined;
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3] ?? Number.NaN);
  if (match === null || port > 65_535) {
    throw new RangeError(
      `${JSON.stringify(text)}: expected [HOST]:PORT, such as :8080 or 127.0.0.1:8080, or 0 for nowhere`,
    );
  }
  const host = match[1] ?? match[2] ?? '';
  return host === '' ? { port } : { host, port };
}
