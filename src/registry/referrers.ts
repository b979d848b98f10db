/**
 * Referrers of a manifest: the API with its pages, else the fallback tag (OCI distribution specification 1.1,
 * "Listing Referrers"). Owns what is known about which registries have the API. Must never trust what a descriptor
 * says about the artifact, nor follow a page to another origin.
 *
 * An empty list of the API is completed by the fallback tag: signatures that were pushed before a registry learned
 * the API lie there, and the specification only asks registries (SHOULD) to take them over.
 */
import type { Digest } from '../core/digest.ts';
import { Failure, invalid } from '../core/failure.ts';
import { headerOf, headersOf } from './answer.ts';
import type { Clock } from './clock.ts';
import { demandRunning } from './abort.ts';
import { createFlights, type Flight } from './flights.ts';
import { apiHost, demandAddressable, referrersTag, whereOf } from './host.ts';
import { type ByteCache, createByteCache } from './lru.ts';
import { boundedReferrers, parseReferrerIndex } from './manifest.ts';
import { essenceOf, OCI_INDEX, shapeOf } from './media-type.ts';
import type { ClientLimits } from './options.ts';
import type { ApiRequest, Sender } from './sender.ts';
import { type Descriptor, type ImageSource, LIMITS, type Referrers, type Repository } from './source.ts';
import type { HttpAnswer } from './transport.ts';

/** What the lookup stands on. */
export interface ReferrersContext {
  readonly sender: Sender;
  readonly limits: ClientLimits;
  readonly clock: Clock;
  readonly manifest: ImageSource['manifest'];
}

interface ListState {
  readonly etag: string;
  readonly descriptors: readonly Descriptor[];
}

/** Status codes with which registries say that they do not have the API (404 by specification, the others in practice). */
const NO_API: readonly number[] = [400, 404, 405, 406, 501];
/** A page may list more than we take; the cap is on what is kept. */
const PAGE_BYTES = LIMITS.manifestBytes;

interface Parts extends ReferrersContext {
  /** Until when each backend is believed to have no API. */
  readonly withoutApi: Map<string, number>;
  readonly lists: ByteCache<ListState>;
}

/** Makes the lookup. */
export function createReferrers(context: ReferrersContext): ImageSource['referrers'] {
  const flights = createFlights<Referrers>();
  const lists = createByteCache<ListState>(context.limits.cacheBytes / 8);
  const parts: Parts = { ...context, withoutApi: new Map(), lists };
  return async (repository, subject, { signal }) => {
    const where = `${whereOf(repository, subject)}: referrers`;
    demandAddressable(repository, subject);
    demandRunning(signal, where);
    return flights.join(where, { signal, where }, (flight) => list(parts, { repository, subject, where }, flight));
  };
}

interface Question {
  readonly repository: Repository;
  readonly subject: Digest;
  readonly where: string;
}

/** What the API listed; `more`: there are pages that were not asked for. */
interface Listed {
  readonly descriptors: readonly Descriptor[];
  readonly more: boolean;
}

async function list(parts: Parts, question: Question, flight: Flight): Promise<Referrers> {
  const listed = await fromApi(parts, question, flight);
  if (listed !== undefined && (listed.more || listed.descriptors.length > 0)) {
    const bounded = boundedReferrers(listed.descriptors);
    return { ...bounded, truncated: bounded.truncated || listed.more, via: 'referrers-api' };
  }
  const tagged = await fromTag(parts, question, flight.signal);
  const via = listed !== undefined && tagged.length === 0 ? 'referrers-api' : 'referrers-tag';
  return { ...boundedReferrers(tagged), via };
}

async function fromApi(parts: Parts, question: Question, flight: Flight): Promise<Listed | undefined> {
  const { withoutApi, clock, limits } = parts;
  const backend = backendOf(question.repository);
  if (clock.now() < (withoutApi.get(backend) ?? 0)) return undefined;
  const listed = await listPages(parts, question, flight);
  if (listed === 'unsupported') withoutApi.set(backend, clock.now() + limits.referrersApiMs);
  return typeof listed === 'string' ? undefined : listed;
}

/** The fallback tag. Only "not found" and "no index" mean an empty list: anything else is a failure to look. */
async function fromTag(
  parts: Parts,
  { repository, subject }: Question,
  signal: AbortSignal,
): Promise<readonly Descriptor[]> {
  try {
    const index = await parts.manifest(repository, referrersTag(subject), { signal });
    return shapeOf(index.mediaType) === 'index' ? index.manifests : [];
  } catch (error) {
    if (error instanceof Failure && error.detail.kind === 'not-found') return [];
    throw error;
  }
}

