/**
 * A timestamp authority (RFC 3161) over HTTP on loopback: `openssl ts` answers the queries. Owns the server; the
 * certificate is given.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Issued } from '../support/pki.ts';
import { runTool } from '../toolbox/toolbox.ts';

export interface TimestampAuthority {
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts it; `folder` takes its serial number and the queries. */
export async function startTimestampAuthority(by: Issued, folder: string): Promise<TimestampAuthority> {
  const config = join(folder, 'tsa.cnf');
  const settings = [
    '[tsa]',
    'default_tsa=t',
    '[t]',
    `serial=${join(folder, 'tsa.serial')}`,
    'default_policy=1.2.3.4',
    'digests=sha256, sha384, sha512',
    'signer_digest=sha256',
    'accuracy=secs:1',
    'ess_cert_id_alg=sha256',
  ];
  await writeFile(config, `${settings.join('\n')}\n`);
  let queries = 0;
  // One at a time: openssl counts the serial number up in a file.
  let turn: Promise<unknown> = Promise.resolve();

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    queries += 1;
    const query = join(folder, `${queries}.tsq`);
    const reply = join(folder, `${queries}.tsr`);
    await writeFile(query, Buffer.concat(chunks));
    const signer = ['-signer', by.certificateFile, '-inkey', by.keyFile];
    const args = ['ts', '-reply', '-config', config, '-section', 't', '-queryfile', query, ...signer, '-out', reply];
    const made = turn.then(async () => runTool('openssl', args, { timeoutMs: 10_000 }));
    turn = made;
    const ended = await made;
    response.statusCode = ended.code === 0 ? 200 : 500;
    response.setHeader('content-type', 'application/timestamp-reply');
    response.end(ended.code === 0 ? await readFile(reply) : ended.stderr);
  };

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      response.statusCode = 500;
      response.end(String(error));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
