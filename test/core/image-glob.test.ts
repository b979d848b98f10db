import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileImageGlobs } from '../../src/core/image-glob.ts';
import { parseReference } from '../../src/core/reference.ts';
import { digestOf } from '../support/builders.ts';

const D = digestOf('a');

describe('compileImageGlobs', () => {
  it.each([
    ['a repository covers every tag', 'registry.example.com/app', 'registry.example.com/app:v1', true],
    ['a repository covers no tag', 'registry.example.com/app', 'registry.example.com/app', true],
    ['a repository covers a digest', 'registry.example.com/app', `registry.example.com/app@${D}`, true],
    ['a repository covers tag and digest', 'registry.example.com/app', `registry.example.com/app:v1@${D}`, true],
    ['a repository is not its prefix', 'registry.example.com/app', 'registry.example.com/app2', false],
    ['a repository is not what lies below', 'registry.example.com/app', 'registry.example.com/app/x', false],
    ['a repository is not a suffix', 'example.com/app', 'registry.example.com/app', false],
    ['a repository is not of another host', 'registry.example.com/app', 'registry.example.com.evil.io/app', false],
    ['a registry is not the prefix of another', 'registry.example.com/*', 'registry.example.com.evil.io/app', false],
    ['a registry is not a path on another', 'registry.example.com/*', 'evil.io/registry.example.com/app', false],
    ['a registry is not a path on Docker Hub', 'ghcr.io/*', 'docker.io/ghcr.io/app', false],
    ['a registry is another with a port', 'registry.example.com/*', 'registry.example.com:5000/app', false],
    ['a registry covers all below it', 'registry.example.com/*', 'registry.example.com/a/b/c:v1', true],
    ['a folder covers all below it', 'registry.example.com/team/*', 'registry.example.com/team/a/b', true],
    ['a folder is not its prefix', 'registry.example.com/team/*', 'registry.example.com/team2/a', false],
    ['a star behind a name covers the longer one', 'registry.example.com/app*', 'registry.example.com/app2', true],
    [
      'a star behind a registry crosses, as documented',
      'registry.example.com*',
      'registry.example.com.evil.io/a',
      true,
    ],
    ['a star behind a registry covers what is below', 'registry.example.com*', 'registry.example.com/app', true],
    ['a tag is this tag', 'registry.example.com/app:v1', 'registry.example.com/app:v1', true],
    ['a tag is this tag with a digest too', 'registry.example.com/app:v1', `registry.example.com/app:v1@${D}`, true],
    ['a tag is no other', 'registry.example.com/app:v1', 'registry.example.com/app:v10', false],
    ['a tag is not a digest alone', 'registry.example.com/app:v1', `registry.example.com/app@${D}`, false],
    ['a glob over tags', 'registry.example.com/app:v1.*', 'registry.example.com/app:v1.2', true],
    [
      'a glob over tags is of this repository',
      'registry.example.com/app:v1.*',
      'registry.example.com/app2:v1.2',
      false,
    ],
    ['latest is the tag of none', 'registry.example.com/app:latest', 'registry.example.com/app', true],
    ['every tag is the whole repository', 'registry.example.com/app:*', `registry.example.com/app@${D}`, true],
    ['every tag is no other repository', 'registry.example.com/app:*', 'registry.example.com/app2:v1', false],
    ['a digest is this digest', `registry.example.com/app@${D}`, `registry.example.com/app:v1@${D}`, true],
    ['a digest is no tag', `registry.example.com/app@${D}`, 'registry.example.com/app:v1', false],
    ['a bare name is official', 'nginx', 'docker.io/library/nginx:1.27', true],
    ['a bare glob is official', 'nginx*', 'nginx-unprivileged', true],
    ['a bare glob is not an organisation', 'nginx*', 'nginxinc/nginx', false],
    ['a bare glob is of no other registry', 'nginx*', 'ghcr.io/nginx', false],
    ['a bare glob with a dotted tag', 'nginx:1.2*', 'nginx:1.27', true],
    ['a bare glob with every tag', 'nginx:*', `nginx@${D}`, true],
    ['an organisation is on Docker Hub', 'acme/*', 'docker.io/acme/app', true],
    ['an organisation is on no other', 'acme/*', 'ghcr.io/acme/app', false],
    ['docker.io covers official images', 'docker.io/*', 'nginx', true],
    ['docker.io covers organisations', 'docker.io/*', 'acme/app', true],
    ['docker.io covers its other hosts', 'docker.io/*', 'registry-1.docker.io/acme/app', true],
    ['its other hosts are docker.io', 'index.docker.io/acme/*', 'acme/app', true],
    ['an official image without library/', 'docker.io/nginx', 'nginx:1.27', true],
    ['an official image with library/', 'docker.io/library/nginx', 'nginx', true],
    ['library/ alone', 'library/nginx', 'nginx', true],
    ['everything', '*', 'registry.example.com:5000/a/b:v1', true],
    ['everything with a slash', '*/*', 'nginx', true],
    ['a star for the registry', '*/acme/app', 'ghcr.io/acme/app:v1', true],
    ['a star for the subdomain', '*.example.com/*', 'registry.example.com/app', true],
    ['a star for the subdomain is not the domain', '*.example.com/*', 'example.com/app', false],
    ['a star for the subdomain stays anchored', '*.example.com/*', 'registry.example.com.evil.io/app', false],
    ['a name anywhere', '*nginx*', 'ghcr.io/x/my-nginx:1', true],
    ['a tag anywhere', '*:debug', 'ghcr.io/x/app:debug', true],
    ['a port', 'localhost:5000/*', 'localhost:5000/app', true],
    ['a port glob', 'localhost:*', 'localhost:5000/app', true],
    ['the default port written in the image', 'ghcr.io/acme/*', 'ghcr.io:443/acme/app', true],
    ['the default port written in the glob', 'ghcr.io:443/acme/*', 'ghcr.io/acme/app', true],
    ['the case of the host in the image', 'ghcr.io/acme/*', 'GHCR.IO/acme/app', true],
    ['the case of the host in the glob', 'GHCR.io/acme/*', 'ghcr.io/acme/app', true],
    ['one character', 'ghcr.io/acme/ap?', 'ghcr.io/acme/app', true],
    ['one character is not none', 'ghcr.io/acme/app?', 'ghcr.io/acme/app:v1', false],
    ['IPv6', '[::1]:5000/*', '[0:0:0:0:0:0:0:1]:5000/app', true],
    ['nothing covers nothing', '', 'nginx', false],
  ])('%s: %s over %s', (_, pattern, image, expected) => {
    expect(compileImageGlobs([pattern])(parseReference(image))).toBe(expected);
  });

  it('a registry glob never covers another registry', () => {
    const host = fc.stringMatching(/^[a-z]{1,6}(\.[a-z]{1,6}){1,3}$/);
    fc.assert(
      fc.property(host, host, fc.stringMatching(/^[a-z]{1,6}(\/[a-z]{1,6}){0,2}$/), (allowed, other, path) => {
        fc.pre(allowed !== other);
        expect(compileImageGlobs([`${allowed}/*`])(parseReference(`${other}/${path}`))).toBe(false);
        expect(compileImageGlobs([`${allowed}/*`])(parseReference(`${allowed}/${path}`))).toBe(true);
      }),
    );
  });
});
