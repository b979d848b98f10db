/**
 * An authority that revokes, by the real openssl: its OCSP responses and its lists, base and delta, and a server on
 * loopback that hands them out. Nothing here is part of the product.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { CA, type Issued, type Pki } from './pki.ts';

/** What the authority has done to a certificate. `reason` as openssl knows them: keyCompromise, removeFromCRL… */
export interface Revoked {
  readonly issued: Issued;
  readonly reason?: string;
}

export interface ListOrder {
  readonly revoked?: readonly Revoked[];
  /** Days until nextUpdate; openssl wants seconds for less. */
  readonly seconds?: number;
  readonly number?: number;
  /** Lines of the extension section. */
  readonly extensions?: readonly string[];
  readonly by?: Issued;
}

export interface ResponseOrder {
  readonly revoked?: readonly Revoked[];
  /** Certificates that the responder knows; default: all that it is asked for. */
  readonly knows?: readonly Issued[];
  readonly minutes?: number;
  /** Who signs; default: the authority itself. */
  readonly by?: Issued;
}

export function openAuthority(pki: Pki) {
  const root = pki.issue({ subject: '/C=US/ST=WA/O=Test/CN=Root', extensions: CA });
  let files = 0;
  const file = (suffix: string): string => join(pki.folder, `revocation-${(files += 1)}.${suffix}`);

  function issue(extensions: readonly string[], order: Parameters<Pki['issue']>[0] = {}): Issued {
    const usage = ['keyUsage=critical,digitalSignature', 'extendedKeyUsage=codeSigning'];
    return pki.issue({
      subject: '/C=US/ST=WA/O=Test/CN=Signer',
      issuer: root,
      ...order,
      extensions: [...(order.extensions ?? usage), ...extensions],
    });
  }

  function index(revoked: readonly Revoked[], known: readonly Issued[]): string {
    const path = file('index');
    const row = ({ certificate }: Issued, state: string, date: string): string =>
      [state, '400101000000Z', date, certificate.serialNumber.toUpperCase(), 'unknown', '/CN=any'].join('\t');
    const rows = [
      ...known.filter((one) => !revoked.some(({ issued }) => issued === one)).map((one) => row(one, 'V', '')),
      ...revoked.map(({ issued, reason }) =>
        row(issued, 'R', `260301000000Z${reason === undefined ? '' : `,${reason}`}`),
      ),
    ];
    writeFileSync(path, rows.map((text) => `${text}\n`).join(''));
    writeFileSync(`${path}.attr`, 'unique_subject = no\n');
    return path;
  }

  /** The DER of a response to a request (DER). */
  function respond(request: Uint8Array, { revoked = [], knows = [], minutes = 60, by = root }: ResponseOrder): Buffer {
    const [asked, answer] = [file('req'), file('resp')];
    writeFileSync(asked, request);
    const time = minutes > 0 ? ['-nmin', `${minutes}`] : [];
    const signer = ['-CA', root.certificateFile, '-rsigner', by.certificateFile, '-rkey', by.keyFile];
    pki.openssl('ocsp', '-index', index(revoked, knows), ...signer, ...time, '-reqin', asked, '-respout', answer);
    return readFileSync(answer);
  }

  /** The DER of a list. */
  function list({ revoked = [], seconds = 3_600, number = 1, extensions = [], by = root }: ListOrder = {}): Buffer {
    const [config, numbers, pem] = [file('cnf'), file('number'), file('pem')];
    writeFileSync(
      numbers,
      number
        .toString(16)
        .padStart(2, '0')
        .padStart(number > 255 ? 4 : 2, '0'),
    );
    const lines = [
      `[ca]\ndefault_ca=d\n[d]\ndatabase=${index(revoked, [])}\ncrlnumber=${numbers}\ndefault_md=sha256`,
      `crl_extensions=ext\n[ext]\n${extensions.join('\n')}`,
    ];
    writeFileSync(config, `${lines.join('\n')}\n`);
    const signer = ['-cert', by.certificateFile, '-keyfile', by.keyFile];
    pki.openssl('ca', '-gencrl', '-config', config, ...signer, '-crlsec', `${seconds}`, '-out', pem);
    return pki.openssl('crl', '-in', pem, '-outform', 'DER');
  }
  return { root, issue, respond, list };
}

export type Authority = ReturnType<typeof openAuthority>;

export interface Responder extends AsyncDisposable {
  readonly host: string;
  readonly url: string;
  readonly requests: readonly string[];
}

/** Serves what `answer` gives for a path; undefined: 404. */
export async function startResponder(answer: (path: string) => Uint8Array | undefined): Promise<Responder> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    requests.push(path);
    const body = answer(path);
    response.writeHead(body === undefined ? 404 : 200).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    host,
    url: `http://${host}`,
    requests,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** The request (DER) in the path of a GET (RFC 6960, A.1). */
export function requestIn(path: string): Buffer {
  return Buffer.from(decodeURIComponent(path.slice(path.lastIndexOf('/') + 1)), 'base64');
}
