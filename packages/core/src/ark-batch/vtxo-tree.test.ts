import { CosignerPublicKey, CSVMultisigTapscript, setArkPsbtField, Transaction } from "@arkade-os/sdk";
import { schnorr, secp256k1 } from "@noble/curves/secp256k1.js";
import { base64, hex } from "@scure/base";
import { keyAggregate, sortKeys } from "@scure/btc-signer/musig2.js";
import { tapLeafHash } from "@scure/btc-signer/payment.js";

import { ARKD_FORFEIT, ARKD_SIGNER, GATEWAY, testKey, type TestKey } from "../testing/ark-transfer";
import { thrownBy } from "../testing/thrown-by";
import { minExpirySeconds } from "./min-expiry";
import { checkVtxoTree } from "./vtxo-tree";

const ARKD = compressed(ARKD_SIGNER);
const OURS = compressed(testKey("cosigner"));
const OTHER = compressed(testKey("another participant"));
const VTXO_SCRIPT = `5120${GATEWAY.pubkey}`;
const AMOUNT_SATS = 50_000n;
const WEEK_SECONDS = 604_672;
const ANCHOR = { script: hex.decode("51024e73"), amount: 0n };

/** A root, a branch and our leaf, built as arkd does unless told otherwise. */
interface Build {
  readonly root?: readonly Uint8Array[];
  readonly branch?: readonly Uint8Array[];
  readonly leaf?: readonly Uint8Array[];
  readonly expiry?: number;
  readonly sweeper?: TestKey;
  /** Of one transaction of the three. */
  readonly odd?: { readonly at: 0 | 1 | 2; readonly version?: number; readonly lockTime?: number; sequence?: number };
}

function compressed({ secretKey }: TestKey): Uint8Array {
  return secp256k1.getPublicKey(secretKey);
}

function scriptOf(cosigners: readonly Uint8Array[], { expiry = WEEK_SECONDS, sweeper = ARKD_FORFEIT }: Build) {
  const timelock = { type: expiry >= 512 ? "seconds" : "blocks", value: BigInt(expiry) } as const;
  const sweep = CSVMultisigTapscript.encode({ timelock, pubkeys: [hex.decode(sweeper.pubkey)] });
  const keys = sortKeys([...cosigners]);
  const internalKey = keyAggregate(keys).aggPublicKey.toBytes(true).subarray(1);
  const tweak = schnorr.utils.taggedHash("TapTweak", internalKey, tapLeafHash(sweep.script));
  return hex.decode(`5120${hex.encode(keyAggregate(keys, [tweak], [true]).aggPublicKey.toBytes(true).subarray(1))}`);
}

function check(build: Build = {}, minSeconds = 172_800) {
  const cosigners = [build.root ?? [ARKD, OURS, OTHER], build.branch ?? [ARKD, OURS], build.leaf ?? [ARKD, OURS]];
  const commitment = new Transaction();
  commitment.addInput({ txid: "11".repeat(32), index: 0 });
  commitment.addOutput({ script: scriptOf(cosigners[0] ?? [], build), amount: AMOUNT_SATS });
  let parent = commitment.id;
  const txs = cosigners.map((keys, at) => {
    const { version = 3, lockTime = 0, sequence = 0xffffffff } = build.odd?.at === at ? build.odd : {};
    const tx = new Transaction({ version, lockTime });
    tx.addInput({ txid: parent, index: 0, sequence });
    const next = cosigners[at + 1];
    tx.addOutput({ script: next ? scriptOf(next, build) : hex.decode(VTXO_SCRIPT), amount: AMOUNT_SATS });
    tx.addOutput(ANCHOR);
    for (const [index, key] of keys.entries()) setArkPsbtField(tx, 0, CosignerPublicKey, { index, key });
    parent = tx.id;
    return tx;
  });
  const chunks = txs.map((tx, at) => {
    const child = txs[at + 1];
    return { txid: tx.id, psbt: base64.encode(tx.toPSBT()), children: child ? { 0: child.id } : {} };
  });
  return checkVtxoTree(chunks, {
    commitmentPsbt: base64.encode(commitment.toPSBT()),
    batchExpiry: build.expiry ?? WEEK_SECONDS,
    minExpirySeconds: minSeconds,
    forfeitPubkey: ARKD_FORFEIT.pubkey,
    cosignerPubkey: hex.encode(OURS),
    outputs: [{ script: VTXO_SCRIPT, amountSats: AMOUNT_SATS }],
  });
}

const codeOf = (build: Build, minSeconds?: number) => thrownBy(() => check(build, minSeconds)).code;

it("takes a tree that nobody can make void without us", () => {
  const { nodes, vtxoIds } = check();
  const leaf = nodes.find(({ txid }) => vtxoIds[0] === `${txid}:0`);
  expect([vtxoIds.length, leaf?.cosigners.length]).toEqual([1, 2]);
  expect(Math.max(...nodes.map(({ cosigners }) => cosigners.length))).toBe(3);
});

describe("no signature is given for a tree", () => {
  it.each(["root", "branch", "leaf"] as const)("whose %s the others can spend without us", (level) => {
    expect(codeOf({ [level]: [ARKD] })).toBe("payload_mismatch");
  });

  it("that arkd may sweep with another key than the pinned one", () => {
    expect(codeOf({ sweeper: testKey("a thief") })).toBe("payload_mismatch");
  });

  it.each([1, 144, 512, 172_032])("that arkd may sweep before we could leave: %s", (expiry) => {
    expect(codeOf({ expiry })).toBe("payload_mismatch");
  });

  it.each([0, 1, 2] as const)("with a transaction at depth %s that has to wait or is no tree's", (at) => {
    // A lock of a block count, one of a time, and a sequence that only asks to be replaceable.
    for (const sequence of [0xffff, 0x0040_ffff, 0xffff_fffd]) {
      expect(codeOf({ odd: { at, sequence } })).toBe("payload_mismatch");
    }
    expect(codeOf({ odd: { at, lockTime: 900_000 } })).toBe("payload_mismatch");
    expect(codeOf({ odd: { at, version: 2 } })).toBe("payload_mismatch");
  });
});

it("counts an expiry in blocks as the time they take", () => {
  expect(check({ expiry: 288 }, 172_800).nodes).toHaveLength(3);
  expect(codeOf({ expiry: 287 }, 172_800)).toBe("payload_mismatch");
});

it("wants more than the exit delay that arkd names, a day more where coins are worth something", () => {
  expect(minExpirySeconds({ unilateralExitDelay: 512, network: "mainnet" })).toBe(512 + 86_400);
  expect(minExpirySeconds({ unilateralExitDelay: 144, network: "mainnet" })).toBe(2 * 86_400);
  expect(minExpirySeconds({ unilateralExitDelay: 512, network: "regtest" })).toBe(1_024);
});
