/**
 * Hosts and repositories as they become addresses. Owns the refusal of names that could change where a request goes
 * (`user@host`, `../`). Must never touch the network.
 */
import { BlockList, isIP } from 'node:net';
import { type Digest, hexOf, isDigest } from '../core/digest.ts';
import { invalid } from '../core/failure.ts';
import type { Repository } from './source.ts';

const HOST = /^(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::\d{1,5})?$/;
/** OCI distribution specification, "Pulling manifests": the grammar of <name> and of a tag. */
const PATH = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Is this host[:port] as it may stand in an address? */
export function isHost(text: string): boolean {
  return HOST.test(text);
}

/** Is this a repository path (`<name>` of the distribution specification)? */
export function isRepositoryPath(text: string): boolean {
  return PATH.test(text) && text.length <= 255;
}

/** Host and port that serve the API of a registry: Docker Hub's name is not its address. */
export function apiHost(registry: string): string {
  return registry === 'docker.io' || registry === 'index.docker.io' ? 'registry-1.docker.io' : registry;
}

/** Is this host[:port] the machine itself? */
export function isLoopback(host: string): boolean {
  const name = hostnameOf(host);
  if (name === 'localhost' || name.endsWith('.localhost')) return true;
  const family = isIP(name);
  return family !== 0 && loopback.check(name, family === 4 ? 'ipv4' : 'ipv6');
}

/** Host without port and without the brackets of IPv6, lower-case. */
export function hostnameOf(host: string): string {
  const bracketed = /^\[([^\]]*)\]/.exec(host);
  return (bracketed?.[1] ?? host.replace(/:\d*$/, '')).toLowerCase();
}

/** Repository and reference for messages: `docker.io/library/nginx:1`, `host/app@sha256:…`. */
export function whereOf(repository: Repository, reference: string): string {
  return `${repository.registry}/${repository.path}${isDigest(reference) ? '@' : ':'}${reference}`;
}

/** The key of a repository in caches. */
export function keyOf(repository: Repository): string {
  return `${repository.registry}/${repository.path}`;
}

/** Throws invalid for a repository or a reference that is not one: it would become part of an address. */
export function demandAddressable(repository: Repository, reference: string): void {
  const where = whereOf(repository, reference);
  if (!isHost(repository.registry))
    throw invalid(where, 'a registry as host[:port]', JSON.stringify(repository.registry));
  if (!isRepositoryPath(repository.path)) {
    throw invalid(where, 'a repository path in lower case', JSON.stringify(repository.path));
  }
  if (!isDigest(reference) && !TAG.test(reference))
    throw invalid(where, 'a tag or a digest', JSON.stringify(reference));
}

/** OCI distribution specification, "Referrers Tag Schema": the algorithm and 64 characters of the hex at most. */
export function referrersTag(subject: Digest): string {
  const algorithm = subject.slice(0, subject.indexOf(':'));
  return `${algorithm}-${hexOf(subject).slice(0, 64)}`;
}
