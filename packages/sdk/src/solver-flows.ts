import { waitForCeremony, type WaitForCeremonyOptions } from "./ceremony.js";
import type { CallOptions, GatewayClient } from "./gateway-client.js";
import type { NostrEvent } from "./nostr-event.js";
import type { IntentContent } from "./payloads.js";
import type { CeremonyStatus } from "./response-schemas.js";

/** What a solver accepts: the 31510 its user has signed, or content that nobody has signed yet. */
export type AcceptedIntent = NostrEvent | IntentContent;

export interface IssuedChallenge {
  readonly session_id: string;
  /** The whole content of the 31511; it goes to the user's wallet, which verifies and signs it. */
  readonly challenge: unknown;
}

/**
 * Opens a protocol_op over a user's intent and its challenge, which the gateway also sends to the user's wallet over Nostr. A signed intent
 * proves its user; without, the session is the solver's word and its action_id is of the solver's own namespace. `challengeType` is what
 * the solver expects to be signed: GatewayClientError `payload_mismatch` when the gateway asks for something else.
 */
export async function acceptIntentAndIssueChallenge(
  client: Pick<GatewayClient, "createSession" | "createChallenge">,
  userPubkey: string,
  intent: AcceptedIntent,
  challengeType: "sign_payload" = "sign_payload",
  context?: Readonly<Record<string, unknown>>,
  options: CallOptions = {},
): Promise<IssuedChallenge> {
  const isSigned = "sig" in intent;
  const data = isSigned ? {} : intent;
  const session = await client.createSession(userPubkey, "protocol_op", data, {
    ...options,
    ...(isSigned ? { intent_event: intent } : {}),
  });
  const { session_id } = session;
  const issued = await client.createChallenge(session_id, { type: challengeType }, context, options);
  return { session_id, challenge: issued.challenge };
}

/** Starts a session's ceremony and waits for its end: whether it succeeded, and how it stood last. A timeout is `false`, not an error. */
export async function startAndWaitCeremony(
  client: Pick<GatewayClient, "startCeremony" | "getCeremonyStatus" | "streamSession">,
  sessionId: string,
  options: WaitForCeremonyOptions = {},
): Promise<readonly [ok: boolean, status: CeremonyStatus | undefined]> {
  await client.startCeremony(sessionId);
  const { ok, status } = await waitForCeremony(client, sessionId, options);
  return [ok, status];
}
