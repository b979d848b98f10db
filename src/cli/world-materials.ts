/** The Secrets and ConfigMaps of a world of manifests: what is not in the manifests is not there. */
import type { ManifestWorld } from '../core/manifests/world.ts';
import type { MaterialSource } from '../store/materials.ts';

/** What keys and policies of these manifests refer to. */
export function materialsOfWorld({
  secrets,
  configMaps,
}: Pick<ManifestWorld, 'secrets' | 'configMaps'>): MaterialSource {
  return {
    get({ kind, namespace, name }) {
      const object = (kind === 'Secret' ? secrets : configMaps).get(`${namespace}/${name}`);
      return object === undefined ? { state: 'absent' } : { state: 'present', ...object };
    },
  };
}
