import { hex } from "@scure/base";

import { openDeadline } from "./deadline.js";
import { ServiceRequestError } from "./errors.js";
import {
  type Confirmation31340,
  confirmationSchema,
  type Failure31341,
  failureSchema,
  type Notification31502,
  notificationSchema,
  type ServiceResponse31501,
  serviceResponseSchema,
} from "./event-schemas.js";
import type { NostrEvent } from "./nostr-event.js";
import { tagValues } from "./nostr-utils.js";
import { EventTimes, nowSeconds } from "./nostr/event-times.js";
import { GatewayCipher } from "./nostr/gateway-cipher.js";
import { GatewayRelays } from "./nostr/gateway-relays.js";
import { globalWebSocket } from "./nostr/global-web-socket.js";
import { parseJson } from "./nostr/parse-json.js";
import {
  type IntentContent,
  KIND,
  type Response31512,
  buildIntent31510,
  buildServiceRequest31500,
  canonicalJson,
  resultSubject,
} from "./payloads.js";
import type { Filter, WebSocketConstructor } from "./relay-connection.js";
import type { Signer } from "./signer.js";
import type { ReceivedChallenge } from "./verifier/verifier-types.js";

export interface NostrClientOptions {
  /** Needed where there is no global WebSocket (Node below 22): `nodeWebSocket` of `@arkrelay/sdk/node-web-socket`. */
  readonly webSocket?: WebSocketConstructor;
  /** Relays that must accept an event before it counts as published. */
  readonly minAcks?: number;
  readonly publishTimeoutMs?: number;
}

/** How the gateway ended an intent. */
export type IntentResult =
  | { readonly ok: true; readonly event: NostrEvent; readonly confirmation: Confirmation31340 }
  | { readonly ok: false; readonly event: NostrEvent; readonly failure: Failure31341 };

export type ChallengeHandler = (challenge: ReceivedChallenge & { readonly event: NostrEvent }) => void;

/** Events are asked for again from this long before the newest one seen, because relays differ in order and delay. */
const OVERLAP_SECONDS = 900;
/** Clocks of gateway and wallet differ by less. */
const CLOCK_SLACK_SECONDS = 120;
const REQUEST_TIMEOUT_MS = 30_000;

/**
 * The gateway's Nostr protocol as a wallet speaks it, over several relays at once. Every event handed out is signed
 * by the gateway's key, addressed to this wallet and decrypted; whether to sign anything is the verifier's decision.
 */
export class NostrGatewayClient {
  readonly #relays: GatewayRelays;
  readonly #cipher: GatewayCipher;
  readonly #times = new EventTimes();
  readonly #signer: Signer;
  readonly #gatewayPubkey: string;
  readonly #handlers = new Set<ChallengeHandler>();
  readonly #seen = new Set<string>();
  #challengesSince = nowSeconds() - OVERLAP_SECONDS;
  #isListening = false;

  constructor(relayUrls: readonly string[], signer: Signer, gatewayPubkey: string, options: NostrClientOptions = {}) {
    const { webSocket = globalWebSocket(), minAcks = 1, publishTimeoutMs = 10_000 } = options;
    this.#relays = new GatewayRelays(relayUrls, { signer, gatewayPubkey, webSocket, minAcks, publishTimeoutMs });
    this.#cipher = new GatewayCipher(signer, gatewayPubkey);
    this.#signer = signer;
    this.#gatewayPubkey = gatewayPubkey;
  }

  close(): void {
    this.#relays.close();
  }

  /** Signs and publishes a 31510. Publish the returned event again (`publish`) when unsure: same event, same outcome. */
  async publishIntent(
    actionId: string,
    type: string,
    params: Readonly<Record<string, unknown>>,
    expiresAt: number,
    extra: { readonly network?: string; readonly solver_id?: string } = {},
  ): Promise<{ readonly event: NostrEvent; readonly intent: IntentContent }> {
    const { intent, event } = await this.signIntent(actionId, type, params, expiresAt, extra);
    await this.publish(event);
    return { event, intent };
  }

