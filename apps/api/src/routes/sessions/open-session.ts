import { OpenSessionBody, OpenSessionReply } from "@arkrelay/core/http/sessions";
import { askForLand } from "@arkrelay/core/lightning/invoice-quotes";
import { openSession } from "@arkrelay/core/session/open-session";

import { writeRoute } from "../../http/route";
import { withinWriteBudget } from "../../within-write-budget";
import { submitSwap } from "./submit-swap";

/** An intent may be large; the limit of `/sessions/create` is wider than that of other routes. */
const BODY_BYTES_MAX = 1024 * 1024;

export const openSessionRoute = writeRoute({
  method: "POST",
  path: "/sessions/create",
  summary: "Open a session for a user's intent",
  auth: ["owner", "solver"],
  scope: "sessions",
  body: OpenSessionBody,
  bodyBytesMax: BODY_BYTES_MAX,
  integersOnly: true,
  opensSession: true,
  replies: { 200: OpenSessionReply, 201: OpenSessionReply },
})
  .prepare(({ deps, body }) =>
    // What tapd says later is there for the next call.
    withinWriteBudget(askForLand(deps.session.invoiceQuotes, body.intent_event?.content ?? body.intent_data)),
  )
  .handle(async ({ deps, tx, caller, body }) => {
    if (body.session_type === "atomic_swap") return submitSwap({ deps, tx, caller, body });
    const { session, replayed, wakes } = await openSession(deps.session, tx, {
      caller,
      userPubkey: body.user_pubkey,
      sessionType: body.session_type,
      intentData: body.intent_data,
      ...(body.intent_event !== undefined && { intentEvent: body.intent_event }),
      delivery: body.delivery,
      autoStart: body.auto_start,
    });
    return {
      status: replayed ? 200 : 201,
      body: {
        message: replayed ? "Session exists" : "Session created",
        session_id: session.sessionId,
        user_pubkey: session.userPubkey,
        session_type: session.sessionType,
        status: session.status,
        intent_data: { ...session.intent.content },
        expires_at: session.expiresAt.toISOString(),
        created_at: session.createdAt.toISOString(),
      },
      headers: { location: `/sessions/${session.sessionId}` },
      wakes,
    };
  });
