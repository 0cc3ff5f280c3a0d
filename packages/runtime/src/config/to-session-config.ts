import type { arkdSection } from "./arkd-section";
import type { Mode } from "./mode";
import type { nostrSection } from "./nostr-section";
import type { SectionConfig } from "./parse-env";
import type { sessionSection } from "./session-section";

interface Sections {
  readonly session: SectionConfig<typeof sessionSection>;
  readonly nostr: SectionConfig<typeof nostrSection>;
  readonly arkd: SectionConfig<typeof arkdSection>;
  readonly mode: Mode;
}

/**
 * The limits and fees of sessions, under the names of core's `SessionConfig`. API and worker must not differ in one of them:
 * the one promises what the other has to keep.
 */
export function toSessionConfig({ session, nostr, arkd, mode }: Sections) {
  return {
    network: mode.network,
    sessionTimeoutMs: session.sessionTimeoutMs,
    challengeTimeoutMs: session.challengeTimeoutMs,
    ceremonyTimeoutMs: session.ceremonyTimeoutMs,
    challengeResendMs: session.challengeResendMs,
    maxSessionsPerUser: session.sessionsPerUserMax,
    unprovenSessionsPerCreator: session.unprovenSessionsPerCreatorMax,
    maxInputs: session.inputsPerSessionMax,
    acceptedUnfinalisedMax: session.acceptedUnfinalisedMax,
    maxConcurrentSessions: session.concurrentSessionsMax,
    vtxoMinRemainingMs: session.vtxoMinRemainingMs,
    renewDailySats: session.renewDailySats,
    l2FeeSats: session.l2FeeSats,
    feeVtxoSats: session.feeVtxoSats,
    maxIntentTtlMs: nostr.maxIntentTtlSeconds * 1000,
    strangerRepliesPerMinute: nostr.strangerRepliesPerMinute,
    daemonTimeoutMs: arkd.timeoutMs,
    batchMembersMax: session.batchMembersMax,
    batchPresign: session.batchPresign,
  };
}
