/** Pods of the proof: one container `app`, and whatever else a row asks for. */
import type { Loose } from '../support/cluster/client.ts';

/** What of a Pod matters here. */
export interface PodParts {
  readonly labels?: Readonly<Record<string, string>>;
  /** Image of the container `app`. */
  readonly image: string;
  readonly init?: string;
  readonly volume?: string;
  readonly second?: string;
}

export function podOf(namespace: string, name: string, parts: PodParts): Loose {
  const { image, init, volume, second, labels = {} } = parts;
  const containers = [{ name: 'app', image }, ...(second === undefined ? [] : [{ name: 'second', image: second }])];
  const spec = {
    containers,
    ...(init === undefined ? {} : { initContainers: [{ name: 'init', image: init }] }),
    ...(volume === undefined ? {} : { volumes: [{ name: 'data', image: { reference: volume } }] }),
  };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace, labels }, spec };
}
