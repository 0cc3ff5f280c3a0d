import type { Tx } from "@arkrelay/core/ports/transactions";
import type { SessionDeps } from "@arkrelay/core/session/session-deps";
import type { WebhookEndpoint } from "@arkrelay/core/webhook/webhook-endpoint";
import { keyOfOwner } from "@arkrelay/core/webhook/webhook-event";
import { createDirectMessage } from "@arkrelay/nostr/direct-message";

/**
 * An encrypted message to the owner of an endpoint that the gateway has paused. Owners without a Nostr key, and all where the gateway
 * has none, find the reason at the endpoint itself.
 */
export function createPauseNotice({ clock, identity, outbox, peers }: SessionDeps) {
  return async (tx: Tx, endpoint: WebhookEndpoint): Promise<void> => {
    const recipientPubkey = keyOfOwner(endpoint.owner);
    if (identity === undefined || recipientPubkey === undefined) return;
    const event = createDirectMessage(identity, {
      recipientPubkey,
      text: textOf(endpoint),
      scheme: await peers.findScheme(recipientPubkey),
      now: clock.now(),
      random: Math.random,
    });
    await outbox.insert(tx, event, endpoint.endpointId);
  };
}

function textOf({ endpointId, url, disabledReason }: WebhookEndpoint): string {
  return (
    `Your webhook endpoint ${endpointId} (${new URL(url).host}) was paused: ${disabledReason ?? "it failed"}. ` +
    "Events that happen meanwhile are not kept for it. Make it active again with PATCH /webhooks/{id}."
  );
}
