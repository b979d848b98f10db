/**
 * What the TUF library fetches by. Owns the bounds: size of each file, of the time the signal, and no redirects, for an
 * address was trusted and not where it sends us. Must never look at what was fetched.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Fetcher } from 'tuf-js';
import { DownloadHTTPError } from 'tuf-js/dist/error.js';
import { failureOfError } from '../answer.ts';
import type { Transport } from '../transport.ts';

/** What a fetcher works with. */
export interface TufFetching {
  readonly transport: Transport;
  readonly signal: AbortSignal;
  /** Folder for what the library wants as a file. */
  readonly folder: string;
  /** For messages. */
  readonly where: string;
}

/** No file of a TUF repository is larger, whatever its metadata says. */
const MAX_FILE_BYTES = 5_000_000;

/** Throws DownloadHTTPError for an answer without success (a 404 ends the chain of roots), else Failure. */
export function createTufFetcher({ transport, signal, folder, where }: TufFetching): Fetcher {
  const downloadBytes = async (url: string, maxLength: number): Promise<Buffer> => {
    const { status, body } = await exchange(new URL(url), Math.min(maxLength, MAX_FILE_BYTES));
    if (status !== 200) throw new DownloadHTTPError(`${where}: status ${status}`, status);
    return Buffer.from(body);
  };
  const exchange = async (url: URL, maxBytes: number): ReturnType<Transport['exchange']> => {
    signal.throwIfAborted();
    try {
      const headers = { accept: 'application/octet-stream, application/json' };
      return await transport.exchange({ url, method: 'GET', headers, maxBytes, signal, where: url.href });
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw failureOfError(error, where);
    }
  };
  return {
    downloadBytes,
    async downloadFile(url, maxLength, handler) {
      const file = join(folder, 'download');
      await writeFile(file, await downloadBytes(url, maxLength));
      return handler(file);
    },
  };
}

/** A fetcher without a network: there is never anything newer. */
export const OFFLINE: Fetcher = {
  downloadBytes: () => Promise.reject(new DownloadHTTPError('nothing is fetched', 404)),
  downloadFile: () => Promise.reject(new DownloadHTTPError('nothing is fetched', 404)),
};
