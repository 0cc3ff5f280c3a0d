import { AppError } from "../errors";
import { parseIntentEnvelope } from "../nostr/intent-envelope";
import { INTENT_KIND } from "../nostr/kinds";
import type { NostrEvent } from "../ports/nostr";
import type { Tx } from "../ports/transactions";
import { publishNotice } from "./publish-failure";
import type { SessionDeps } from "./session-deps";
import { isOverStrangerBudget } from "./stranger-budget";

/**
 * Tells an author, once, that its events come too fast (31341, 1009). Nothing else happens to the event: its action_id stays free,
 * so that the same intent may be sent again later. Answers to challenges get no notice; the challenge is still open.
 */
export async function notifyRateLimit(deps: SessionDeps, tx: Tx, event: NostrEvent): Promise<void> {
  if (event.kind !== INTENT_KIND) return;
  const actionId = readActionId(event) ?? event.id;
  await publishNotice(deps, tx, {
    authorPubkey: event.pubkey,
    actionId,
    refId: actionId,
    intentEventId: event.id,
    silent: await isOverStrangerBudget(deps, event.pubkey),
    error: new AppError("rate_limited"),
  });
}

function readActionId(event: NostrEvent): string | undefined {
  try {
    return parseIntentEnvelope(event.content).content.action_id;
  } catch {
    return undefined;
  }
}
