/** What the enforcement asks the desk, and whom it wakes. Owns these arrows alone; must never do the work that it wakes. */
import { probePair } from '../core/probe-images.ts';
import { chooseFormat, renderKyverno } from '../outputs/kyverno/render.ts';
import type { Desk } from './desk.ts';
import { admissionKeysOf } from './enforcement/admission.ts';
import type { EnforcementOptions } from './enforcement/enforcement.ts';
import { createProbing, type Probing } from './enforcement/probing.ts';

/** What the enforcement asks and wakes. */
export function enforcementEvents(desk: Desk): Omit<EnforcementOptions, 'client' | 'clock' | 'random' | 'signal'> {
  const { book, signers, coverage, world, options } = desk;
  const { log } = options;
  return {
    observer: options.observerOf('enforcement'),
    renderer: { chooseFormat, render: renderKyverno },
    policy: (name) => book.get(name)?.policy,
    policies: () => book.policies(),
    ...(options.probeAdmission === true ? { probing: probingOf(desk) } : {}),
    keysOf: (policy) => admissionKeysOf(policy, (name) => signers.key(name), world.materials),
    onView: (policy) => desk.publishing.policy(policy),
    onAdmission: (policy) => {
      for (const key of coverage.workloadsOf(policy)) desk.publishing.workload(key);
    },
    onWrite: (outcome) => options.onEnforced(outcome),
    onState: ({ plural }, state) => {
      if (state.phase === 'failing') log.warn('watch failing', { resource: plural, error: state.failure });
      else log.debug('watch', { resource: plural, phase: state.phase });
    },
    onBug: (error) => log.error('fault in a watch', { error }),
  };
}

function probingOf(desk: Desk): Probing {
  const { client, clock } = desk.options;
  return createProbing({
    client,
    clock,
    pair: (policy) => {
      const now = new Date(clock.now());
      return probePair(desk.board.rowsOf(policy), (use) => desk.coverage.wouldJudge(policy, use, now));
    },
  });
}
