import { waitForCeremony, type WaitForCeremonyOptions } from "./ceremony.js";
import { intentSchema } from "./event-schemas.js";
import type { CallOptions, GatewayClient } from "./gateway-client.js";
import type { NostrEvent } from "./nostr-event.js";
import { tagValues, toPubkeyHex, verifyEvent } from "./nostr-utils.js";
import { nowSeconds } from "./nostr/event-times.js";
import { globalWebSocket } from "./nostr/global-web-socket.js";
import { parseJson } from "./nostr/parse-json.js";
import { type IntentContent, KIND } from "./payloads.js";
import { type Filter, RelayConnection, type WebSocketConstructor } from "./relay-connection.js";
import type { CeremonyStatus } from "./response-schemas.js";
import { secretKeySigner } from "./secret-key-signer.js";
import type { Signer } from "./signer.js";
import { generateKey } from "./wallet-utils.js";

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

/** Which intents a solver wants to hear of; what is left out is not asked for. */
export interface IntentFilter {
  /** Types as they stand in the content: `amm:swap`, `atomic_swap`. */
  readonly types?: readonly string[];
  /** Hex or npub: only intents that name this key, as their `solver_id` or among their counterparties. */
  readonly solver?: string;
  /** Hex or npub of the users. */
  readonly authors?: readonly string[];
  /** Unix seconds; a quarter of an hour ago when left out, which is as old as an intent may be that the gateway takes. */
  readonly since?: number;
}

export interface ReceivedIntent {
  readonly event: NostrEvent;
  readonly intent: IntentContent;
}

export interface SubscribeOptions {
  /** Needed where there is no global WebSocket (Node below 22): `nodeWebSocket` of `@arkrelay/sdk/node-web-socket`. */
  readonly webSocket?: WebSocketConstructor;
  /** Who answers a relay that asks its readers to prove a key (NIP-42); a key of nobody's when left out. */
  readonly signer?: Pick<Signer, "signEvent">;
}

/** Relays differ in order and delay, so a reconnect asks again from this long before the newest event. */
const OVERLAP_SECONDS = 900;
const EVENTS_REMEMBERED = 10_000;

/**
 * Calls the handler once for every valid 31510 to this gateway, from whichever relay brings it first; also those of the time a relay or
 * the solver was away. Events whose signature is wrong, whose content is no intent or whose time is over are left out. Whether the
 * gateway takes an intent is for the gateway to say; the same action may come in two events. Returns the way to stop.
 */
export function subscribeIntents(
  relays: readonly string[],
  gatewayPubkey: string,
  filter: IntentFilter,
  onIntent: (received: ReceivedIntent) => void,
  options: SubscribeOptions = {},
): () => void {
  const gateway = toPubkeyHex(gatewayPubkey);
  const { webSocket = globalWebSocket(), signer = secretKeySigner(generateKey().secretKey) } = options;
  const isWanted = intentMatcher(filter);
  const seen = new Set<string>();
  const from = filter.since ?? nowSeconds() - OVERLAP_SECONDS;
  const connections = relays.map((url) => new RelayConnection(url, webSocket, signer));
  for (const connection of connections) {
    // Each relay's own: one that was away is asked from where it stopped, whatever the others have brought meanwhile.
    let since = from;
    const filters = (): Filter[] => [{ kinds: [KIND.intent], "#p": [gateway], since, ...authorsOf(filter) }];
    const onEvent = (event: NostrEvent): void => {
      const isNew = !seen.has(event.id);
      const received = readIntent(event, gateway);
      if (received === undefined) return;
      // A time in the future, which anybody may write, must not let later intents be missed.
      since = Math.max(since, Math.min(event.created_at, nowSeconds()) - OVERLAP_SECONDS);
      remember(seen, event.id);
      if (isNew && isWanted(received)) onIntent(received);
    };
    connection.subscribe("sdk-intents", { filters, onEvent });
    connection.start();
  }
  return () => {
    for (const connection of connections) connection.close();
  };
}

/** Undefined for an event that is no intent to this gateway which still stands. */
function readIntent(event: NostrEvent, gateway: string): ReceivedIntent | undefined {
  if (event.kind !== KIND.intent || !tagValues(event, "p").includes(gateway) || !verifyEvent(event).ok)
    return undefined;
  const { data: intent } = intentSchema.safeParse(parseJson(event.content));
  if (intent === undefined) return undefined;
  const { expires_at: end } = intent;
  const endsAt = typeof end === "number" ? end : Date.parse(end) / 1000;
  return endsAt > nowSeconds() ? { event, intent } : undefined;
}

function intentMatcher({ types, solver }: IntentFilter): (received: ReceivedIntent) => boolean {
  const key = solver === undefined ? undefined : toPubkeyHex(solver);
  return ({ intent }) => {
    if (types !== undefined && !types.includes(intent.type)) return false;
    return key === undefined || [intent.solver_id, ...counterpartiesOf(intent)].some((each) => isKey(each, key));
  };
}

/** Content may name a key as hex or npub; what is neither is nobody's. */
function isKey(text: unknown, key: string): boolean {
  try {
    return typeof text === "string" && toPubkeyHex(text) === key;
  } catch {
    return false;
  }
}

function counterpartiesOf({ params }: IntentContent): readonly unknown[] {
  const { counterparties } = params;
  return Array.isArray(counterparties) ? counterparties : [];
}

function authorsOf({ authors }: IntentFilter): Filter {
  return authors === undefined ? {} : { authors: authors.map(toPubkeyHex) };
}

function remember(seen: Set<string>, id: string): void {
  seen.add(id);
  const [oldest] = seen;
  if (seen.size > EVENTS_REMEMBERED && oldest !== undefined) seen.delete(oldest);
}
