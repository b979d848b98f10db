/** On what scenarios are played: Pods over images that are made for them, and the ways to enforce a policy. */
import type { PodParts } from './pod.ts';
import type { Enforced, Trust } from './trust.ts';
import type { MadeImage, Signing, Workshop } from './workshop.ts';

/** A Pod, and whether the policy wants it in. */
export interface PodRow {
  readonly name: string;
  readonly parts: PodParts;
  readonly wanted: boolean;
  /** Default: the namespace that has the name of the trust. */
  readonly namespace?: string;
}

/** What is tried. */
export interface Scene {
  readonly trust: Trust;
  /** One that must be refused at least. */
  readonly pods: readonly PodRow[];
  /** Further namespaces, or labels of its own, by name. */
  readonly namespaces?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export interface Scenario {
  readonly name: string;
  readonly ways: readonly Enforced[];
  /** Makes the images. */
  readonly scene: (workshop: Workshop) => Scene;
}

export const C_LEGACY: Enforced = { format: 'ClusterPolicy', signatureFormat: 'Legacy' };
export const C_BUNDLE: Enforced = { format: 'ClusterPolicy', signatureFormat: 'Bundle' };
export const I_ANY: Enforced = { format: 'ImageValidatingPolicy', signatureFormat: 'Any' };
export const I_BUNDLE: Enforced = { format: 'ImageValidatingPolicy', signatureFormat: 'Bundle' };
/** Every way in which a policy of keys is generated. */
export const ALL_WAYS = [C_LEGACY, C_BUNDLE, I_ANY, I_BUNDLE];

/** Short words for one scene, all of whose images lie below one folder. */
export function stage(workshop: Workshop, name: string) {
  const at = ({ repository }: MadeImage, end = ':v1'): string => `${workshop.host}/${repository}${end}`;
  const made = (what: string): MadeImage => workshop.image(`${name}/${what}`);
  const signed = (what: string, by: readonly string[] = ['a'], how: Signing = {}): MadeImage => {
    const image = made(what);
    for (const key of by) workshop.sign(image, key, how);
    return image;
  };
  const key = (who: string, rest: object = {}): object => ({
    publicKey: { pem: workshop.key(who).publicKey },
    transparencyLog: 'Ignored',
    ...rest,
  });
  const keys = (...names: readonly string[]) => Object.fromEntries(names.map((who) => [who, key(who)]));
  const pod = (what: string, wanted: boolean, parts: string | PodParts): PodRow => ({
    name: what,
    wanted,
    parts: typeof parts === 'string' ? { image: parts } : parts,
  });
  return { at, made, signed, key, keys, pod, below: `${workshop.host}/${name}` };
}

/** An image of Docker Hub: signed as v1 and latest, and another that is not as `bad`. */
export function hubImage(workshop: Workshop, name: string): { readonly good: string; readonly bad: string } {
  const good = workshop.image(name, `${name} signed`);
  workshop.image(name, `${name} signed`, 'latest');
  workshop.sign(good, 'a');
  return { good: good.digest, bad: workshop.image(name, `${name} unsigned`, 'bad').digest };
}
