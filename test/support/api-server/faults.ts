/** Faults that the in-process API server commits on request, and the log of what it was asked. */
import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Verb } from './request.ts';

/** One fault. Without `status` and `action` nothing happens but the delay. */
export interface Fault {
  /** Tested against `list pods shop?limit=500`, `patch trustedkeys/status release`, `get leases system/lock`. */
  readonly match: RegExp | string;
  /** Only requests of clients that call themselves so. */
  readonly userAgent?: RegExp;
  /** How many requests it hits; absent: all, until it is ended. */
  readonly times?: number;
  readonly delayMs?: number;
  /** Answers with this and a Status of this reason. */
  readonly status?: number;
  readonly reason?: string;
  readonly message?: string;
  /** Seconds. */
  readonly retryAfter?: number;
  /** reset: the connection breaks before the answer; hang: no answer ever; truncate: half of the body; garbage: no JSON. */
  readonly action?: 'reset' | 'hang' | 'truncate' | 'garbage';
  /** The write is done all the same, and only its answer suffers: a lost response. */
  readonly after?: boolean;
}

export interface Faults {
  add(fault: Fault): () => void;
  /** The fault that a request meets, counted down. */
  take(line: string, userAgent: string): Fault | undefined;
}

/** A request as it was logged. Discovery has the verb `get` and the path as its resource. */
export interface LoggedRequest {
  readonly verb: Verb;
  readonly resource: string;
  readonly subresource: string | undefined;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly path: string;
  readonly contentType: string | undefined;
  readonly userAgent: string;
  readonly user: string;
  readonly fieldManager: string | undefined;
  /** Of the answer. */
  readonly status: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export function createFaults(): Faults {
  let faults: { readonly fault: Fault; left: number }[] = [];
  return {
    add(fault) {
      const entry = { fault, left: fault.times ?? Number.POSITIVE_INFINITY };
      faults.push(entry);
      return () => {
        faults = faults.filter((other) => other !== entry);
      };
    },
    take(line, userAgent) {
      const hits = ({ match, userAgent: who }: Fault): boolean =>
        (who?.test(userAgent) ?? true) && (typeof match === 'string' ? line.includes(match) : match.test(line));
      const entry = faults.find(({ fault, left }) => left > 0 && hits(fault));
      if (entry !== undefined) entry.left -= 1;
      return entry?.fault;
    },
  };
}

/** Waits as the fault says. */
export async function suffer({ delayMs }: Fault): Promise<void> {
  if (delayMs !== undefined) await delay(delayMs);
}

/** Spoils an answer; false where the fault lets it be. */
export function spoil(fault: Fault | undefined, response: ServerResponse, body: string): boolean {
  switch (fault?.action) {
    case undefined:
      return false;
    case 'hang':
      return true;
    case 'reset':
      response.destroy();
      return true;
    case 'truncate':
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
      response.write(body.slice(0, body.length / 2), () => response.destroy());
      return true;
    case 'garbage':
      response.writeHead(200, { 'content-type': 'text/html' });
      response.end('<html>a proxy that does not know what it is talking about</html>');
      return true;
  }
}
