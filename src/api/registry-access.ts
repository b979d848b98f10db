/** How the registries of a policy are reached. Shape only; credentials are references, never values. */
import * as z from 'zod';
import { matching, ruled } from './rule.ts';
import { listOf, text } from './scalars.ts';
import { CaRef, SecretRef } from './source.ts';

const Mirror = z.strictObject({
  from: ruled(
    text(512),
    matching(
      /^[A-Za-z0-9.[\]:-]+(\/[a-z0-9._-]+)*$/,
      'write a registry or a path below one, such as docker.io or docker.io/library',
    ),
  ).describe('Registry, or path below one, that is mirrored. Example: docker.io.'),
  to: ruled(
    text(1024),
    matching(
      /^(https?:\/\/)?[A-Za-z0-9.[\]:-]+(\/[a-z0-9._-]+)*$/,
      'write a registry or a path below one, such as mirror.example.com/hub',
    ),
  ).describe('Where it is mirrored. Example: mirror.example.com/hub.'),
});

/** How the registries of a policy are reached. */
export const RegistryAccess = z.strictObject({
  credentials: listOf(
    z.strictObject({
      secretRef: SecretRef.describe('Secret of type dockerconfigjson, dockercfg or basic-auth.'),
    }),
    16,
  )
    .describe('Credentials; the one that fits host and path best is used, and goes to no other host.')
    .default([]),
  mirrors: listOf(Mirror, 32)
    .describe('Mirrors, the longest match first; the origin is asked last. A mirror cannot forge: content is hashed.')
    .default([]),
  caRef: CaRef.describe('Certificate authorities of the registries (PEM), beside the system’s.').exactOptional(),
  insecure: z.boolean().default(false).describe('Allow plain HTTP to the registries of this policy. Default false.'),
});
/** How the registries of a policy are reached. */
export type RegistryAccess = z.output<typeof RegistryAccess>;
