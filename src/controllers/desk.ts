/**
 * All that the operator knows, and the controllers over it, wired: which change wakes whom. Owns these arrows alone.
 */
import { Coverage } from '../core/coverage.ts';
import { keyOfWorkload } from '../core/known.ts';
import { PRIORITY } from '../kube/work-queue.ts';
import { createKmsKeys, type KmsKeys } from '../store/kms-keys.ts';
import { createTufRoots, type TufRoots } from '../store/tuf-roots.ts';
import type { RestoredReport } from '../outputs/report-restore.ts';
import { createVerdictStore, type VerdictStore } from '../store/verdicts.ts';
import type { ProofMemo } from '../verify/engine/memo.ts';
import type { SignatureFamily } from '../verify/family.ts';
import { type Board, createBoard } from './board.ts';
import { createCheck } from './check.ts';
import type { Controller } from './controller.ts';
import { createLeftoverReports, type LeftoverReports } from './leftover-reports.ts';
import { enforcementEvents } from './enforcement-wakes.ts';
import { createEnforcement, type Enforcement } from './enforcement/enforcement.ts';
import { createNews, type News } from './news.ts';
import type { OperatorOptions } from './operator.ts';
import { createOwnerChains, type OwnerChains } from './owners.ts';
import { createPods, type Pods } from './pods.ts';
import { createPolicies } from './policies.ts';
import { createPolicyBook, type PolicyBook } from './policy-book.ts';
import { createPublishing, type Publishing } from './publishing.ts';
import { createRegistrySources, type RegistrySources } from './registry-sources.ts';
import { createReportKeeper, type ReportKeeper } from './report-keeper.ts';
import { createResolution, type Resolution } from './resolution.ts';
import { restoredTasks } from './restore.ts';
import { createSettingsWatch, type SettingsWatch } from './settings-watch.ts';
import { createSignerBook, type SignerBook } from './signers.ts';
import { createVerification, type Verification } from './verification.ts';
import {
  leftoverEvents,
  policyEvents,
  publishingEvents,
  resolutionEvents,
  rootEvents,
  settingsId,
  signerEvents,
  touchedBy,
  verificationEvents,
  worldEvents,
} from './wakes.ts';
import { watchWorld, type World } from './world.ts';

/** What the desk is made of. */
export interface DeskOptions extends Omit<OperatorOptions, 'elector'> {
  /** Ends the watches. */
  readonly signal: AbortSignal;
  readonly families: readonly SignatureFamily[];
  readonly memo: ProofMemo;
}

/** Workloads whose rows are taken back in one turn of the event loop. */
const SHOWN_AT_ONCE = 50;

/** An owner that we may not read may be one that we may later: a role was added, a kind was installed. */
const HIDDEN_OWNER_MS = 10 * 60_000;

/** The desk. */
export class Desk {
  readonly world: World;
  readonly coverage: Coverage;
  readonly book: PolicyBook;
  readonly kms: KmsKeys;
  readonly signers: SignerBook;
  readonly tuf: TufRoots;
  readonly store: VerdictStore = createVerdictStore();
  readonly board: Board;
  readonly reports: ReportKeeper | undefined;
  readonly leftovers: LeftoverReports;
  readonly policies: Controller;
  readonly verification: Verification;
  readonly options: DeskOptions;
  readonly owners: OwnerChains;
  readonly pods: Pods;
  readonly sources: RegistrySources;
  readonly settings: SettingsWatch;
  readonly resolution: Resolution;
  readonly news: News;
  readonly publishing: Publishing;
  readonly enforcement: Enforcement;
  /** Everything was read once: from now on a change is a change. */
  loaded = false;

  constructor(options: DeskOptions) {
    const { client, clock, observerOf, concurrency } = options;
    this.options = options;
    this.coverage = new Coverage(touchedBy(this));
    this.reports = options.reports === undefined ? undefined : createReportKeeper({ client, ...options.reports });
    this.world = worldOf(this);
    const { materials, pods } = this.world;
    this.tuf = createTufRoots({ ...options, ...rootEvents(this), client: options.trust.tuf });
    this.kms = kmsOf(this);
    this.signers = signersOf(this);
    this.book = createPolicyBook(this.signers);
    this.owners = createOwnerChains(client, options.lookup, { now: clock.now, hiddenMs: HIDDEN_OWNER_MS });
    const shared = { clock, coverage: this.coverage, book: this.book, store: this.store, signers: this.signers };
    this.pods = createPods({ ...shared, pods, pulls: options.pulls, owners: this.owners, observer: observerOf('pod') });
    const { openSource: open, cwd, random } = options;
    this.sources = createRegistrySources({ materials, open, now: () => clock.now(), cwd });
    this.settings = createSettingsWatch((policy) => settingsId(this, policy));
    const { sources, signers } = this;
    this.resolution = createResolution({ ...shared, ...resolutionEvents(this), sources, concurrency });
    this.enforcement = createEnforcement({ ...options, ...enforcementEvents(this) });
    const { enforcement } = this;
    this.board = createBoard({
      ...shared,
      unresolved: (policy, ref) => this.resolution.unresolved(policy, ref),
      door: ({ metadata }) => enforcement.door(metadata.name),
    });
    const check = createCheck({ ...options, sources, signers });
    this.verification = createVerification({ ...shared, ...verificationEvents(this), check, random, concurrency });
    this.policies = createPolicies({ ...shared, ...policyEvents(this), verification: this.verification });
    this.news = createNews({ ...shared, recorder: options.recorder, log: options.log });
    const { board, reports } = this;
    this.leftovers = createLeftoverReports({ ...options, ...leftoverEvents(this) });
    this.publishing = createPublishing({ ...shared, ...publishingEvents(this), client, board, reports, enforcement });
  }

