import type { z } from "zod";

import type { SessionListReply } from "../http/sessions";
import { shorten } from "../short-id";
import type { Session } from "./session";

/** A session as lists and webhooks show it. */
export function toSessionItem(session: Session): z.output<typeof SessionListReply>["sessions"][number] {
  return {
    session_id: session.sessionId,
    user_pubkey: shorten(session.userPubkey),
    session_type: session.sessionType,
    status: session.status,
    context: { ...session.context },
    created_at: session.createdAt.toISOString(),
    expires_at: session.expiresAt.toISOString(),
    updated_at: session.updatedAt.toISOString(),
    has_result: session.resultData !== undefined,
    has_error: session.errorCode !== undefined,
  };
}
