import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

import { z } from "zod";

import { arkAddress, vtxoScriptHex } from "./ark-script.js";
import { type IntentContent, payloadRef } from "./payloads.js";
import { type OwnVtxo, type VerifyOptions, verifyChallenge } from "./wallet-verifier.js";

/** The gateway's frozen transfers, read as data: this package shares no code with the gateway. */
const file = path.join(__dirname, "../../core/test-vectors/ark-transfer.vectors.json");
const stageSchema = z.object({ ark_psbt: z.string(), checkpoint_psbts: z.array(z.string()) });
const itemSchema = z.looseObject({
  role: z.string(),
  txid: z.string(),
  input: z.int(),
  sighash: z.string(),
  pubkey: z.string(),
});
/** Units are decimal text: they go up to 64 bits. */
const assets = z.array(z.object({ asset_id: z.string(), amount: z.string() })).default([]);
const vectors = z
  .object({
    params: z.object({ signer_pubkey: z.string(), checkpoint_tapscript: z.string(), exit_delay: z.int() }),
    keys: z.record(z.string(), z.object({ pubkey: z.string() })),
    vtxo_scripts: z.array(z.object({ owner_pubkey: z.string(), script: z.string(), address: z.string() })),
    transfers: z.array(
      z.object({
        name: z.string(),
        inputs: z.array(z.object({ vtxo_id: z.string(), amount_sats: z.int(), owner_pubkey: z.string(), assets })),
        outputs: z.array(z.object({ script: z.string(), amount_sats: z.int(), assets })),
        txid: z.string(),
        items: z.array(itemSchema),
        unsigned: stageSchema,
        accepted: stageSchema,
      }),
    ),
  })
  .parse(JSON.parse(readFileSync(file, "utf8")));

type Transfer = (typeof vectors.transfers)[number];

const NOW = 1_800_000_000;
const params = vectors.params;
const pins = {
  signer: params.signer_pubkey,
  checkpointTapscript: params.checkpoint_tapscript,
  exitDelay: params.exit_delay,
  gatewayPubkey: "00".repeat(32),
  assets: Object.fromEntries(
    vectors.transfers.flatMap(({ outputs }) => outputs.flatMap((output) => output.assets)).map(nameOfAsset),
  ),
};

/** Any name will do: it is the pin that says what a name means. */
function nameOfAsset({ asset_id }: { readonly asset_id: string }): readonly [string, string] {
  return [`asset-${asset_id.slice(0, 8)}`, asset_id];
}
const keyOf = (name: string): string => vectors.keys[name]?.pubkey ?? "";
const [alice, bob] = [keyOf("alice"), keyOf("bob")];
const paidByAlice = vectors.transfers.filter((transfer) =>
  transfer.inputs.every((input) => input.owner_pubkey === alice || input.owner_pubkey === keyOf("gateway")),
);

function intentOf(transfer: Transfer): IntentContent {
  const paid = transfer.outputs.find((output) => output.script === vtxoScriptHex(bob, pins));
  const [paidAsset] = paid?.assets ?? [];
  const gatewayScript = vtxoScriptHex(keyOf("gateway"), pins);
  const sum = (amounts: { readonly amount_sats: number }[]): number =>
    amounts.reduce((all, a) => all + a.amount_sats, 0);
  const fee_amount =
    sum(transfer.outputs.filter((output) => output.script === gatewayScript)) -
    sum(transfer.inputs.filter((input) => input.owner_pubkey !== alice));
  const what =
    paidAsset === undefined
      ? { asset_id: "gBTC", amount: paid?.amount_sats }
      : { asset_id: nameOfAsset(paidAsset)[0], amount: Number(paidAsset.amount) };
  const fields = { ...what, recipient_pubkey: bob, fee_asset_id: "gBTC", fee_amount };
  return { action_id: "vector-0001", type: "p2p_transfer", params: fields, expires_at: NOW + 60 };
}

function challengeOf(transfer: Transfer, stage: "ark_tx" | "checkpoint_txs"): Record<string, unknown> {
  const role = stage === "ark_tx" ? "ark" : "checkpoint";
  const items = transfer.items.filter((item) => item.role === role && item.pubkey === alice);
  const psbts = stage === "ark_tx" ? transfer.unsigned : transfer.accepted;
  const wire = { signer: pins.signer, checkpoint_tapscript: pins.checkpointTapscript, exit_delay: pins.exitDelay };
  const covered = { session_id: "vector", stage, ...psbts, items, params: wire };
  return {
    ...covered,
    challenge_id: stage,
    type: "sign_tx",
    step_index: 1,
    step_total: 2,
    algo: "BIP340",
    domain: "arkrelay/p2p_transfer/v1",
    expires_at: NOW + 60,
    payload_to_sign: items.map((item) => item.sighash).join(""),
    payload_ref: payloadRef(covered),
  };
}

function optionsFor(transfer: Transfer): VerifyOptions {
  const mine = transfer.inputs
    .filter((input) => input.owner_pubkey === alice)
    .map((input): [string, OwnVtxo] => [
      input.vtxo_id,
      {
        vtxoId: input.vtxo_id,
        amountSats: BigInt(input.amount_sats),
        script: vtxoScriptHex(alice, pins),
        assets: input.assets.map(({ asset_id, amount }) => ({ assetId: asset_id, amount: BigInt(amount) })),
        isSpent: false,
        expiresAt: NOW + 60,
      },
    ]);
  return {
    intent: { content: intentOf(transfer), sessionId: "vector" },
    pins,
    myPubkey: alice,
    vtxoView: new Map(mine),
    answered: [],
    now: NOW,
  };
}

describe("the gateway's frozen transfers", () => {
  it("are there", () => {
    expect(existsSync(file)).toBe(true);
    expect(paidByAlice.length).toBeGreaterThan(1);
  });

  it("use the scripts and addresses this package derives", () => {
    for (const { owner_pubkey, script, address } of vectors.vtxo_scripts) {
      expect(vtxoScriptHex(owner_pubkey, pins)).toBe(script);
      expect(arkAddress(owner_pubkey, pins, "tark")).toBe(address);
    }
  });

  it.each(paidByAlice.map((transfer) => [transfer.name, transfer] as const))("pass both stages: %s", (_, transfer) => {
    const options = optionsFor(transfer);
    const first = verifyChallenge({ content: challengeOf(transfer, "ark_tx") }, options);
    expect(first.record.arkTxid).toBe(transfer.txid);
    const later = { ...options, answered: [first.record], previous: first.record };
    const second = verifyChallenge({ content: challengeOf(transfer, "checkpoint_txs") }, later);
    expect(second.items.length).toBe(first.items.length);
  });
});
