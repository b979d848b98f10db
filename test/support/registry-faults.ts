/** Faults that the test registry commits on request. */
import type { IncomingMessage, ServerResponse } from 'node:http';

/** One fault. Without `action` and `status` nothing happens but the delay. */
export interface Fault {
  /** Tested against `GET /v2/name/manifests/v1?query`. */
  readonly match: RegExp | string;
  /** Only requests with this Authorization header. */
  readonly authorization?: string;
  /** How many requests it hits; absent: all. */
  readonly times?: number;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /**
   * reset: the connection breaks before the answer; truncate: in the middle of the body; hang: no answer ever;
   * corrupt: last byte of the body flipped; oversize: the body never ends (until the client hangs up).
   */
  readonly action?: 'reset' | 'truncate' | 'hang' | 'corrupt' | 'oversize';
  readonly delayMs?: number;
}

export interface FaultBox {
  add(fault: Fault): () => void;
  /** The fault that this request meets, counted down. */
  take(line: string, authorization: string | undefined): Fault | undefined;
}

export function createFaults(): FaultBox {
  let faults: { fault: Fault; left: number }[] = [];
  return {
    add(fault) {
      const entry = { fault, left: fault.times ?? Number.POSITIVE_INFINITY };
      faults.push(entry);
      return () => {
        faults = faults.filter((other) => other !== entry);
      };
    },
    take(line, authorization) {
      const entry = faults.find(
        ({ fault, left }) =>
          left > 0 &&
          (fault.authorization === undefined || fault.authorization === authorization) &&
          (typeof fault.match === 'string' ? line.includes(fault.match) : fault.match.test(line)),
      );
      if (entry === undefined) return undefined;
      entry.left -= 1;
      return entry.fault;
    },
  };
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

/** Writes a reply, bent by a fault where there is one. */
export function send(request: IncomingMessage, response: ServerResponse, reply: Reply, fault: Fault | undefined): void {
  const bent =
    fault?.status === undefined ? reply : { status: fault.status, headers: {}, body: Buffer.from(fault.body ?? '') };
  const headers = { ...bent.headers, ...fault?.headers };
  const body = Buffer.from(fault?.action === 'corrupt' ? flipped(bent.body) : (bent.body ?? Buffer.alloc(0)));
  switch (fault?.action) {
    case 'reset':
      request.socket.destroy();
      return;
    case 'hang':
      return;
    case 'truncate':
      response.writeHead(bent.status, { ...headers, 'content-length': body.length });
      response.write(body.subarray(0, Math.floor(body.length / 2)), () => request.socket.destroy());
      return;
    case 'oversize':
      response.writeHead(bent.status, headers);
      pour(response);
      return;
    case 'corrupt':
    case undefined:
      response.writeHead(bent.status, { 'content-length': body.length, ...headers });
      response.end(request.method === 'HEAD' ? undefined : body);
  }
}

function flipped(body: Uint8Array | undefined): Uint8Array {
  const copy = Buffer.from(body ?? []);
  const last = copy.length - 1;
  if (last >= 0) copy[last] = (copy[last] ?? 0) ^ 1;
  return copy;
}

function pour(response: ServerResponse): void {
  const chunk = Buffer.alloc(64 * 1024, 32);
  const more = (): void => {
    while (!response.destroyed && response.write(chunk));
  };
  response.on('drain', more);
  more();
}
