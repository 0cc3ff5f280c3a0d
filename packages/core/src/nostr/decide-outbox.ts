import type { NostrEvent } from "../ports/nostr";
import type { OutboxResult, OutboxRow } from "../ports/nostr-stores";
import { findTag } from "./nostr-event";

/** What a relay did with an event, after a claimed duplicate was looked up. */
export type RelayAnswer =
  | { readonly kind: "accepted" }
  | { readonly kind: "refused"; readonly final: boolean; readonly message: string }
  | { readonly kind: "unanswered"; readonly message: string };

const BACKOFF_MIN_MS = 1_000;
const BACKOFF_MAX_MS = 5 * 60_000;
/** A relay that took nothing for a day gets it no more; the row stays for the operator. */
const GIVE_UP_AFTER_MS = 24 * 3_600_000;

/** What becomes of an outbox row. A repeat sends the same signed bytes, so it is harmless however the last try ended. */
export function decideOutboxResult(
  row: Pick<OutboxRow, "attempts" | "createdAt"> & { readonly event: Pick<NostrEvent, "tags"> },
  answer: RelayAnswer,
  now: Date,
): OutboxResult {
  if (answer.kind === "accepted") return { kind: "done" };
  const error = answer.message;
  if (isExpired(row.event, now)) return { kind: "expired", error: `expired: ${error}` };
  if (answer.kind === "refused" && answer.final) return { kind: "parked", error };
  if (now.getTime() - row.createdAt.getTime() >= GIVE_UP_AFTER_MS)
    return { kind: "parked", error: `given up after a day: ${error}` };
  return { kind: "retry", delayMs: Math.min(BACKOFF_MIN_MS * 2 ** row.attempts, BACKOFF_MAX_MS), error };
}

function isExpired(event: Pick<NostrEvent, "tags">, now: Date): boolean {
  const expiration = findTag(event, "expiration");
  return expiration !== undefined && Number(expiration) * 1000 <= now.getTime();
}
