import * as nip04 from "nostr-tools/nip04";
import { unwrapEvent } from "nostr-tools/nip59";
import { getPublicKey, verifyEvent } from "nostr-tools/pure";

import { createDirectMessage } from "./direct-message";
import { createGatewayIdentity } from "./gateway-identity";

const gatewayKey = new Uint8Array(32).fill(7);
const peerKey = new Uint8Array(32).fill(9);
const peer = getPublicKey(peerKey);
const identity = createGatewayIdentity(gatewayKey);
const now = new Date("2026-11-25T10:00:00.000Z");

function write(scheme: "nip44" | "nip04", random = () => 0.5) {
  return createDirectMessage(identity, { recipientPubkey: peer, text: "hello ☂", scheme, now, random });
}

describe("a direct message", () => {
  it("is a gift wrap that only its recipient opens, and that names nobody else", () => {
    const wrap = write("nip44");
    expect(wrap).toMatchObject({ kind: 1059, tags: [["p", peer]] });
    expect(verifyEvent({ ...wrap, tags: wrap.tags.map((tag) => [...tag]) })).toBe(true);
    expect(wrap.pubkey).not.toBe(identity.pubkey);
    expect(JSON.stringify(wrap)).not.toContain(identity.pubkey);
    const rumor = unwrapEvent({ ...wrap, tags: wrap.tags.map((tag) => [...tag]) }, peerKey);
    expect(rumor).toMatchObject({ kind: 14, pubkey: identity.pubkey, content: "hello ☂", tags: [["p", peer]] });
    expect(rumor.created_at).toBe(now.getTime() / 1000);
  });

  it("is wrapped by another key each time", () => {
    expect(write("nip44").pubkey).not.toBe(write("nip44").pubkey);
  });

  it("is a kind 4 of ours for a peer who reads only NIP-04", () => {
    const event = write("nip04");
    expect(event).toMatchObject({ kind: 4, pubkey: identity.pubkey, tags: [["p", peer]] });
    expect(nip04.decrypt(peerKey, identity.pubkey, event.content)).toBe("hello ☂");
  });
});
