import { createHash } from "node:crypto";

import { decrypt, encrypt, getConversationKey, v2 } from "nostr-tools/nip44";
import { getPublicKey } from "nostr-tools/pure";

import { v2 as vectors } from "../test-vectors/nip44.vectors.json";

/** The official vectors of NIP-44 (github.com/paulmillr/nip44), as the tests of go-nostr v0.51.12 (MIT) carry them. */
const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, "hex"));
const hex = (value: Uint8Array): string => Buffer.from(value).toString("hex");
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

test.each(vectors.valid.get_conversation_key)("derives conversation key $conversation_key", (vector) => {
  expect(hex(getConversationKey(bytes(vector.sec1), vector.pub2))).toBe(vector.conversation_key);
});

test.each(vectors.valid.encrypt_decrypt)("encrypts and decrypts $plaintext", (vector) => {
  const key = getConversationKey(bytes(vector.sec1), getPublicKey(bytes(vector.sec2)));
  expect(hex(key)).toBe(vector.conversation_key);
  expect(encrypt(vector.plaintext, key, bytes(vector.nonce))).toBe(vector.payload);
  expect(decrypt(vector.payload, key)).toBe(vector.plaintext);
});

test.each(vectors.valid.encrypt_decrypt_long_msg)("encrypts and decrypts $repeat times $pattern", (vector) => {
  const plainText = vector.pattern.repeat(vector.repeat);
  const key = bytes(vector.conversation_key);
  const payload = encrypt(plainText, key, bytes(vector.nonce));
  expect(sha256(plainText)).toBe(vector.plaintext_sha256);
  expect(sha256(payload)).toBe(vector.payload_sha256);
  expect(decrypt(payload, key)).toBe(plainText);
});

test.each(vectors.valid.calc_padded_len)("pads %i bytes to %i", (length, padded) => {
  expect(v2.utils.calcPaddedLen(length ?? 0)).toBe(padded);
});

test.each(vectors.invalid.get_conversation_key)("refuses the key pair $sec1, $pub2", (vector) => {
  expect(() => getConversationKey(bytes(vector.sec1), vector.pub2)).toThrow();
});

test.each(vectors.invalid.decrypt)("refuses to decrypt: $note", (vector) => {
  expect(() => decrypt(vector.payload, bytes(vector.conversation_key))).toThrow();
});

test("refuses to encrypt nothing", () => {
  expect(() => encrypt("", bytes("01".repeat(32)))).toThrow();
});
