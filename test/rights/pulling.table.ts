/** What the right to read pull Secrets and ServiceAccounts is for. */
import { namespace, imageOf, policy, publicKey, reports, runPod, trustedKey } from '../support/cluster/scene.ts';
import type { TestRegistry } from '../support/registry.ts';
import { demand, type Scenario } from './rbac.table.ts';

/** A Pod whose image needs a password: with the Secret that it names itself, or that its ServiceAccount names. */
export function pulling(by: 'secrets' | 'serviceaccounts', closed: TestRegistry): Scenario {
  return {
    right: `get /${by}`,
    shows: `a Pod is judged with its ${by}`,
    once: true,
    async act({ client }, name) {
      const auths = { [closed.host]: { username: 'puller', password: 'p' } };
      const metadata = { name, namespace: name };
      const secret = { apiVersion: 'v1', kind: 'Secret', metadata, type: 'kubernetes.io/dockerconfigjson' };
      await client.apply(
        namespace(name),
        trustedKey(name, { publicKey: { pem: publicKey('k1') } }),
        policy(name, name),
        { ...secret, stringData: { '.dockerconfigjson': JSON.stringify({ auths }) } },
        { apiVersion: 'v1', kind: 'ServiceAccount', metadata, imagePullSecrets: [{ name }] },
      );
      // Each scenario asks for a repository and a digest of its own: what was let in once is let in for a while.
      const [from, to] = [closed.repository('app/signed'), closed.repository(`${name}/signed`)];
      for (const [tag, digest] of from.tags) to.tags.set(tag, digest);
      for (const [digest, manifest] of from.manifests) to.manifests.set(digest, manifest);
      for (const [digest, blob] of from.blobs) to.blobs.set(digest, blob);
      const rest = by === 'secrets' ? { imagePullSecrets: [{ name }] } : { serviceAccountName: name };
      await runPod(client, metadata, imageOf(closed, `${name}/signed`), rest);
      const line = `Pod/${name} ${name}/app pass Verified`;
      return async () => demand((await reports(client, name)).includes(line), 'it is verified');
    },
  };
}
