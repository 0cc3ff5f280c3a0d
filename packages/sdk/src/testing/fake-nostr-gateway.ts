import { decryptNip44, encryptNip44 } from "../encryption.js";
import { nodeWebSocket } from "../node-web-socket.js";
import { NostrGatewayClient } from "../nostr-client.js";
import type { NostrEvent } from "../nostr-event.js";
import { signEvent } from "../nostr-utils.js";
import { KIND, resultSubject } from "../payloads.js";
import { secretKeySigner } from "../secret-key-signer.js";
import { alice, gateway } from "./fake-gateway.js";
import { FakeRelay } from "./fake-relay.js";

export interface ReceivedRequest {
  readonly event: NostrEvent;
  readonly fields: Record<string, unknown>;
}

/** The gateway's side of service requests (31500) of alice, over relays of its own. */
export class FakeNostrGateway {
  /** In order of arrival. */
  readonly requests: ReceivedRequest[] = [];
  /** What is done about a request. */
  onRequest: (request: ReceivedRequest) => void = () => undefined;

  private constructor(
    private readonly relays: readonly FakeRelay[],
    readonly client: NostrGatewayClient,
  ) {
    for (const relay of relays) relay.onEvent((event) => this.#receive(event));
  }

  static async start(relayCount = 1): Promise<FakeNostrGateway> {
    const relays = await Promise.all(Array.from({ length: relayCount }, () => FakeRelay.start()));
    const urls = relays.map(({ url }) => url);
    const client = new NostrGatewayClient(urls, secretKeySigner(alice.secretKey), gateway.pubkey, {
      webSocket: nodeWebSocket,
    });
    return new FakeNostrGateway(relays, client);
  }

  async stop(): Promise<void> {
    this.client.close();
    await Promise.all(this.relays.map((relay) => relay.stop()));
  }

  answer({ event, fields }: ReceivedRequest, content: Record<string, unknown>): void {
    const requestId = String(fields["request_id"]);
    this.#push(KIND.serviceResponse, { request_id: requestId, action: fields["action"], ...content }, [
      ["d", resultSubject(alice.pubkey, requestId)],
      ["e", event.id],
    ]);
  }

  refuse(request: ReceivedRequest, errorCode: number, code: string): void {
    this.answer(request, { status: "error", error_code: errorCode, error_message: "refused", details: { code } });
  }

  notify(content: { readonly notification_id: string } & Record<string, unknown>): void {
    this.#push(KIND.notification, content, [["d", content.notification_id]]);
  }

  #push(kind: number, content: Record<string, unknown>, tags: string[][]): void {
    const text = JSON.stringify({ timestamp: 1_800_000_000, gateway_pubkey: gateway.pubkey, ...content });
    const sealed = encryptNip44(gateway.secretKey, alice.pubkey, text);
    const event = signEvent(gateway.secretKey, kind, sealed, [...tags, ["p", alice.pubkey]]);
    for (const relay of this.relays) relay.push(event);
  }

  #receive(event: NostrEvent): void {
    if (event.kind !== KIND.serviceRequest || this.requests.some((known) => known.event.id === event.id)) return;
    const text = decryptNip44(gateway.secretKey, alice.pubkey, event.content);
    const request = { event, fields: JSON.parse(text) as Record<string, unknown> };
    this.requests.push(request);
    this.onRequest(request);
  }
}
