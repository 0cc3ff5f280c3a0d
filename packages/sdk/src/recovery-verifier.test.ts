import { Extension, Intent, VtxoTaprootTree, asset } from "@arkade-os/sdk";
import { schnorr } from "@noble/curves/secp256k1.js";
import { base64, hex } from "@scure/base";
import { SigHash } from "@scure/btc-signer";

import { defaultVtxoScript } from "./ark-script.js";
import { VerificationError } from "./errors.js";
import { payloadRef } from "./payloads.js";
import { createRenewIntent } from "./renewal.js";
import { secretKeySigner } from "./secret-key-signer.js";
import {
  alice,
  gateway,
  mallory,
  NOW,
  options,
  ownVtxo,
  pins,
  received,
  SESSION_ID,
  viewOf,
} from "./testing/fake-gateway.js";
import { digestOf, onlyLeafOf, scriptOf } from "./verifier/sighash.js";
import { signChallenge, type OwnVtxo, type VerifyOptions, verifyChallenge } from "./wallet-verifier.js";

const { AssetGroup, AssetId, AssetInput, AssetOutput, Packet } = asset;
const GOLD = `${"aa".repeat(32)}0000`;
const swept = { isSpent: true, isSwept: true, expiresAt: NOW - 60 };
const plain = ownVtxo("plain", 24_000n, swept);
const golden = ownVtxo("golden", 1_000n, { ...swept, assets: [{ assetId: GOLD, amount: 70n }] });
const view = viewOf(plain, golden);
const intent = createRenewIntent({
  vtxoIds: [plain.vtxoId, golden.vtxoId],
  actionId: "renew-0001",
  expiresAt: NOW + 600,
});

interface Proof {
  readonly inputs: readonly OwnVtxo[];
  readonly outputs: readonly { readonly to: string; readonly sats: bigint }[];
  /** Of gold, by output; null = no packet. */
  readonly units: readonly (readonly [vout: number, amount: bigint])[] | null;
  readonly message: Record<string, unknown>;
}

const honest: Proof = {
  inputs: [plain, golden],
  outputs: [
    { to: alice.pubkey, sats: 24_000n },
    { to: alice.pubkey, sats: 1_000n },
  ],
  units: [[1, 70n]],
  message: {
    type: "register",
    onchain_output_indexes: [],
    valid_at: 0,
    expire_at: NOW + 86_400,
    cosigners_public_keys: [`02${gateway.pubkey}`],
  },
};

function contentOf({ inputs, outputs, units, message: said }: Proof) {
  const message = JSON.stringify(said);
  const script = defaultVtxoScript(alice.pubkey, pins);
  const coins = inputs.map(({ vtxoId, amountSats }) => ({
    txid: hex.decode(vtxoId.slice(0, 64)),
    index: Number(vtxoId.slice(65)),
    witnessUtxo: { script: script.pkScript, amount: amountSats },
    tapLeafScript: [script.forfeit()],
    unknown: [VtxoTaprootTree.encode(script.encode())],
  }));
  const paid = outputs.map(({ to, sats }) => ({ script: defaultVtxoScript(to, pins).pkScript, amount: sats }));
  const packets = units === null ? [] : [{ script: packet(units), amount: 0n }];
  const proof = Intent.create(message, coins, [...paid, ...packets]);
  const items = Array.from({ length: proof.inputsLength }, (_, input) => {
    const { sighash, leafHash } = digestOf(proof, input, scriptOf(onlyLeafOf(proof, input)), SigHash.ALL);
    return { role: "proof", txid: proof.id, input, sighash, leaf_hash: leafHash, pubkey: alice.pubkey };
  });
  return withRef({ proof_psbt: base64.encode(proof.toPSBT()), message, items });
}

function withRef(proof: {
  readonly proof_psbt: string;
  readonly message: string;
  readonly items: readonly Record<string, unknown>[];
}) {
  const params = { signer: pins.signer, checkpoint_tapscript: pins.checkpointTapscript, exit_delay: pins.exitDelay };
  const covered = { session_id: SESSION_ID, ...proof, params };
  return {
    ...covered,
    challenge_id: "challenge-proof",
    type: "sign_intent_proof",
    stage: null,
    step_index: 1,
    step_total: 1,
    algo: "BIP340",
    domain: "arkrelay/p2p_transfer/v1",
    context: { human: "Recover", presign: false },
    expires_at: NOW + 300,
    payload_to_sign: proof.items.map((item) => String(item["sighash"])).join(""),
    payload_ref: payloadRef(covered),
  };
}

function packet(units: NonNullable<Proof["units"]>): Uint8Array {
  const outputs = units.map(([vout, amount]) => AssetOutput.create(vout, amount));
  // The message's input comes first, so the golden VTXO is the third.
  const group = AssetGroup.create(AssetId.fromString(GOLD), null, [AssetInput.create(2, 70n)], outputs, []);
  return Extension.create([Packet.create([group])]).serialize();
}

function verify(content: unknown, over: Partial<VerifyOptions> = {}) {
  const base = options(view);
  return verifyChallenge(received(content), { ...base, intent: { ...base.intent, content: intent }, ...over });
}

function reasonOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof VerificationError) return error.reason;
    throw error;
  }
  return "accepted";
}

describe("the proof that recovers swept VTXOs", () => {
  it("is signed when all their sats and units come back to my script", async () => {
    const content = contentOf(honest);
    const verified = verify(content);
    expect(verified.summary).toMatchObject({
      recipientPubkey: alice.pubkey,
      amountSats: 25_000n,
      recipientVouts: [0, 1],
    });
    const answer = await signChallenge(verified, secretKeySigner(alice.secretKey));
    expect(answer.type).toBe("sign_intent_proof");
    expect(answer.signatures?.map(({ input }) => input)).toEqual([0, 1, 2]);
    for (const [index, { sig }] of (answer.signatures ?? []).entries()) {
      const { sighash } = content.items[index] as { readonly sighash?: string };
      expect(schnorr.verify(hex.decode(sig), hex.decode(sighash ?? ""), hex.decode(alice.pubkey))).toBe(true);
    }
  });

  it("is signed when they are joined on one output", () => {
    const joined = { ...honest, outputs: [{ to: alice.pubkey, sats: 25_000n }], units: [[0, 70n]] as const };
    expect(verify(contentOf(joined)).summary?.recipientVouts).toEqual([0]);
  });

  it.each<[string, string, Partial<Proof>]>([
    [
      "pays somebody else",
      "proof",
      {
        outputs: [
          { to: mallory.pubkey, sats: 24_000n },
          { to: alice.pubkey, sats: 1_000n },
        ],
      },
    ],
    [
      "keeps some sats",
      "proof",
      {
        outputs: [
          { to: alice.pubkey, sats: 23_990n },
          { to: alice.pubkey, sats: 1_000n },
        ],
      },
    ],
    ["burns units by leaving them out", "burn", { units: null }],
    ["burns some of them", "burn", { units: [[1, 69n]] }],
    ["makes more of them", "issuance", { units: [[1, 71n]] }],
    [
      "is over fewer VTXOs than the intent names",
      "proof",
      { inputs: [golden], outputs: [{ to: alice.pubkey, sats: 1_000n }] },
    ],
    ["is over another message than a registration", "proof", { message: { type: "delete", expire_at: NOW + 60 } }],
    ["has run out", "proof", { message: { ...honest.message, expire_at: NOW } }],
    ["never runs out", "proof", { message: { ...honest.message, expire_at: 0 } }],
    ["asks for an output on the chain", "proof", { message: { ...honest.message, onchain_output_indexes: [0] } }],
  ])("is refused when it %s", (_name, reason, change) => {
    expect(reasonOf(() => verify(contentOf({ ...honest, ...change })))).toBe(reason);
  });

  it("is refused over VTXOs that live, and over those that are not mine", () => {
    const alive = viewOf(ownVtxo("plain", 24_000n), golden);
    expect(reasonOf(() => verify(contentOf(honest), { vtxoView: alive }))).toBe("proof");
    expect(reasonOf(() => verify(contentOf(honest), { vtxoView: viewOf(plain) }))).toBe("proof");
  });

  it("is refused with amounts that are not those of my own view", () => {
    const richer = viewOf({ ...plain, amountSats: 24_001n }, { ...golden, amountSats: 999n });
    expect(reasonOf(() => verify(contentOf(honest), { vtxoView: richer }))).toBe("sighash");
  });

  it("is refused with another message than the one it is over", () => {
    const { proof_psbt, items } = contentOf(honest);
    const message = JSON.stringify({ ...honest.message, expire_at: NOW + 99_999 });
    expect(reasonOf(() => verify(withRef({ proof_psbt, items, message })))).toBe("proof");
  });

  it("is refused when a sighash is not its own, one is missing, or somebody else's", () => {
    const { proof_psbt, message, items } = contentOf(honest);
    const change = (over: Record<string, unknown>) =>
      items.map((item, index) => (index === 1 ? { ...item, ...over } : item));
    expect(reasonOf(() => verify(withRef({ proof_psbt, message, items: change({ sighash: "00".repeat(32) }) })))).toBe(
      "sighash",
    );
    expect(reasonOf(() => verify(withRef({ proof_psbt, message, items: items.slice(0, 2) })))).toBe("sighash");
    expect(reasonOf(() => verify(withRef({ proof_psbt, message, items: change({ pubkey: mallory.pubkey }) })))).toBe(
      "sighash",
    );
  });

  it("is refused for a transfer, for other pins, when it is late, and a second time", () => {
    const base = options(view);
    expect(reasonOf(() => verify(contentOf(honest), { intent: base.intent }))).toBe("proof");
    expect(reasonOf(() => verify(contentOf(honest), { pins: { ...pins, exitDelay: 512 } }))).toBe("pins");
    expect(reasonOf(() => verify(contentOf(honest), { now: NOW + 301 }))).toBe("stale");
    expect(reasonOf(() => verify(contentOf(honest), { answered: [verify(contentOf(honest)).record] }))).toBe(
      "replayed",
    );
  });
});