  /** The signed 31510 without publishing it. */
  async signIntent(
    actionId: string,
    type: string,
    params: Readonly<Record<string, unknown>>,
    expiresAt: number,
    extra: { readonly network?: string; readonly solver_id?: string } = {},
  ): Promise<{ readonly event: NostrEvent; readonly intent: IntentContent }> {
    const { intent, ...draft } = buildIntent31510(actionId, type, params, expiresAt, {
      gatewayPubkey: this.#gatewayPubkey,
      ...extra,
    });
    const event = await this.#signer.signEvent({ ...draft, created_at: this.#times.next(draft.kind, draft.tags) });
    return { event, intent };
  }

  /** Resolves when enough relays accepted the event; throws UnavailableError with their answers otherwise. */
  publish(event: NostrEvent): Promise<void> {
    return this.#relays.publish(event);
  }

  /** Calls the handler for every challenge to this wallet, also those that came while it was offline. Returns the way to stop. */
  onChallenge(handler: ChallengeHandler): () => void {
    this.#handlers.add(handler);
    if (!this.#isListening) void this.#listenForChallenges();
    return () => void this.#handlers.delete(handler);
  }

  /** Encrypts and publishes the answer to a challenge. */
  async respond(response: Response31512, challenge: NostrEvent): Promise<NostrEvent> {
    const content = await this.#cipher.encryptLike(challenge.content, canonicalJson(response));
    const [subject = response.session_id] = tagValues(challenge, "d");
    const tags = [
      ["d", subject],
      ["p", this.#gatewayPubkey],
      ["e", challenge.id],
    ];
    const created_at = this.#times.next(KIND.response, tags);
    const event = await this.#signer.signEvent({ kind: KIND.response, content, tags, created_at });
    await this.publish(event);
    return event;
  }

  /** Waits for the 31340 or 31341 of an action of this wallet. Rejects with the signal's reason when it aborts. */
  async waitForResult(actionId: string, signal: AbortSignal): Promise<IntentResult> {
    const me = await this.#signer.getPublicKey();
    return await this.#waitForTagged("d", resultSubject(me, actionId), signal);
  }

  /**
   * As `waitForResult`, about one signed 31510: a second event under an action_id that was used before has a refusal of its
   * own, while the action keeps its first result.
   */
  waitForResultOf(intentEventId: string, signal: AbortSignal): Promise<IntentResult> {
    return this.#waitForTagged("e", intentEventId, signal);
  }

  /**
   * Sends a 31500 and waits for its 31501. Throws ServiceRequestError when the gateway refuses it. The same requestId with the same
   * fields has the same answer however often it is sent, so this may be repeated when it was cut off.
   */
  async request(
    action: string,
    fields: Readonly<Record<string, unknown>>,
    options: { readonly requestId?: string; readonly timeoutMs?: number; readonly signal?: AbortSignal } = {},
  ): Promise<{ readonly event: NostrEvent; readonly response: ServiceResponse31501 }> {
    const timeoutMs = options.timeoutMs ?? REQUEST_TIMEOUT_MS;
    const requestId = options.requestId ?? `req-${hex.encode(crypto.getRandomValues(new Uint8Array(12)))}`;
    const expiresAt = nowSeconds() + Math.ceil(timeoutMs / 1000);
    const draft = buildServiceRequest31500(requestId, action, fields, {
      gatewayPubkey: this.#gatewayPubkey,
      expiresAt,
    });
    const { plainText, ...rest } = draft;
    const content = await this.#cipher.encrypt(plainText);
    const event = await this.#signer.signEvent({
      ...rest,
      content,
      created_at: this.#times.next(rest.kind, rest.tags),
    });
    const deadline = openDeadline(timeoutMs, options.signal);
    try {
      const subject = resultSubject(event.pubkey, requestId);
      // The answer; a notice about this event alone; what is said of a request that could not be read.
      const subjects = [subject, `${subject}:${event.id}`, resultSubject(event.pubkey, event.id)];
      const answer = this.#relays.waitFor(
        { kinds: [KIND.serviceResponse], authors: [this.#gatewayPubkey], "#d": subjects },
        async (each) => {
          const response = serviceResponseSchema.safeParse(await this.#cipher.decrypt(each)).data;
          // A refusal may be an earlier event's; an answer is the request's, whichever event brought it.
          const isOurs = response?.status !== "error" || tagValues(each, "e").includes(event.id);
          return isOurs ? response : undefined;
        },
        deadline.signal,
      );
      answer.catch(() => undefined);
      await this.publish(event);
      return { event, response: accepted(await answer) };
    } finally {
      deadline.close();
    }
  }

  /** Calls the handler for every 31502 to this wallet from now on. Nothing should wait for one: they are optional. */
  onNotification(handler: (notification: Notification31502) => void): () => void {
    let isStopped = false;
    let stop = (): void => undefined;
    void this.#signer.getPublicKey().then((me) => {
      if (isStopped) return;
      const since = nowSeconds() - CLOCK_SLACK_SECONDS;
      const filter: Filter = { kinds: [KIND.notification], authors: [this.#gatewayPubkey], "#p": [me], since };
      stop = this.#relays.subscribe(
        () => [filter],
        (event) =>
          void this.#cipher.decrypt(event).then((content) => {
            const parsed = notificationSchema.safeParse(content);
            if (parsed.success && !isStopped) handler(parsed.data);
          }),
      );
    });
    return () => {
      isStopped = true;
      stop();
    };
  }

  #waitForTagged(tag: "d" | "e", value: string, signal: AbortSignal): Promise<IntentResult> {
    const about: Filter = {
      kinds: [KIND.confirmation, KIND.failure],
      authors: [this.#gatewayPubkey],
      ...(tag === "d" ? { "#d": [value] } : { "#e": [value] }),
    };
    const read = async (event: NostrEvent): Promise<IntentResult | undefined> =>
      tagValues(event, tag).includes(value) ? this.#readResult(event) : undefined;
    return this.#relays.waitFor(about, read, signal);
  }

  async #listenForChallenges(): Promise<void> {
    this.#isListening = true;
    const me = await this.#signer.getPublicKey();
    const filters = (): Filter[] => [
      { kinds: [KIND.challenge], authors: [this.#gatewayPubkey], "#p": [me], since: this.#challengesSince },
    ];
    this.#relays.subscribe(filters, (event) => {
      if (event.kind !== KIND.challenge || !tagValues(event, "p").includes(me)) return;
      if (this.#seen.has(event.id)) return;
      this.#seen.add(event.id);
      this.#challengesSince = Math.max(
        this.#challengesSince,
        Math.min(event.created_at, nowSeconds()) - OVERLAP_SECONDS,
      );
      void this.#cipher.decrypt(event).then((content) => {
        if (content === undefined) return;
        for (const handler of this.#handlers) handler({ content, event });
      });
    });
  }

  async #readResult(event: NostrEvent): Promise<IntentResult | undefined> {
    if (event.kind === KIND.confirmation) {
      const parsed = confirmationSchema.safeParse(parseJson(event.content));
      return parsed.success ? { ok: true, event, confirmation: parsed.data } : undefined;
    }
    const parsed = failureSchema.safeParse(await this.#cipher.decrypt(event));
    return parsed.success ? { ok: false, event, failure: parsed.data } : undefined;
  }
}

function accepted(response: ServiceResponse31501): ServiceResponse31501 {
  if (response.status !== "error") return response;
  const { error_code: nostrCode, error_message: message = "refused", details } = response;
  throw new ServiceRequestError(details?.code ?? "internal_error", message, nostrCode);
}
