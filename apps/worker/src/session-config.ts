import type { SessionConfig } from "@arkrelay/core/session/session-deps";

import type { WorkerConfig } from "./config";

/** The limits and fees of sessions, from the variables of the environment. */
export function toSessionConfig({ session, nostr, arkd, mode }: WorkerConfig): SessionConfig {
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
    vtxoMinRemainingMs: session.vtxoMinRemainingMs,
    l2FeeSats: session.l2FeeSats,
    feeVtxoSats: session.feeVtxoSats,
    maxIntentTtlMs: nostr.maxIntentTtlSeconds * 1000,
    strangerRepliesPerMinute: nostr.strangerRepliesPerMinute,
    daemonTimeoutMs: arkd.timeoutMs,
  };
}
