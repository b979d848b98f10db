/** Pushing to the test registry: manifests, and blobs in one go (POST or PUT) or in chunks. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Reply } from './registry-faults.ts';
import { readManifest, repositoryIn, sha256, type Store } from './registry-store.ts';

/** Uploads under way: id → chunks. */
export type Uploads = Map<string, Buffer[]>;

export interface Push {
  readonly method: string;
  readonly name: string;
  readonly kind: string;
  readonly reference: string;
  readonly url: URL;
  readonly body: Buffer;
  readonly request: IncomingMessage;
}

interface Target {
  readonly store: Store;
  readonly uploads: Uploads;
  readonly referrersApi: boolean;
}

export function answerPush(target: Target, push: Push): Reply {
  const { method, kind } = push;
  if (kind === 'manifests' && method === 'PUT') return putManifest(target, push);
  if (kind === 'manifests' && method === 'DELETE') return deleteManifest(target, push);
  if (kind === 'blobs/uploads') return upload(target, push);
  return { status: 405 };
}

function putManifest({ store, referrersApi }: Target, { name, reference, body, request }: Push): Reply {
  const repository = repositoryIn(store, name);
  const digest = sha256(body);
  if (reference.includes(':') && reference !== digest)
    return { status: 400, body: Buffer.from('{"errors":[{"code":"DIGEST_INVALID"}]}') };
  const manifest = readManifest(body);
  const mediaType = request.headers['content-type'] ?? manifest?.mediaType ?? '';
  repository.manifests.set(digest, { bytes: body, mediaType });
  if (!reference.includes(':')) repository.tags.set(reference, digest);
  const subject = manifest?.subject === undefined || !referrersApi ? {} : { 'oci-subject': manifest.subject.digest };
  return {
    status: 201,
    headers: { location: `/v2/${name}/manifests/${digest}`, 'docker-content-digest': digest, ...subject },
  };
}

function deleteManifest({ store }: Target, { name, reference }: Push): Reply {
  const repository = repositoryIn(store, name);
  const tags = [...repository.tags].filter(([tag, digest]) => tag === reference || digest === reference);
  for (const [tag] of tags) repository.tags.delete(tag);
  const gone = repository.manifests.delete(reference) || tags.length > 0;
  return { status: gone ? 202 : 404 };
}

function upload(target: Target, push: Push): Reply {
  const { method, name, reference, url, body } = push;
  const digest = url.searchParams.get('digest');
  if (method === 'POST' && digest !== null) return keep(target, push, body, digest);
  if (method === 'POST') {
    const id = randomUUID();
    target.uploads.set(id, []);
    return {
      status: 202,
      headers: { location: `/v2/${name}/blobs/uploads/${id}`, 'docker-upload-uuid': id, range: '0-0' },
    };
  }
  const chunks = target.uploads.get(reference);
  if (chunks === undefined) return { status: 404, body: Buffer.from('{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]}') };
  chunks.push(body);
  if (method === 'PATCH') {
    const end = chunks.reduce((sum, chunk) => sum + chunk.length, 0) - 1;
    return {
      status: 202,
      headers: { location: `/v2/${name}/blobs/uploads/${reference}`, range: `0-${Math.max(0, end)}` },
    };
  }
  target.uploads.delete(reference);
  return method === 'PUT' && digest !== null ? keep(target, push, Buffer.concat(chunks), digest) : { status: 204 };
}

function keep(target: Target, { name }: Push, bytes: Buffer, digest: string): Reply {
  if (sha256(bytes) !== digest) return { status: 400, body: Buffer.from('{"errors":[{"code":"DIGEST_INVALID"}]}') };
  repositoryIn(target.store, name).blobs.set(digest, bytes);
  return { status: 201, headers: { location: `/v2/${name}/blobs/${digest}`, 'docker-content-digest': digest } };
}
