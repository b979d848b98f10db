/**
 * Who may read the metrics: asks the API server whose token it is and whether he may GET /metrics, as controller-runtime
 * does. Owns the two questions and a short memory of the answers; must never keep or tell a token, nor let anybody in
 * where the API server did not say yes.
 */
import { createHash } from 'node:crypto';
import type { Clock } from '../../core/clock.ts';
import { createLru } from '../../core/lru.ts';
import { SUBJECT_ACCESS_REVIEWS, TOKEN_REVIEWS } from '../../kube/resource.ts';
import type { KubeClient } from '../../kube/verbs.ts';

/** What the API server says of a caller. */
export type Permission = 'allowed' | 'unauthenticated' | 'forbidden';

/** Judges callers by the header `Authorization`. */
export interface Reviewer {
  /** Rejects where the API server cannot be asked. */
  review(authorization: string | undefined): Promise<Permission>;
}

/** What a reviewer is made of. */
export interface ReviewerOptions {
  readonly client: Pick<KubeClient, 'create'>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** How long one question may take, in milliseconds: both are answered within the ten seconds that Prometheus gives a scrape. */
export const REVIEW_TIMEOUT_MS = 4_000;

/** How long an answer counts, in milliseconds: a Prometheus asks every 15 to 60 s, a crowd of them at once. */
const REMEMBER_MS = 10_000;
const REMEMBERED = 256;
const MAX_TOKEN = 16_384;

/** Makes a reviewer. Questions about one token at once are one question. */
export function createReviewer({ client, clock, signal }: ReviewerOptions): Reviewer {
  const answers = createLru<{ readonly answer: Promise<Permission>; readonly until: number }>(REMEMBERED);
  return {
    async review(authorization): Promise<Permission> {
      const token = tokenOf(authorization);
      if (token === undefined) return 'unauthenticated';
      const key = createHash('sha256').update(token).digest('base64');
      const known = answers.get(key);
      if (known !== undefined && clock.now() < known.until) return known.answer;
      const answer = ask(token, client, signal);
      answers.set(key, { answer, until: clock.now() + REMEMBER_MS });
      // What could not be asked is asked again.
      answer.catch(() => answers.delete(key));
      return answer;
    },
  };
}

/** RFC 6750, 2.1. */
function tokenOf(authorization: string | undefined): string | undefined {
  const match = /^Bearer +([\w.~+/-]+=*)$/i.exec(authorization ?? '');
  const token = match?.[1];
  return token === undefined || token.length > MAX_TOKEN ? undefined : token;
}

async function ask(token: string, client: ReviewerOptions['client'], signal: AbortSignal): Promise<Permission> {
  const who = await client.create(
    TOKEN_REVIEWS,
    { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', metadata: {}, spec: { token } },
    { signal },
  );
  const identity = fieldsOf(who.status);
  if (identity['authenticated'] !== true) return 'unauthenticated';
  const { username, uid, groups, extra } = fieldsOf(identity['user']);
  const nonResourceAttributes = { path: '/metrics', verb: 'get' };
  const spec = { user: username, uid, groups, extra, nonResourceAttributes };
  const may = await client.create(
    SUBJECT_ACCESS_REVIEWS,
    { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', metadata: {}, spec },
    { signal },
  );
  return fieldsOf(may.status)['allowed'] === true ? 'allowed' : 'forbidden';
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
