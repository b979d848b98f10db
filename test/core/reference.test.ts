import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Failure } from '../../src/core/failure.ts';
import { formatReference, type ImageReference, parseReference, parseRepository } from '../../src/core/reference.ts';
import { digestOf } from '../support/builders.ts';
import { RUNS } from '../support/hostile.ts';

const SHA256 = digestOf('a');
const SHA512 = `sha512:${'b'.repeat(128)}` as const;

describe('parseReference', () => {
  it.each([
    ['a bare name is official on Docker Hub', 'nginx', 'docker.io/library/nginx:latest'],
    ['a bare name with a tag', 'nginx:1.27', 'docker.io/library/nginx:1.27'],
    ['a bare name with a digest gets no tag', `nginx@${SHA256}`, `docker.io/library/nginx@${SHA256}`],
    ['tag and digest are both kept', `nginx:1@${SHA256}`, `docker.io/library/nginx:1@${SHA256}`],
    ['sha512', `nginx@${SHA512}`, `docker.io/library/nginx@${SHA512}`],
    ['an organisation on Docker Hub', 'acme/app', 'docker.io/acme/app:latest'],
    ['docker.io written out', 'docker.io/nginx', 'docker.io/library/nginx:latest'],
    ['docker.io with library written out', 'docker.io/library/nginx', 'docker.io/library/nginx:latest'],
    ['the old index host', 'index.docker.io/acme/app:1', 'docker.io/acme/app:1'],
    ['the host behind docker.io', 'registry-1.docker.io/library/nginx', 'docker.io/library/nginx:latest'],
    ['the same with its port', 'registry-1.docker.io:443/library/nginx', 'docker.io/library/nginx:latest'],
    ['the same in other cases', 'Registry-1.Docker.IO/acme/app', 'docker.io/acme/app:latest'],
    ['another port of that host is another registry', 'docker.io:5000/acme/app', 'docker.io:5000/acme/app:latest'],
    ['a deep path on Docker Hub', 'acme/team/app', 'docker.io/acme/team/app:latest'],
    ['a host by its dot', 'registry.example.com/app', 'registry.example.com/app:latest'],
    ['a host by its port', 'registry:5000/app:v1', 'registry:5000/app:v1'],
    ['a name that looks like host:port is name:tag', 'registry:5000', 'docker.io/library/registry:5000'],
    ['localhost is a host', 'localhost/app', 'localhost/app:latest'],
    ['localhost with a port', 'localhost:5000/app', 'localhost:5000/app:latest'],
    ['no library/ below other hosts', 'ghcr.io/app', 'ghcr.io/app:latest'],
    ['an upper-case first component is a host, and stays one', 'Registry/app', 'Registry/app:latest'],
    ['upper case before a port', 'Registry:5000/app', 'registry:5000/app:latest'],
    ['a host does not tell cases apart', 'GHCR.io/acme/app', 'ghcr.io/acme/app:latest'],
    ['IPv4', '10.0.0.1:5000/app', '10.0.0.1:5000/app:latest'],
    ['IPv6 with a port', '[::1]:5000/app:v1', '[::1]:5000/app:v1'],
    ['IPv6 without a port', '[2001:db8::1]/app', '[2001:db8::1]/app:latest'],
    ['IPv6 is compressed', '[2001:DB8:0:0:0:0:0:1]/app', '[2001:db8::1]/app:latest'],
    ['64 hex digits with more are a name', `${'a'.repeat(64)}:v1`, `docker.io/library/${'a'.repeat(64)}:v1`],
    ['separators in a component', 'ghcr.io/a.b_c__d---e/f', 'ghcr.io/a.b_c__d---e/f:latest'],
    ['a tag of 128 characters', `app:${'t'.repeat(128)}`, `docker.io/library/app:${'t'.repeat(128)}`],
    ['a tag with upper case', 'app:V1_x.y-z', 'docker.io/library/app:V1_x.y-z'],
    ['a path of 255 characters', `ghcr.io/${'p'.repeat(255)}`, `ghcr.io/${'p'.repeat(255)}:latest`],
    ['a port with leading zeros', 'ghcr.io:0443/app', 'ghcr.io:443/app:latest'],
  ])('%s: %s', (_, text, canonical) => {
    expect(formatReference(parseReference(text))).toBe(canonical);
  });

  it.each([
    ['nothing', '', 'expected an image like'],
    ['a scheme', 'https://ghcr.io/acme/app', 'remove https://'],
    ['a scheme of a runtime', 'docker://nginx', 'remove docker://'],
    ['upper case in the path', 'ghcr.io/Acme/app', 'lower case'],
    ['upper case in a bare name', 'Nginx', 'lower case'],
    ['a digest alone', `@${SHA256}`, 'a repository before the digest'],
    ['a bare digest', SHA256, 'a repository before the digest'],
    ['an image ID', 'a'.repeat(64), 'image ID'],
    ['an empty tag', 'app:', 'a tag of 1 to 128'],
    ['a tag of 129 characters', `app:${'t'.repeat(129)}`, 'a tag of 1 to 128'],
    ['a tag that begins with a dash', 'app:-1', 'a tag of 1 to 128'],
    ['two tags', 'ghcr.io/app:1:2', 'a tag of 1 to 128'],
    ['a short digest', 'app@sha256:abc', 'a digest sha256'],
    ['an upper-case digest', `app@sha256:${'A'.repeat(64)}`, 'lower case'],
    ['an unknown algorithm', `app@md5:${'a'.repeat(32)}`, 'a digest sha256'],
    ['two digests', `app@${SHA256}@${SHA256}`, 'a digest sha256'],
    ['a tag behind the digest', `app@${SHA256}:v1`, 'a digest sha256'],
    ['a path of 256 characters', `ghcr.io/${'p'.repeat(256)}`, 'at most 255'],
    ['library/ counts for the length', 'p'.repeat(250), 'at most 255'],
    ['white space', 'nginx latest', 'without white space'],
    ['a line break at the end', 'nginx\n', 'without white space'],
    ['a leading slash', '/app', 'name components'],
    ['a trailing slash', 'ghcr.io/app/', 'name components'],
    ['an empty component', 'ghcr.io//app', 'name components'],
    ['three underscores', 'a___b', 'name components'],
    ['two dots', 'ghcr.io/a..b', 'name components'],
    ['a traversal', 'ghcr.io/../app', 'name components'],
    ['a port out of range', 'ghcr.io:70000/app', 'a port from 1'],
    ['a port that is none', 'ghcr.io:abc/app', 'a port from 1'],
    ['an empty port', 'ghcr.io:/app', 'a port from 1'],
    ['a host with an underscore', 'my_host.io/app', 'a registry host'],
    ['a host that begins with a dash', '-host.io/app', 'a registry host'],
    ['a host that ends in a dot', 'ghcr.io./app', 'a registry host'],
    ['IPv6 without brackets', '::1/app', 'expected'],
    ['IPv6 with a zone', '[fe80::1%25eth0]/app', 'an IPv6 address'],
    ['IPv6 that is none', '[:::]/app', 'an IPv6 address'],
    ['a user before the host', 'user:pass@ghcr.io/app', 'a digest sha256'],
    ['a letter that only looks like one', 'ghcr.io/\u0430pp', 'name components'],
    ['a text without end', 'a/'.repeat(5000), 'at most 1024'],
  ])('refuses %s', (_, text, expected) => {
    expect(() => parseReference(text)).toThrow(Failure);
    expect(() => parseReference(text)).toThrow(expected);
  });

  it('keeps control characters out of the message', () => {
    expect(() => parseReference('a\u001b[31mb')).toThrow(/\\u001b/);
  });

  it('reads back what it writes', () => {
    fc.assert(
      fc.property(references(), (reference) => {
        expect(parseReference(formatReference(reference))).toEqual(reference);
      }),
    );
  });

  it('ends in a reference that is stable, or in a Failure, for any text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-zA-Z0-9.:/@_[\]-]{1,60}$/)), (text) => {
        const parsed = attempt(text);
        if (parsed instanceof Failure) return;
        expect(parseReference(formatReference(parsed))).toEqual(parsed);
      }),
      { numRuns: RUNS },
    );
  });
});

