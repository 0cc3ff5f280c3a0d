import type { z } from "zod";

import type { CeremonyStatus } from "@arkrelay/core/http/ceremony";
import type { ChallengeProgress } from "@arkrelay/core/ports/session-stores";
import { completedSteps, progressOf, skippedSteps, stageOf, stepName } from "@arkrelay/core/session/progress";
import { isHandedOver, isRecovery, isTerminal, type Session } from "@arkrelay/core/session/session";

import type { ApiDeps } from "../../api-deps";

type CeremonyStatus = z.output<typeof CeremonyStatus>;

/** Everything about a ceremony that may be shown: never a signature. */
export async function readCeremonyStatus(deps: ApiDeps, session: Session): Promise<CeremonyStatus> {
  const { challenges, sessionTxs } = deps.session;
  const [txids, issued] = await Promise.all([
    sessionTxs.findTxids(session.headId ?? session.id),
    challenges.listProgress(session.id),
  ]);
  const open = issued.find((challenge) => challenge.status === "issued");
  const arkTxid = txids?.ark;
  const txid = isRecovery(session) ? commitmentOf(session) : isHandedOver(session) ? arkTxid : undefined;
  const skipped = skippedSteps(session);
  return {
    session_id: session.sessionId,
    session_status: session.status,
    status: session.ceremonyState,
    state: session.ceremonyState,
    ceremony_status: ceremonyStatusOf(session),
    current_step: session.currentStep,
    current_step_name: stepName(session.currentStep),
    stage: stageOf(session),
    completed_steps: [...completedSteps(session)],
    progress: progressOf(session),
    transactions: {
      ...(arkTxid !== undefined && { ark_txid: arkTxid }),
      checkpoint_txids: [...(txids?.checkpoints ?? [])],
    },
    signatures_collected: countSignatures(issued),
    ...(open !== undefined && { open_challenge_id: open.challengeId }),
    ...(txid !== undefined && { txid }),
    ...(session.errorMessage !== undefined && { error: session.errorMessage }),
    ...(session.errorCode !== undefined && { error_code: session.errorCode }),
    details: skipped.length > 0 ? { skipped_steps: [...skipped] } : {},
    intent_data: { ...session.intent.content },
    ...times(session, deps.clock.now()),
  };
}

/** The batch that gave swept VTXOs back; there is no ark tx of theirs. */
function commitmentOf({ resultData }: Session): string | undefined {
  const txid = resultData?.["commitment_txid"];
  return typeof txid === "string" ? txid : undefined;
}

function ceremonyStatusOf(session: Session): CeremonyStatus["ceremony_status"] {
  if (session.status === "completed") return "completed";
  if (session.status === "failed" || session.status === "expired") return "failed";
  return session.ceremonyState === "intent_received" && !session.autoStart ? "not_started" : "in_progress";
}

/** Of the newest challenge of each signer: older ones were answered, expired or replaced. */
function countSignatures(challenges: readonly ChallengeProgress[]): CeremonyStatus["signatures_collected"] {
  return Object.fromEntries(challenges.map(({ signerPubkey, have, need }) => [signerPubkey, { have, need }]));
}

function times(session: Session, now: Date) {
  const end = session.completedAt ?? now;
  const isTimed = !isTerminal(session) && !isHandedOver(session);
  return {
    start_time: session.createdAt.toISOString(),
    last_updated: session.updatedAt.toISOString(),
    time_elapsed: seconds(end.getTime() - session.createdAt.getTime()),
    // After the hand-over nothing runs out any more.
    time_remaining: isTimed ? seconds(session.expiresAt.getTime() - now.getTime()) : null,
  };
}

function seconds(ms: number): number {
  return Math.max(0, ms) / 1000;
}