/**
 * What one answer about the API speaks for: a host may serve several registries, told apart by the first segment of
 * the path (a project of Harbor, a repository of Artifactory), each with or without the API.
 */
function backendOf({ registry, path }: Repository): string {
  return `${registry}/${path.split('/', 1)[0] ?? ''}`;
}

/** All pages up to the caps; `unsupported`: this backend has no such API; `absent`: it has none for this repository. */
async function listPages(parts: Parts, question: Question, flight: Flight): Promise<Listed | 'unsupported' | 'absent'> {
  const { lists, limits } = parts;
  const known = lists.get(question.where);
  const first = await askFirst(parts, question, flight);
  if (first.status === 304 && known !== undefined) return { descriptors: known.descriptors, more: false };
  if (first.status !== 200) return saysUnknownRepository(first) ? 'absent' : 'unsupported';
  if (!isIndex(first)) return 'unsupported';
  const found = [...parseReferrerIndex(first.body, question.where)];
  let target = nextPage(first, question, targetOf(question));
  remember(lists, question.where, { answer: first, found, complete: target === undefined });
  for (let pages = 1; target !== undefined && pages < limits.referrersPages; pages++) {
    if (found.length > LIMITS.referrersPerSubject) break;
    const page = await ask(parts, question, { target, expected: [200] }, flight);
    found.push(...parseReferrerIndex(page.body, question.where));
    target = nextPage(page, question, target);
  }
  return { descriptors: found, more: target !== undefined };
}

function targetOf({ repository, subject }: Question): string {
  return `/v2/${repository.path}/referrers/${subject}`;
}

function askFirst(parts: Parts, question: Question, flight: Flight): Promise<HttpAnswer> {
  const etag = parts.lists.get(question.where)?.etag;
  const expected = etag === undefined ? [200, ...NO_API] : [200, 304, ...NO_API];
  return ask(parts, question, { target: targetOf(question), expected, etag }, flight);
}

type Page = Pick<ApiRequest, 'target' | 'expected' | 'etag'>;

function ask({ sender }: Parts, { repository, where }: Question, page: Page, flight: Flight): Promise<HttpAnswer> {
  return sender.send({ ...page, repository, where, accept: OCI_INDEX, maxBytes: PAGE_BYTES }, flight);
}

/** Only a list that came whole on one page can be asked for conditionally. */
function remember(
  lists: ByteCache<ListState>,
  key: string,
  page: { answer: HttpAnswer; found: readonly Descriptor[]; complete: boolean },
): void {
  const etag = headerOf(page.answer, 'etag');
  if (!page.complete || etag === undefined) return lists.delete(key);
  lists.set(key, { etag, descriptors: [...page.found] }, page.answer.body.length);
}

/** Some registries answer 200 with a page for people where they have no API (so does go-containerregistry read it). */
function isIndex(answer: HttpAnswer): boolean {
  return essenceOf(headerOf(answer, 'content-type')) === OCI_INDEX;
}

/** NAME_UNKNOWN speaks of the repository, not of the API. */
function saysUnknownRepository(answer: HttpAnswer): boolean {
  return answer.status === 404 && Buffer.from(answer.body).includes('NAME_UNKNOWN');
}

/** The path and query of `Link: <…>; rel="next"` (RFC 8288). Another origin is refused: our token would travel there. */
function nextPage(answer: HttpAnswer, { repository, where }: Question, target: string): string | undefined {
  const link = headersOf(answer, 'link')
    .flatMap((header) => header.split(/,(?=\s*<)/))
    .map((part) => /^\s*<([^>]*)>\s*;(?:.*;)?\s*rel="?next"?\s*(?:;|$)/i.exec(part)?.[1])
    .find((address) => address !== undefined);
  if (link === undefined) return undefined;
  const base = `https://${apiHost(repository.registry)}${target}`;
  const next = URL.canParse(link, base) ? new URL(link, base) : undefined;
  if (next === undefined || next.host !== new URL(base).host || !next.pathname.startsWith('/v2/')) {
    throw invalid(`${where}: Link`, 'a next page on the same registry', 'another address');
  }
  return `${next.pathname}${next.search}`;
}
