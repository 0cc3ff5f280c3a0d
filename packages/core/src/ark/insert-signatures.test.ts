import { ALICE, ARKD_SIGNER, aTransfer, BOB, GATEWAY, NO_RANDOM } from "../testing/ark-transfer";
import { thrownBy } from "../testing/thrown-by";
import { insertSignatures } from "./insert-signatures";
import { verifyItemSignatures } from "./item-signature";
import { signItems } from "./sign-items";
import { arkItems, checkpointItems } from "./signing-items";
import type { ItemSignature } from "./types";

const { txid, arkPsbt, checkpoints } = aTransfer();
const checkpointPsbts = checkpoints.map(({ psbt }) => psbt);
const items = arkItems(arkPsbt, ALICE.pubkey);
const signatures = signItems(items, ALICE.secretKey, NO_RANDOM);
const [first] = signatures;

function altered(change: Partial<ItemSignature>): ItemSignature[] {
  return first === undefined ? [] : [{ ...first, ...change }];
}

const byBob = signItems(
  items.map((item) => ({ ...item, pubkey: BOB.pubkey })),
  BOB.secretKey,
  NO_RANDOM,
);
const ofCheckpoint = signItems(checkpointItems(checkpointPsbts, ALICE.pubkey), ALICE.secretKey, NO_RANDOM)[0]?.sig;
const sig = first?.sig ?? "";

describe.each([
  ["insertSignatures", (given: ItemSignature[]) => insertSignatures([arkPsbt], ALICE.pubkey, given)],
  ["verifyItemSignatures", (given: ItemSignature[]) => verifyItemSignatures(items, given)],
])("%s", (_name, take) => {
  test("takes the owner's signatures, all together or one by one", () => {
    expect(() => take(signatures)).not.toThrow();
    expect(() => take(signatures.slice(1))).not.toThrow();
  });

  test.each([
    ["somebody else's signature", byBob, "signature_mismatch"],
    ["the checkpoint's signature on the ark tx", altered({ sig: ofCheckpoint ?? "" }), "signature_mismatch"],
    ["the signature of another input", altered({ input: 1 }), "signature_mismatch"],
    ["a signature with one bit changed", altered({ sig: `${sig.slice(0, -1)}0` }), "signature_mismatch"],
    ["65 bytes with a sighash type", altered({ sig: `${sig}00` }), "invalid_request"],
    ["63 bytes", altered({ sig: sig.slice(2) }), "invalid_request"],
    ["capital letters", altered({ sig: sig.toUpperCase() }), "invalid_request"],
    ["the gateway's input", altered({ input: 2 }), "payload_mismatch"],
    ["an input that does not exist", altered({ input: 3 }), "payload_mismatch"],
    ["a negative input", altered({ input: -1 }), "payload_mismatch"],
    ["half an input", altered({ input: 0.5 }), "payload_mismatch"],
    ["another transaction", altered({ txid: "ab".repeat(32) }), "payload_mismatch"],
    ["the same signature twice", [...altered({}), ...altered({})], "payload_mismatch"],
  ])("refuses %s and says where", (_what, given, code) => {
    const error = thrownBy(() => take(given));
    const bad = given.at(-1);
    expect(error.code).toBe(code);
    expect(given === byBob ? given.map(({ input }) => input) : [bad?.input]).toContain(error.details?.["input"]);
  });
});

test("refuses a signature of a key that has one in the PSBT already", () => {
  const [signed] = insertSignatures([arkPsbt], ALICE.pubkey, signatures);
  const again = thrownBy(() => insertSignatures([signed ?? ""], ALICE.pubkey, signatures));
  expect([again.code, again.details]).toEqual(["payload_mismatch", { txid, input: 0 }]);
});

test("refuses arkd's signature offered as the owner's", () => {
  const byArkd = signItems(arkItems(arkPsbt, ARKD_SIGNER.pubkey), ARKD_SIGNER.secretKey, NO_RANDOM);
  expect(thrownBy(() => insertSignatures([arkPsbt], ALICE.pubkey, byArkd)).code).toBe("signature_mismatch");
});

test("gives back the PSBTs unchanged apart from the signatures, in their order", () => {
  const given = signItems(checkpointItems(checkpointPsbts, GATEWAY.pubkey), GATEWAY.secretKey, NO_RANDOM);
  const signed = insertSignatures(checkpointPsbts, GATEWAY.pubkey, given);
  expect(signed.slice(0, 2)).toEqual(checkpointPsbts.slice(0, 2));
  expect(signed[2]).not.toBe(checkpointPsbts[2]);
  expect(checkpointItems(signed, GATEWAY.pubkey)).toEqual(checkpointItems(checkpointPsbts, GATEWAY.pubkey));
});

test("a gateway key signs only items of its own", () => {
  expect(thrownBy(() => signItems(items, GATEWAY.secretKey, NO_RANDOM)).code).toBe("internal_error");
});
