import { SingleKey } from "@arkade-os/sdk";
import { hex } from "@scure/base";

import {
  type Coin,
  type ServerParams,
  type Wallet,
  aPendingTxProof,
  aSubmission,
  aWallet,
  scriptOf,
  signCheckpoints,
} from "../testing/a-transfer";
import { TEST_NOW_MS, anEngine } from "../testing/an-engine";
import type { ArkdEngine, SignedTransfer } from "./arkd-engine";
import { ArkdError } from "./arkd-error";
import type { ArkdEvent } from "./arkd-events";
import { parsePsbt, toPsbt } from "./psbt";
import { isSpendable } from "./vtxo";

const alice = aWallet("alice");
const bob = aWallet("bob");

interface Setup {
  engine: ArkdEngine;
  server: ServerParams;
  coins: Coin[];
  accepted: SignedTransfer;
}

/** Alice's two coins, accepted as inputs of a transfer of everything to Bob. */
function acceptTransfer(): Setup {
  const { engine } = anEngine();
  const { signerPubkey, checkpointTapscript } = engine.info();
  const server = { signerPubkey, checkpointTapscript, exitDelay: engine.state.settings.unilateralExitDelay };
  const coins = [40_000, 60_000].map((amountSats): Coin => {
    const { vtxoIds } = engine.fund(alice.pubkey, BigInt(amountSats), 1);
    engine.advanceClock(10);
    return { vtxoId: vtxoIds[0] ?? "", amountSats, owner: alice };
  });
  const accepted = engine.submitTx(
    aSubmission(server, coins, [{ script: scriptOf(bob, server).pkScript, amountSats: 100_000n }]),
  );
  return { engine, server, coins, accepted };
}

function errorOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof ArkdError) return error.message;
    throw error;
  }
  return "no error";
}

function identityOf(wallet: Wallet): SingleKey {
  return SingleKey.fromPrivateKey(wallet.secret);
}

describe("FinalizeTx", () => {
  it("creates preconfirmed outputs that inherit the earliest expiry, the commitments and one more step of depth", () => {
    const { engine, coins, accepted } = acceptTransfer();
    const inputs = coins.flatMap(({ vtxoId }) => engine.state.vtxos.get(vtxoId) ?? []);
    engine.finalizeTx(accepted.arkTxid, signCheckpoints(coins, accepted.signedCheckpointTxs));
    const made = engine.state.vtxos.get(`${accepted.arkTxid}:0`);
    expect(made).toMatchObject({
      amountSats: 100_000n,
      isPreconfirmed: true,
      depth: 1,
      isSwept: false,
      expiresAt: inputs[0]?.expiresAt,
    });
    expect(made?.commitmentTxids).toEqual(inputs.flatMap(({ commitmentTxids }) => commitmentTxids));
    expect(inputs.map(({ arkTxid, spentBy }) => [arkTxid, spentBy !== ""])).toEqual(
      coins.map(() => [accepted.arkTxid, true]),
    );
  });

  it("tells the streams only now, with what was spent and what was created", () => {
    const { engine, coins, accepted } = acceptTransfer();
    const events: ArkdEvent[] = [];
    engine.events.listen((event) => events.push(event));
    engine.finalizeTx(accepted.arkTxid, signCheckpoints(coins, accepted.signedCheckpointTxs));
    const [event] = events;
    if (event?.kind !== "ark_tx") throw new Error("no ark_tx event");
    expect(event.spent.map(({ vtxoId }) => vtxoId)).toEqual(coins.map(({ vtxoId }) => vtxoId));
    expect(event.created.map(({ vtxoId }) => vtxoId)).toEqual([`${accepted.arkTxid}:0`]);
  });

  it("lets the new owner spend at once", () => {
    const { engine, server, coins, accepted } = acceptTransfer();
    engine.finalizeTx(accepted.arkTxid, signCheckpoints(coins, accepted.signedCheckpointTxs));
    const received = { vtxoId: `${accepted.arkTxid}:0`, amountSats: 100_000, owner: bob };
    const onwards = aSubmission(
      server,
      [received],
      [{ script: scriptOf(alice, server).pkScript, amountSats: 100_000n }],
    );
    expect(engine.submitTx(onwards).signedCheckpointTxs).toHaveLength(1);
  });

  it("answers TX_NOT_FOUND for a transfer it never accepted", () => {
    const { engine } = acceptTransfer();
    expect(errorOf(() => engine.finalizeTx("ab".repeat(32), []))).toMatch(/^TX_NOT_FOUND \(19\): /);
  });

  it("is poisoned by a missing owner signature, even when the right checkpoints come next", () => {
    const { engine, coins, accepted } = acceptTransfer();
    expect(errorOf(() => engine.finalizeTx(accepted.arkTxid, accepted.signedCheckpointTxs))).toMatch(
      /^INVALID_SIGNATURE \(18\): /,
    );
    const right = signCheckpoints(coins, accepted.signedCheckpointTxs);
    expect(errorOf(() => engine.finalizeTx(accepted.arkTxid, right))).toMatch(
      /^INTERNAL_ERROR \(0\): not in a valid stage/,
    );
    expect(coins.some(({ vtxoId }) => engine.state.vtxos.get(vtxoId)?.spentBy === "")).toBe(false);
  });

  it("is poisoned by a missing checkpoint", () => {
    const { engine, coins, accepted } = acceptTransfer();
    const right = signCheckpoints(coins, accepted.signedCheckpointTxs);
    expect(errorOf(() => engine.finalizeTx(accepted.arkTxid, right.slice(1)))).toMatch(/^INTERNAL_ERROR \(0\): /);
    expect(errorOf(() => engine.finalizeTx(accepted.arkTxid, right))).toMatch(/not in a valid stage/);
  });

  it("refuses an input that was taken on-chain after acceptance", () => {
    const { engine, coins, accepted } = acceptTransfer();
    engine.unroll(coins[0]?.vtxoId ?? "");
    const right = signCheckpoints(coins, accepted.signedCheckpointTxs);
    expect(errorOf(() => engine.finalizeTx(accepted.arkTxid, right))).toMatch(/^VTXO_ALREADY_UNROLLED \(7\): /);
  });

  it("still finalises after the inputs expired; the outputs then come out swept", () => {
    const { engine, coins, accepted } = acceptTransfer();
    engine.advanceClock(604_800);
    engine.finalizeTx(accepted.arkTxid, signCheckpoints(coins, accepted.signedCheckpointTxs));
    expect(engine.state.vtxos.get(`${accepted.arkTxid}:0`)?.isSwept).toBe(true);
  });

  it("refuses to finalise twice", () => {
    const { engine, coins, accepted } = acceptTransfer();
    const right = signCheckpoints(coins, accepted.signedCheckpointTxs);
    engine.finalizeTx(accepted.arkTxid, right);
    expect(errorOf(() => engine.finalizeTx(accepted.arkTxid, right))).toMatch(
      /^INTERNAL_ERROR \(0\): not in a valid stage/,
    );
  });
});

