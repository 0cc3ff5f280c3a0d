import type { NostrEvent } from "../ports/nostr";
import { readPubkey } from "../pubkey";
import { ownerOfKey, type WebhookEvent } from "./webhook-event";

/**
 * A stored 31510 of a type that solvers execute. One that names a solver (`solver_id`: its key, or the id of its API key) is that
 * solver's alone; the event itself is public, so without a name every subscribed endpoint gets it.
 */
export function intentReceivedEvent(event: NostrEvent, solverId: string | undefined): WebhookEvent {
  return {
    type: "intent.received",
    objectKey: `intent:${event.id}`,
    audience:
      solverId === undefined ? { kind: "everyone" } : { kind: "principals", principals: principalsOf(solverId) },
    dataFor: () => ({ ...event }),
  };
}

function principalsOf(solverId: string): readonly string[] {
  const pubkey = readPubkey(solverId);
  return [`key:${solverId}`, ...(pubkey === undefined ? [] : [ownerOfKey(pubkey)])];
}
