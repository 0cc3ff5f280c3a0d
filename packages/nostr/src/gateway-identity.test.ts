import { randomBytes } from "node:crypto";

import * as nip04 from "nostr-tools/nip04";
import { nsecEncode } from "nostr-tools/nip19";

import { AppError, ERRORS } from "@arkrelay/core/errors";
import { verifyEvent } from "@arkrelay/core/nostr/event-id";

import { createGatewayIdentity, loadGatewayIdentity } from "./gateway-identity";
import { GatewayKeyError, sealGatewayKey } from "./gateway-key";

const SECRET = new Uint8Array(Buffer.from("21".repeat(32), "hex"));
const OLD_SECRET = new Uint8Array(Buffer.from("22".repeat(32), "hex"));
const SEALING_KEY = randomBytes(32);
const gateway = createGatewayIdentity(SECRET);
const wallet = createGatewayIdentity(new Uint8Array(Buffer.from("23".repeat(32), "hex")));
const none = { privateKey: undefined, sealedKey: undefined, encryptionKey: undefined };

test("signs events that every relay accepts", () => {
  const event = gateway.sign({ kind: 31511, created_at: 1_790_000_000, tags: [["d", "x"]], content: "\u0001 é" });
  expect(verifyEvent(event)).toBe(true);
  expect(event.pubkey).toBe(gateway.pubkey);
});

test.each(["nip44", "nip04"] as const)("reads %s and says which scheme it was", (scheme) => {
  const content = gateway.encrypt(wallet.pubkey, "hello", scheme);
  expect(wallet.decrypt(gateway.pubkey, content)).toEqual({ plainText: "hello", scheme });
});

test("a message to the key before a rotation is still read, and the new key signs", () => {
  const before = createGatewayIdentity(OLD_SECRET);
  const after = createGatewayIdentity(SECRET, [OLD_SECRET]);
  const content = wallet.encrypt(before.pubkey, "hello", "nip44");
  expect(after.decrypt(wallet.pubkey, content).plainText).toBe("hello");
  expect(after.readablePubkeys).toEqual([gateway.pubkey, before.pubkey]);
  expect(after.sign({ kind: 1, created_at: 1, tags: [], content: "" }).pubkey).toBe(gateway.pubkey);
});

test("a NIP-04 message to the key before a rotation is not taken for the bytes that the new key makes of it", () => {
  const content = "g2UCZuselM77WYgIXZ9R9g==?iv=WVPH77G+IX4rwzjXO+ks1w==";
  // Found by trying: the padding fits by chance, so the new key alone seems to open it.
  expect(gateway.decrypt(wallet.pubkey, content).plainText).toContain("\uFFFD");
  const after = createGatewayIdentity(SECRET, [OLD_SECRET]);
  expect(after.decrypt(wallet.pubkey, content)).toEqual({ plainText: "hello", scheme: "nip04" });
});

test.each([
  ["hex", Buffer.from(OLD_SECRET).toString("hex")],
  ["nsec", nsecEncode(OLD_SECRET)],
  ["sealed", sealGatewayKey(OLD_SECRET, SEALING_KEY)],
])("reads a previous key as %s", (_name, previous) => {
  const source = { ...none, sealedKey: sealGatewayKey(SECRET, SEALING_KEY), encryptionKey: SEALING_KEY };
  const old = createGatewayIdentity(OLD_SECRET).pubkey;
  expect(loadGatewayIdentity(source, [previous]).readablePubkeys).toEqual([gateway.pubkey, old]);
});

test("refuses a previous key it cannot read, by the name of its variable", () => {
  const source = { ...none, privateKey: nsecEncode(SECRET), encryptionKey: SEALING_KEY };
  const sealedElsewhere = sealGatewayKey(OLD_SECRET, randomBytes(32));
  expect(() => loadGatewayIdentity(source, [sealedElsewhere])).toThrow(/^NOSTR_PREVIOUS_KEYS/);
  expect(() => loadGatewayIdentity({ ...source, encryptionKey: undefined }, ["changeme"])).toThrow(
    /^NOSTR_PREVIOUS_KEYS/,
  );
});

test.each([
  ["text that is no envelope", "hello"],
  ["a message for somebody else", wallet.encrypt(wallet.pubkey, "hello", "nip44")],
  ["content beyond any legal size", "A".repeat(100_000)],
  ["broken NIP-04", `${nip04.encrypt(OLD_SECRET, wallet.pubkey, "hello").slice(0, -4)}!!!!`],
])("refuses %s as undecryptable", (_name, content) => {
  expect(() => gateway.decrypt(wallet.pubkey, content)).toThrow(ERRORS.decryption_failed.title);
});

test("does not send more than every reader can take", () => {
  expect(() => gateway.encrypt(wallet.pubkey, "x".repeat(65_536), "nip44")).toThrow(AppError);
});

test.each([
  ["hex", { ...none, privateKey: Buffer.from(SECRET).toString("hex") }],
  ["nsec", { ...none, privateKey: nsecEncode(SECRET) }],
  ["sealed", { ...none, sealedKey: sealGatewayKey(SECRET, SEALING_KEY), encryptionKey: SEALING_KEY }],
])("loads the key as %s", (_name, source) => {
  expect(loadGatewayIdentity(source).pubkey).toBe(gateway.pubkey);
});

test.each([
  ["nothing", none],
  ["both forms", { ...none, privateKey: nsecEncode(SECRET), sealedKey: "AA==" }],
  ["no key at all", { ...none, privateKey: "changeme" }],
  ["zero", { ...none, privateKey: "00".repeat(32) }],
  ["another sealing key", { ...none, sealedKey: sealGatewayKey(SECRET, SEALING_KEY), encryptionKey: randomBytes(32) }],
  ["a sealing key of wrong length", { ...none, sealedKey: "AA==", encryptionKey: randomBytes(16) }],
])("refuses %s instead of making an identity up, and shows no value", (_name, source) => {
  const load = (): unknown => loadGatewayIdentity(source);
  expect(load).toThrow(GatewayKeyError);
  expect(load).not.toThrow(/changeme|AA==|nsec1/);
});
