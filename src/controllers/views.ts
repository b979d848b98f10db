/**
 * What is known of a policy or a key, gathered for those who render it: status and metrics. Pure but for the count of
 * dependents, which is made once for all keys. Must never write.
 */
import type { TrustedKey } from '../api/trusted-key.ts';
import { dependentsByKey, type KeyDependents } from '../core/dependents.ts';
import type { PolicyView } from '../core/known.ts';
import type { KeyView } from '../outputs/key-status.ts';
import { endsOfRoot } from '../store/tuf-roots.ts';
import { keyFactsOf } from '../verify/trust/key-facts.ts';
import type { Board } from './board.ts';
import type { Enforcement } from './enforcement/enforcement.ts';
import type { PolicyBook } from './policy-book.ts';
import type { SignerBook } from './signers.ts';

/** Where views are gathered from. */
export interface ViewSources {
  readonly book: PolicyBook;
  readonly board: Board;
  readonly signers: SignerBook;
  readonly enforcement: Pick<Enforcement, 'view'>;
}

/** The view of a policy; undefined where it is gone. */
export function viewOf(name: string, { book, board, signers, enforcement }: ViewSources): PolicyView | undefined {
  const entry = book.get(name);
  if (entry === undefined) return undefined;
  const { policy, pass, next, problem, handledRequest, trustedKeys } = entry;
  const enforced = enforcement.view(name);
  return {
    policy,
    rows: board.rowsOf(name),
    pending: board.pendingOf(name),
    ...(pass === undefined ? {} : { lastPass: pass }),
    ...(next === undefined || policy.spec.verification.suspend ? {} : { nextPass: next }),
    ...(problem === undefined ? {} : { problem }),
    ...(handledRequest === undefined ? {} : { lastHandledRequestedAt: handledRequest }),
    keysNotReady: trustedKeys.flatMap((key) => notReady(key, signers)),
    ...(enforced === undefined ? {} : { enforcement: enforced }),
  };
}

function notReady(name: string, signers: SignerBook): PolicyView['keysNotReady'] {
  const signer = signers.signers().get(name);
  if (signer?.state === 'usable') return [];
  if (signer !== undefined) return [{ name, message: signer.message }];
  const message = signers.key(name) === undefined ? `there is no TrustedKey "${name}"` : 'its material is being read';
  return [{ name, message }];
}

/** The view of a key. */
export function keyView(key: TrustedKey, signers: SignerBook, dependents: Dependents): KeyView {
  const { name } = key.metadata;
  const depending = dependents.of(name);
  const base = { key, material: materialOf(name, signers) };
  return depending === undefined ? base : { ...base, dependents: depending };
}

/** What the material of a key came to. */
export function materialOf(name: string, signers: SignerBook): KeyView['material'] {
  const signer = signers.signers().get(name);
  if (signer === undefined) return { state: 'loading' };
  if (signer.state === 'usable') {
    const root = signers.rootOf(name);
    const ends = root === undefined ? [] : endsOfRoot(root.state, root.repository);
    return { state: 'usable', keys: keyFactsOf(signer.material), ends };
  }
  return { state: 'unusable', reason: signer.reason, message: signer.message };
}

/** Who depends on which key. */
export interface Dependents {
  of(key: string): KeyDependents | undefined;
  changed(): void;
}

/** Counted for all keys at once, when somebody asks after a change. */
export function createDependents({ board, book }: Pick<ViewSources, 'board' | 'book'>): Dependents {
  let counted: ReadonlyMap<string, KeyDependents> | undefined;
  return {
    changed: () => {
      counted = undefined;
    },
    of(key): KeyDependents | undefined {
      counted ??= dependentsByKey(book.policies(), board.rows());
      return counted.get(key);
    },
  };
}
