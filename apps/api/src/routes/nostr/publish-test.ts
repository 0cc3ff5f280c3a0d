import { PublishTestBody, PublishTestReply } from "@arkrelay/core/http/nostr-control";
import { NOTE_KIND } from "@arkrelay/core/nostr/kinds";

import { writeRoute } from "../../http/route";
import { requireRunningNostr, requireTestRoutes } from "./require-nostr";

const DEFAULT_TEXT = "ArkRelay Gateway test note";

export const publishTestRoute = writeRoute({
  method: "POST",
  path: "/nostr/publish-test",
  summary: "Publish a plain note (kind 1) to every configured relay, to see whether they take what the gateway sends",
  auth: ["admin"],
  body: PublishTestBody,
  replies: { 202: PublishTestReply },
})
  .prepare(async ({ deps, body }) => {
    requireTestRoutes(deps);
    const identity = await requireRunningNostr(deps);
    return identity.sign({
      kind: NOTE_KIND,
      created_at: Math.floor(deps.clock.now().getTime() / 1000),
      tags: [["t", "arkrelay-test"]],
      content: body.message ?? DEFAULT_TEXT,
    });
  })
  .handle(async ({ deps, tx, prepared: event }) => {
    await deps.session.outbox.insert(tx, event, event.id);
    return { status: 202, body: { message: "Test note queued", event_id: event.id, kind: NOTE_KIND } };
  });
