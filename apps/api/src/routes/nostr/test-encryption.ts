import { TestEncryptionBody, TestEncryptionReply } from "@arkrelay/core/http/nostr-control";

import { writeRoute } from "../../http/route";
import { requireNostrKey, requireTestRoutes } from "./require-nostr";

const DEFAULT_TEXT = "ArkRelay Gateway test message";

/** Both ends of a conversation compute the same key, so the gateway can open what it sealed for somebody else. */
export const testEncryptionRoute = writeRoute({
  method: "POST",
  path: "/nostr/test-encryption",
  summary: "Encrypt a text for a peer and open it again, in memory; the text is not shown",
  auth: ["admin"],
  body: TestEncryptionBody,
  replies: { 200: TestEncryptionReply },
})
  .prepare(async ({ deps, body }) => {
    requireTestRoutes(deps);
    const identity = requireNostrKey(deps);
    const peer = body.recipient_pubkey ?? identity.pubkey;
    const scheme = body.scheme ?? (await deps.session.peers.findScheme(peer));
    const text = body.message ?? DEFAULT_TEXT;
    const startedAt = performance.now();
    const encrypted = identity.encrypt(peer, text, scheme);
    const encryptedAt = performance.now();
    const opened = identity.decrypt(peer, encrypted);
    const openedAt = performance.now();
    return {
      success: opened.plainText === text && opened.scheme === scheme,
      message_length: Buffer.byteLength(text),
      encrypted_length: encrypted.length,
      encryption_time_ms: encryptedAt - startedAt,
      decryption_time_ms: openedAt - encryptedAt,
      scheme,
    };
  })
  .handle(({ prepared }) => Promise.resolve({ status: 200, body: prepared }));
