import type { AttemptFence } from "@arkrelay/core/jobs/attempt-store";
import { notifyRequestLimit, processServiceRequest } from "@arkrelay/core/nostr-service/process-service-request";
import type { ServiceRequestDeps } from "@arkrelay/core/nostr-service/service-deps";
import { SERVICE_REQUEST_KIND } from "@arkrelay/core/nostr/kinds";
import type { NostrEventStore, StoredNostrEvent } from "@arkrelay/core/ports/nostr-stores";
import { notifyRateLimit } from "@arkrelay/core/session/notify-rate-limit";
import { processNostrEvent, type ProcessedEvent } from "@arkrelay/core/session/process-nostr-event";
import type { CeremonyDeps } from "@arkrelay/core/session/session-deps";

import type { TaskHandler } from "../task-handler";

export interface NostrProcessDeps extends CeremonyDeps, Pick<ServiceRequestDeps, "knownArkInfo"> {
  readonly attempts: AttemptFence;
  readonly events: NostrEventStore;
}

/** One stored event of somebody else, to its outcome. An event whose raw text has aged away was dealt with long ago. */
export function nostrProcessTask(deps: NostrProcessDeps): TaskHandler<undefined> {
  return async ({ attempt }) => {
    const stored = await deps.events.find(undefined, attempt.rowKey);
    if (stored?.status !== "received") return {};
    const { errorCode, wakes } = await processStored(deps, stored);
    await deps.transactions.run(async (tx) => {
      await deps.attempts.assertAttempt(tx, attempt);
      await deps.events.close(tx, stored.event, errorCode);
    });
    return { wakes };
  };
}

async function processStored(deps: NostrProcessDeps, { event, errorCode }: StoredNostrEvent): Promise<ProcessedEvent> {
  const isRequest = event.kind === SERVICE_REQUEST_KIND;
  if (errorCode !== "rate_limited")
    return isRequest ? processServiceRequest(deps, event) : processNostrEvent(deps, event);
  await deps.transactions.run((tx) =>
    isRequest ? notifyRequestLimit(deps, tx, event) : notifyRateLimit(deps, tx, event),
  );
  return { errorCode: "rate_limited", wakes: [] };
}
