import { SendDmBody, SendDmReply } from "@arkrelay/core/http/nostr-control";
import { createDirectMessage } from "@arkrelay/nostr/direct-message";

import { writeRoute } from "../../http/route";
import { requireRunningNostr } from "./require-nostr";

export const sendDmRoute = writeRoute({
  method: "POST",
  path: "/nostr/send-dm",
  summary: "Send an encrypted direct message from the gateway; every configured relay gets it through the outbox",
  auth: ["solver"],
  scope: "nostr",
  body: SendDmBody,
  replies: { 202: SendDmReply },
})
  .prepare(async ({ deps, body }) => {
    const identity = await requireRunningNostr(deps);
    const scheme = body.scheme ?? (await deps.session.peers.findScheme(body.recipient_pubkey));
    const { recipient_pubkey: recipientPubkey, message: text } = body;
    const event = createDirectMessage(identity, {
      recipientPubkey,
      text,
      scheme,
      now: deps.clock.now(),
      random: Math.random,
    });
    return { event, scheme };
  })
  .handle(async ({ deps, tx, body, prepared: { event, scheme } }) => {
    await deps.session.outbox.insert(tx, event, event.id);
    return {
      status: 202,
      body: { message: "Direct message queued", event_id: event.id, recipient: body.recipient_pubkey, scheme },
    };
  });
