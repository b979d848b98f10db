import { describe, expect, it } from 'vitest';
import { digestOfImageID } from '../../src/core/running-digest.ts';
import { digestOf } from '../support/builders.ts';

const D = digestOf('a');

describe('digestOfImageID', () => {
  it.each([
    ['containerd', `docker.io/library/nginx@${D}`, D],
    ['CRI-O', `registry.example.com:5000/team/app@${D}`, D],
    ['Docker', `docker-pullable://nginx@${D}`, D],
    ['Docker with a registry', `docker-pullable://registry.example.com/app@${D}`, D],
    ['a tag before the digest', `docker.io/library/nginx:1.27@${D}`, D],
    ['sha512', `a.io/b@sha512:${'b'.repeat(128)}`, `sha512:${'b'.repeat(128)}`],
    ['Docker, an image ID', `docker://${D}`, undefined],
    ['an image ID with its algorithm', D, undefined],
    ['CRI-O, an image ID', 'a'.repeat(64), undefined],
    ['a digest without a repository', `@${D}`, undefined],
    ['a scheme without a repository', `docker-pullable://@${D}`, undefined],
    ['a tag', 'docker.io/library/nginx:1.27', undefined],
    ['a digest cut short', 'docker.io/library/nginx@sha256:abc', undefined],
    ['an algorithm that we do not know', `docker.io/library/nginx@md5:${'a'.repeat(32)}`, undefined],
    ['nothing', '', undefined],
  ])('%s', (_, imageID, expected) => {
    expect(digestOfImageID(imageID)).toBe(expected);
  });
});
