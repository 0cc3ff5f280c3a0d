import { schnorr } from "@noble/curves/secp256k1.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";

import { canonicalDigest, canonicalJson } from "../canonical-json";
import { concatSighashes, signPayloadDigest, signPayloadRef, signTxPayloadRef } from "./payload-ref";

const ITEM = {
  role: "ark" as const,
  txid: "aa".repeat(32),
  input: 0,
  sighash: "01".repeat(32),
  leaf_hash: "bb".repeat(32),
  pubkey: "cc".repeat(32),
};
const SIGN_TX = {
  session_id: "5e55",
  stage: "ark_tx" as const,
  ark_psbt: "cHNidA==",
  checkpoint_psbts: ["cHNidA=="],
  items: [ITEM],
  params: { signer: "dd".repeat(32), checkpoint_tapscript: "51", exit_delay: 512 },
};
const PAYLOAD = { action_id: "note-0001", type: "misc:sign_note", params: { text: "é 𝄞", amount: 1 } };

test("the reference of a transaction challenge covers what is signed and nothing that may change on a resend", () => {
  const resent = { ...SIGN_TX, expires_at: 1, challenge_id: "other" };
  expect(signTxPayloadRef(resent)).toBe(signTxPayloadRef(SIGN_TX));
  expect(signTxPayloadRef(SIGN_TX)).toBe(`sha256:${canonicalDigest(SIGN_TX)}`);
  for (const change of [
    { ark_psbt: "AA==" },
    { items: [] },
    { stage: "checkpoint_txs" as const },
    { session_id: "x" },
  ]) {
    expect(signTxPayloadRef({ ...SIGN_TX, ...change })).not.toBe(signTxPayloadRef(SIGN_TX));
  }
});

test("what is shown to sign is the sighashes in order", () => {
  expect(concatSighashes([ITEM, { ...ITEM, sighash: "02".repeat(32) }])).toBe("01".repeat(32) + "02".repeat(32));
});

test("a payload is signed under BIP340's tagged hash, so its signature is none over a transaction or an event", () => {
  const message = utf8ToBytes(canonicalJson(PAYLOAD));
  const digest = signPayloadDigest("arkrelay/misc/v1", PAYLOAD);
  expect(digest).toBe(bytesToHex(schnorr.utils.taggedHash("arkrelay/misc/v1", message)));
  expect(signPayloadDigest("arkrelay/amm/v1", PAYLOAD)).not.toBe(digest);
  expect(signPayloadRef(PAYLOAD)).toBe(`sha256:${canonicalDigest(PAYLOAD)}`);
});