  /** They run on every replica. */
  get readerControllers(): readonly Controller[] {
    return [this.pods.controller];
  }

  /** They ask registries. On the leader alone. */
  get lookers(): readonly Controller[] {
    return [this.verification.controller, this.resolution.controller];
  }

  /** They decide what is due, and write. On the leader alone. */
  get writers(): readonly Controller[] {
    return [
      this.policies,
      this.enforcement.controller,
      this.news.controller,
      this.leftovers.controller,
      ...this.publishing.controllers,
    ];
  }

  /** They run on the leader alone. */
  get leaderControllers(): readonly Controller[] {
    return [...this.lookers, ...this.writers];
  }

  /** Takes in everything that was read; the world has to be synced. */
  async load(signal: AbortSignal): Promise<void> {
    await this.pods.load(signal);
    await this.world.materials.settled();
    await Promise.all([this.tuf.settled(), this.kms.settled()]);
    this.loaded = true;
  }

  /**
   * This replica leads from now on: takes back what the reports say, and wants everything looked into. What was taken
   * back is visible to metrics when this resolves. Ends early, without an error, where `stop` fires.
   */
  async begin(stop: AbortSignal): Promise<void> {
    const reports = this.restore(new Date(this.options.clock.now()));
    this.enforcement.begin();
    for (const { metadata } of this.book.policies()) this.enforcement.want(metadata.name);
    for (const { metadata } of this.book.policies())
      this.policies.add(metadata.name, { priority: PRIORITY.background });
    for (const key of [...this.coverage.workloads(), ...(this.reports?.workloads() ?? [])])
      this.publishing.workload(key);
    for (const { metadata } of this.signers.keys()) this.publishing.key(metadata.name);
    this.leftovers.look();
    for (const [index, report] of reports.entries()) {
      if (stop.aborted) return;
      this.publishing.show(keyOfWorkload(report));
      if (index % SHOWN_AT_ONCE === SHOWN_AT_ONCE - 1) await nextTurn();
    }
  }

  /** What the reports say is known again, as of what the policies say of their passes. */
  private restore(now: Date): readonly RestoredReport[] {
    for (const policy of this.book.policies()) {
      // The statuses that were read last tell of the passes of whoever led before.
      this.book.remove(policy.metadata.name);
      this.book.set(policy, now);
    }
    const reports = this.reports?.takeRestored() ?? [];
    for (const report of reports) this.board.restore(keyOfWorkload(report), report.rows);
    for (const known of restoredTasks(reports, (policy) => this.book.get(policy)?.pass?.completionTime))
      this.store.restore(known);
    return reports;
  }

  /** How much there is, for a log line. */
  figures(): Readonly<Record<string, number>> {
    return {
      policies: this.book.policies().length,
      trustedKeys: this.signers.keys().length,
      pods: this.world.pods.size,
      workloads: [...this.coverage.workloads()].length,
    };
  }

  async close(): Promise<void> {
    await Promise.all([this.sources.close(), this.tuf.close(), this.kms.stop()]);
  }
}

function worldOf(desk: Desk): World {
  const { options, reports } = desk;
  return watchWorld({ ...options, reports, withPulls: options.pulls !== undefined, events: worldEvents(desk) });
}

function signersOf(desk: Desk): SignerBook {
  const { options, world, kms, tuf } = desk;
  return createSignerBook({ ...signerEvents(desk), materials: world.materials, kms, roots: options.trust, tuf });
}

function kmsOf(desk: Desk): KmsKeys {
  const { clock, random, askKms: ask, log } = desk.options;
  return createKmsKeys({
    clock,
    random,
    ask,
    onChange: (uri) => desk.signers.kmsChanged(uri),
    onFailure: (uri, error) => log.warn('key service failing', { uri, error }),
  });
}

/** Lets the others of the process have a turn. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
