import type { z } from "zod";

import { actsAsOwner, type Caller } from "@arkrelay/core/caller";
import { AppError } from "@arkrelay/core/errors";
import type { OpenSessionBody } from "@arkrelay/core/http/sessions";
import { parseBatchRequest } from "@arkrelay/core/nostr/batch-content";
import { randomSessionId } from "@arkrelay/core/nostr/session-id";
import type { Tx } from "@arkrelay/core/ports/transactions";
import { submitBatch } from "@arkrelay/core/swap/submit-batch";

import type { ApiDeps } from "../../api-deps";

interface SubmitSwap {
  readonly deps: ApiDeps;
  readonly tx: Tx;
  readonly caller: Caller;
  readonly body: z.output<typeof OpenSessionBody>;
}

/**
 * An atomic_swap is opened by its batch: `intent_data` is what `submit_batch` takes over Nostr. `user_pubkey` is the submitter, which must
 * be the caller's own key: batches are counted, and told of, by it.
 */
export async function submitSwap({ deps, tx, caller, body }: SubmitSwap) {
  const { user_pubkey: submitterPubkey, intent_data: intentData, delivery } = body;
  if (!actsAsOwner(caller, submitterPubkey)) {
    throw new AppError("forbidden", { message: "A batch is submitted with the key of its submitter (user_pubkey)." });
  }
  const { members, txid, replayed, wakes } = await submitBatch(deps.session, tx, {
    submitterPubkey,
    createdBy: caller.principal,
    request: parseBatchRequest(intentData),
    delivery,
    requestEventId: undefined,
    sessionIdOf: () => randomSessionId(deps.session.random),
  });
  // A submitter that is no member has no session of its own: it is shown the one that drives the batch.
  const session = members.find(({ userPubkey }) => userPubkey === submitterPubkey) ?? members[0];
  return {
    status: replayed ? 200 : 201,
    body: {
      message: replayed ? "Batch exists" : "Batch submitted",
      session_id: session.sessionId,
      user_pubkey: session.userPubkey,
      session_type: session.sessionType,
      status: session.status,
      intent_data: { ...session.intent.content },
      expires_at: session.expiresAt.toISOString(),
      created_at: session.createdAt.toISOString(),
      ...(session.batchId !== undefined && { batch_id: session.batchId }),
      members: members.map((member) => ({ action_id: member.intent.actionId, session_id: member.sessionId })),
      ...(txid !== undefined && { txid }),
    },
    headers: { location: `/sessions/${session.sessionId}` },
    wakes,
  } as const;
}
