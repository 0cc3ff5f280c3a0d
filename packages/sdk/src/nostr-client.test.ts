import { nodeWebSocket } from "./node-web-socket.js";
import { NostrGatewayClient } from "./nostr-client.js";
import { secretKeySigner } from "./secret-key-signer.js";
import { alice, bob, gateway } from "./testing/fake-gateway.js";

describe("an intent signed again under the same action_id", () => {
  it("is always newer than the one before, so that no relay keeps the older one in its place", async () => {
    const nostr = new NostrGatewayClient([], secretKeySigner(alice.secretKey), gateway.pubkey, {
      webSocket: nodeWebSocket,
    });
    const expiresAt = Math.floor(Date.now() / 1000) + 300;
    const times: number[] = [];
    for (const amount of [1_000, 2_000, 3_000]) {
      const params = { asset_id: "gBTC", amount, recipient_pubkey: bob.pubkey };
      const { event } = await nostr.signIntent("same-action", "p2p_transfer", params, expiresAt);
      times.push(event.created_at);
    }
    nostr.close();
    const [first = 0, second = 0, third = 0] = times;
    expect(second).toBeGreaterThan(first);
    expect(third).toBeGreaterThan(second);
  });
});
