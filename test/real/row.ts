/**
 * One row of the comparison: what is done to a fresh image with the real tool, what both sides are then asked, and
 * what each must say. Owns the shapes; must never run anything.
 */
import type { Reason } from '../../src/api/reasons.ts';
import type { Descriptor, Repository } from './content.ts';
import type { DifferenceId } from './differences.ts';
import type { RegistryName } from './registries.ts';

/** The images of one row, fresh in a repository of its own. */
export interface Scene {
  readonly registry: RegistryName;
  readonly repository: Repository;
  /** A repository beside it, empty at first, for signatures that lie apart. */
  readonly apart: Repository;
  /** Tagged `v1`: an image, or an index where the row asks for one. */
  readonly image: Descriptor;
  /** Tagged `other`: another image of the same repository. */
  readonly other: Descriptor;
  /** The first image of the index; the image itself where there is no index. */
  readonly child: Descriptor;
}

export type Shape = 'index' | 'docker';

/** Which image of a scene is meant. */
export type SubjectName = 'image' | 'other' | 'child';

/** Something done before the question; `W` is the workshop of the tool. */
export type Step<W> = (workshop: W, scene: Scene) => Promise<void>;

/** What the real tool said: whether it accepts, and its words. */
export interface TheirVerdict {
  readonly accepts: boolean;
  readonly said: string;
}

/** What both must say. */
export interface Expected {
  readonly theirs: 'accept' | 'refuse';
  /** `WrongInput`: our command line refuses what it is given, and verifies nothing. */
  readonly ours: Reason | 'WrongInput';
  /** Named where the two differ, and only there. */
  readonly difference?: DifferenceId;
}

export interface Row<W, A> extends Expected {
  /** The behaviour, as a sentence's beginning. */
  readonly name: string;
  readonly prepare: readonly Step<W>[];
  readonly ask: A;
  /** What `v1` is, where it is no plain OCI image: an index of two, or an image in Docker's format. */
  readonly shape?: Shape;
  /** Where the behaviour exists on one of the registries only. */
  readonly only?: RegistryName;
}
