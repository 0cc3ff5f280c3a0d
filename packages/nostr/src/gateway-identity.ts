import { randomBytes } from "node:crypto";

import * as nip04 from "nostr-tools/nip04";
import * as nip44 from "nostr-tools/nip44";

import { AppError, assert } from "@arkrelay/core/errors";
import { computeEventId } from "@arkrelay/core/nostr/event-id";
import type { DmScheme, GatewayIdentity, NostrEvent, NostrEventTemplate } from "@arkrelay/core/ports/nostr";
import { signSchnorr, toXOnlyPubkey } from "@arkrelay/core/schnorr";

import { createConversationKeys } from "./conversation-keys";
import { type GatewayKeySource, readGatewayKey, readPreviousKey } from "./gateway-key";

/** Cap of one encrypted event, in UTF-8 bytes: what every NIP-44 reader takes, whatever its version. */
export const PLAIN_TEXT_BYTES_MAX = 65_535;
/** What a decoder puts in the place of bytes that are no UTF-8. */
const REPLACEMENT_CHARACTER = "\uFFFD";
/** The longest base64 a plain text within the cap makes in either scheme; longer content is not even decoded. */
const CONTENT_LENGTH_MAX = 90_000;

/** Builds the identity from its configuration. Throws GatewayKeyError; never makes a key. */
export function loadGatewayIdentity(source: GatewayKeySource, previousKeys: readonly string[] = []): GatewayIdentity {
  return createGatewayIdentity(
    readGatewayKey(source),
    previousKeys.map((key) => readPreviousKey(key, source.encryptionKey)),
  );
}

export function createGatewayIdentity(
  secretKey: Uint8Array,
  previousKeys: readonly Uint8Array[] = [],
): GatewayIdentity {
  const current = createReader(secretKey);
  const readers = [current, ...previousKeys.map(createReader)];
  return {
    pubkey: current.pubkey,
    readablePubkeys: readers.map((reader) => reader.pubkey),
    sign: (template) => signTemplate(template, secretKey, current.pubkey),
    encrypt: (peerPubkey, plainText, scheme) => current.encrypt(peerPubkey, plainText, scheme),
    decrypt: (peerPubkey, content) => decryptWithAny(readers, peerPubkey, content),
  };
}

interface Reader {
  readonly pubkey: string;
  encrypt(peerPubkey: string, plainText: string, scheme: DmScheme): string;
  decrypt(peerPubkey: string, content: string, scheme: DmScheme): string;
}

function createReader(secretKey: Uint8Array): Reader {
  const conversationKey = createConversationKeys(secretKey);
  return {
    pubkey: toXOnlyPubkey(secretKey),
    encrypt(peerPubkey, plainText, scheme) {
      const bytes = Buffer.byteLength(plainText);
      assert(bytes >= 1 && bytes <= PLAIN_TEXT_BYTES_MAX, `a private event of ${bytes} bytes`);
      return scheme === "nip44"
        ? nip44.encrypt(plainText, conversationKey(peerPubkey))
        : nip04.encrypt(secretKey, peerPubkey, plainText);
    },
    decrypt: (peerPubkey, content, scheme) =>
      scheme === "nip44"
        ? nip44.decrypt(content, conversationKey(peerPubkey))
        : nip04.decrypt(secretKey, peerPubkey, content),
  };
}

/** BIP340 with fresh auxiliary randomness. The tags and the rest are copied, so that the event never changes under its id. */
function signTemplate(template: NostrEventTemplate, secretKey: Uint8Array, pubkey: string): NostrEvent {
  const { kind, created_at, content } = template;
  const tags = template.tags.map((tag) => [...tag]);
  const id = computeEventId(pubkey, { kind, created_at, tags, content });
  const sig = signSchnorr(Buffer.from(id, "hex"), secretKey, randomBytes(32));
  return { id, pubkey, created_at, kind, tags, content, sig: Buffer.from(sig).toString("hex") };
}

/**
 * Peers may not know of a rotation yet, so every readable key is tried. NIP-44's MAC tells which one was meant. NIP-04 has none: one
 * wrong key in 256 seems to open the content, to bytes that are no text, so such a result counts only when no other key does better.
 */
function decryptWithAny(
  readers: readonly Reader[],
  peerPubkey: string,
  content: string,
): { plainText: string; scheme: DmScheme } {
  const scheme: DmScheme = content.includes("?iv=") ? "nip04" : "nip44";
  if (content.length > CONTENT_LENGTH_MAX) throw new AppError("decryption_failed", { internal: "content too long" });
  let [doubtful, cause]: [string | undefined, unknown] = [undefined, undefined];
  for (const reader of readers) {
    try {
      const plainText = reader.decrypt(peerPubkey, content, scheme);
      if (Buffer.byteLength(plainText) > PLAIN_TEXT_BYTES_MAX) continue;
      if (!plainText.includes(REPLACEMENT_CHARACTER)) return { plainText, scheme };
      doubtful ??= plainText;
    } catch (error) {
      cause = error;
    }
  }
  if (doubtful !== undefined) return { plainText: doubtful, scheme };
  throw new AppError("decryption_failed", { cause });
}