describe("GetPendingTx", () => {
  it("gives the owner of an input the accepted transfer, finalisable as it is", async () => {
    const { engine, server, coins, accepted } = acceptTransfer();
    const { proof, message } = await aPendingTxProof(server, coins, identityOf(alice));
    const [pending] = engine.getPendingTxs(proof, message);
    expect(pending?.arkTxid).toBe(accepted.arkTxid);
    engine.finalizeTx(accepted.arkTxid, signCheckpoints(coins, pending?.signedCheckpointTxs ?? []));
    expect(engine.getPendingTxs(proof, message)).toEqual([]);
  });

  it("refuses a proof over another message", async () => {
    const { engine, server, coins } = acceptTransfer();
    const { proof } = await aPendingTxProof(server, coins, identityOf(alice));
    const other = JSON.stringify({ type: "get-pending-tx", expire_at: TEST_NOW_MS });
    expect(errorOf(() => engine.getPendingTxs(proof, other))).toMatch(/^INVALID_INTENT_PROOF \(23\): /);
  });

  it("refuses a proof that its owner did not sign", async () => {
    const { engine, server, coins } = acceptTransfer();
    const unsigned = { sign: (tx: Parameters<SingleKey["sign"]>[0]) => Promise.resolve(tx) };
    const { proof, message } = await aPendingTxProof(server, coins, unsigned);
    expect(errorOf(() => engine.getPendingTxs(proof, message))).toMatch(/^INVALID_INTENT_PROOF \(23\): /);
  });

  it("refuses an expired proof, a foreign message type, broken JSON and a broken PSBT", async () => {
    const { engine, server, coins } = acceptTransfer();
    const expired = await aPendingTxProof(server, coins, identityOf(alice), 1_000_000);
    const valid = await aPendingTxProof(server, coins, identityOf(alice));
    expect(errorOf(() => engine.getPendingTxs(expired.proof, expired.message))).toMatch(
      /^INVALID_INTENT_TIMERANGE \(20\): /,
    );
    expect(errorOf(() => engine.getPendingTxs(valid.proof, `{"type":"delete","expire_at":0}`))).toMatch(
      /^INVALID_INTENT_MESSAGE \(21\): /,
    );
    expect(errorOf(() => engine.getPendingTxs(valid.proof, "{"))).toMatch(/^INVALID_INTENT_MESSAGE \(21\): /);
    expect(errorOf(() => engine.getPendingTxs("AAAA", valid.message))).toMatch(/^INVALID_INTENT_PSBT \(22\): /);
  });
});

describe("expiry", () => {
  it("sweeps what the clock has passed and nothing else", () => {
    const { engine } = anEngine();
    const early = engine.fund(alice.pubkey, 1_000n, 2);
    engine.advanceClock(604_000);
    const late = engine.fund(alice.pubkey, 1_000n, 1);
    engine.advanceClock(800);
    const live = [...early.vtxoIds, ...late.vtxoIds]
      .map((id) => engine.state.vtxos.get(id))
      .map((vtxo) => vtxo !== undefined && isSpendable(vtxo));
    expect(live).toEqual([false, false, true]);
  });

  it("comes back from its records, transfer by transfer, with the same state", () => {
    const { engine, records } = anEngine();
    engine.fund(alice.pubkey, 1_000n, 2);
    engine.advanceClock(604_800);
    const again = anEngine().engine.state;
    for (const record of records) again.apply(record);
    expect([...again.vtxos.values()]).toEqual([...engine.state.vtxos.values()]);
    expect(again.clockOffsetSeconds).toBe(604_800);
  });

  it("signs what any wallet can verify", () => {
    const { engine, accepted } = acceptTransfer();
    const finalTx = parsePsbt(accepted.finalArkTx);
    expect(finalTx.id).toBe(accepted.arkTxid);
    const signers = (finalTx.getInput(0).tapScriptSig ?? []).map(([key]) => hex.encode(key.pubKey)).toSorted();
    expect(signers).toEqual([alice.pubkey, engine.signerPubkey].toSorted());
    expect(toPsbt(finalTx)).toBe(accepted.finalArkTx);
  });
});