describe('parseRepository', () => {
  it('reads a repository', () => {
    expect(parseRepository('registry.example.com:5000/signatures')).toEqual({
      registry: 'registry.example.com:5000',
      path: 'signatures',
    });
    expect(parseRepository('nginx')).toEqual({ registry: 'docker.io', path: 'library/nginx' });
  });

  it.each([['app:v1'], [`app@${SHA256}`], ['']])('refuses %s', (text) => {
    expect(() => parseRepository(text)).toThrow(Failure);
  });
});

function attempt(text: string): ImageReference | Failure {
  try {
    return parseReference(text);
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
}

function references(): fc.Arbitrary<ImageReference> {
  const registry = fc.constantFrom(
    'docker.io',
    'ghcr.io',
    'localhost',
    'localhost:5000',
    '[::1]:5000',
    'r.example.com:443',
  );
  const component = fc.stringMatching(/^[a-z0-9]{1,8}([._-][a-z0-9]{1,4})?$/);
  const path = fc.array(component, { minLength: 2, maxLength: 4 }).map((components) => components.join('/'));
  const tag = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}$/);
  const digest = fc.stringMatching(/^[a-f0-9]{64}$/).map((hex) => `sha256:${hex}` as const);
  return fc.oneof(
    fc.record({ registry, path, tag }),
    fc.record({ registry, path, digest }),
    fc.record({ registry, path, tag, digest }),
  );
}
