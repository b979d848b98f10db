/** The audit log of the real API server, read as it grows: what one user did, and when the server had done it. */
import { open } from 'node:fs/promises';
import type { AuditEvent } from '../support/control-plane.ts';

/** A finished request. */
export interface Request {
  /** When the server had answered, as Date.now(). */
  readonly at: number;
  readonly verb: string;
  /** `pods`, `imagetrustpolicies/status`. */
  readonly resource: string;
  readonly code: number;
}

export interface AuditTail {
  /** What the user did since the log was opened, up to now. */
  read(): Promise<readonly Request[]>;
}

const WRITES = new Set(['create', 'update', 'patch', 'delete', 'deletecollection']);
const PIECE_BYTES = 4 * 1024 * 1024;

/** Did it change, or try to change, an object? */
export function isWrite({ verb }: Request): boolean {
  return WRITES.has(verb);
}

/** Follows the log from its end on. */
export async function followAudit(file: string, user: string): Promise<AuditTail> {
  const requests: Request[] = [];
  let position = await sizeOf(file);
  let rest = '';
  const take = (line: string): void => {
    // Thousands of lines are of others: whoever they are of is found without parsing.
    if (!line.includes(`"username":"${user}"`)) return;
    const event = JSON.parse(line) as AuditEvent & { readonly stageTimestamp: string };
    if (event.user.username === user) requests.push(requestOf(event));
  };
  return {
    async read() {
      await using handle = await open(file);
      const buffer = Buffer.alloc(PIECE_BYTES);
      for (;;) {
        const { bytesRead } = await handle.read(buffer, 0, PIECE_BYTES, position);
        if (bytesRead === 0) return requests;
        position += bytesRead;
        const lines = (rest + buffer.toString('latin1', 0, bytesRead)).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) take(line);
      }
    },
  };
}

async function sizeOf(file: string): Promise<number> {
  await using handle = await open(file);
  return (await handle.stat()).size;
}

function requestOf(event: AuditEvent & { readonly stageTimestamp: string }): Request {
  const { resource = '', subresource } = event.objectRef ?? {};
  return {
    at: Date.parse(event.stageTimestamp),
    verb: event.verb,
    resource: subresource === undefined ? resource : `${resource}/${subresource}`,
    code: event.responseStatus?.code ?? 0,
  };
}
