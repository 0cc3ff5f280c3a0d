import { Transaction } from "@arkade-os/sdk";
import { base64, hex } from "@scure/base";

import { type BatchIntent, deleteProof, estimateProof, registerProof } from "@arkrelay/core/ark-batch/batch-intent";
import { type BatchCommitment, type BatchOutcome, joinBatch } from "@arkrelay/core/ark-batch/join-batch";
import { onchainScriptOf } from "@arkrelay/core/ark/onchain-script";
import { vtxoScriptFor } from "@arkrelay/core/ark/vtxo-script";
import { deriveCosignerKey, deriveGatewayKeys } from "@arkrelay/core/ark/wallet-keys";
import type { ArkBatches, ArkBatchEvent } from "@arkrelay/core/ports/ark-batches";
import { GrpcArkDaemon } from "@arkrelay/daemons/ark/grpc-ark-daemon";
import { SILENT_OBSERVER } from "@arkrelay/daemons/daemon-observer";
import { systemRandom } from "@arkrelay/runtime/random";

import { type RunningArkd, anArkd } from "../arkd/testing/an-arkd";
import type { FaultKind } from "../faults/fault";
import { endpointOf } from "../testing/live-daemon";
import { refusalOf } from "../testing/refusal-of";

const SEED = new Uint8Array(32).fill(7);
const keys = deriveGatewayKeys(SEED);
const cosigner = deriveCosignerKey(SEED);
const ASSET_ID = `${"cd".repeat(32)}0000`;
const signers = { keys: Object.values(keys), random: systemRandom };

let arkd: RunningArkd;
let client: GrpcArkDaemon;

beforeEach(async () => {
  arkd = await anArkd();
  const endpoint = endpointOf({ port: arkd.daemon.port, tlsCertFile: undefined, macaroonFile: undefined });
  client = new GrpcArkDaemon(
    { ...endpoint, host: "127.0.0.1", signerPubkey: undefined, forfeitPubkey: undefined },
    { observer: SILENT_OBSERVER, requestId: () => undefined },
  );
});
afterEach(async () => {
  client.close();
  await arkd.daemon.close();
});

function paramsOf() {
  const { signerPubkey, exitDelay } = arkd.server;
  return { signerPubkey: signerPubkey.slice(2), exitDelay };
}

function aCoin(amountSats: bigint, owner = keys.treasury, assets: { assetId: string; amount: bigint }[] = []) {
  const { vtxoIds } = arkd.engine.fund(owner.pubkey, amountSats, 1, assets);
  const [vtxoId = ""] = vtxoIds;
  const txid = vtxoId.slice(0, 64);
  return { ...paramsOf(), vtxoId, txid, vout: 0, amountSats, ownerPubkey: owner.pubkey, assets, isRecoverable: false };
}

type Coin = ReturnType<typeof aCoin>;

function toTreasury(amountSats: bigint, assets: { assetId: string; amount: bigint }[] = []) {
  return { script: vtxoScriptFor(keys.treasury.pubkey, paramsOf(), "regtest").script, amountSats, assets };
}

function anIntent(inputs: readonly Coin[], outputs: readonly ReturnType<typeof toTreasury>[]): BatchIntent {
  return { inputs, outputs, cosignerPubkey: cosigner.pubkey };
}

function strike(method: string, kind: FaultKind): void {
  arkd.faults.add({ target: "arkd", method, kind, times: 1, probability: 1 });
}

interface Joined {
  readonly outcome: BatchOutcome;
  readonly committing: readonly BatchCommitment[];
}

/** Joins a batch; the window closes once the intent is registered. */
async function join(intent: BatchIntent, onRegistered = (): void => arkd.timers.fire()): Promise<Joined> {
  const committing: BatchCommitment[] = [];
  const { forfeitPubkey, forfeitAddress } = await client.batches.getBatchInfo();
  const outcome = await joinBatch(
    { batches: client.batches, random: systemRandom },
    {
      intent,
      proof: registerProof(intent, 0, signers),
      cosigner,
      keys: signers.keys,
      forfeitPubkey,
      forfeitScript: onchainScriptOf(forfeitAddress, "regtest"),
      minExpirySeconds: 604_672,
      timeoutMs: 10_000,
    },
    {
      onRegistered: () => {
        onRegistered();
        return Promise.resolve();
      },
      onCommitting: (commitment) => Promise.resolve(void committing.push(commitment)),
    },
    new AbortController().signal,
  );
  return { outcome, committing };
}

describe("the gateway's own client in a batch", () => {
  it("renews VTXOs of several of its keys and knows beforehand where the new ones will be", async () => {
    const coins = [aCoin(50_000n), aCoin(30_000n, keys.used), aCoin(20_000n)];
    const { outcome, committing } = await join(anIntent(coins, [toTreasury(60_000n), toTreasury(40_000n)]));
    const [commitment] = committing;
    expect(outcome).toEqual({ kind: "finalized", commitmentTxid: commitment?.commitmentTxid });
    const old = await client.listVtxosByOutpoints(coins.map(({ vtxoId }) => vtxoId));
    expect(old.map(({ settledBy, isSpent }) => [settledBy, isSpent])).toEqual(
      coins.map(() => [commitment?.commitmentTxid, true]),
    );
    const made = await client.listVtxosByOutpoints(commitment?.vtxoIds ?? []);
    const bySats = new Map(made.map((vtxo) => [vtxo.amountSats, vtxo.commitmentTxids]));
    expect(bySats).toEqual(
      new Map([
        [60_000n, [commitment?.commitmentTxid]],
        [40_000n, [commitment?.commitmentTxid]],
      ]),
    );
    expect(commitment?.batchScript).toMatch(/^5120[0-9a-f]{64}$/);
  });

  it("carries assets over", async () => {
    const assets = [{ assetId: ASSET_ID, amount: 500n }];
    const coins = [aCoin(40_000n), aCoin(1_000n, keys.stock, assets)];
    const { outcome, committing } = await join(anIntent(coins, [toTreasury(40_000n), toTreasury(1_000n, assets)]));
    expect(outcome.kind).toBe("finalized");
    const made = await client.listVtxosByOutpoints(committing[0]?.vtxoIds ?? []);
    expect(made.find(({ amountSats }) => amountSats === 1_000n)?.assets).toEqual(assets);
  });

  it("recovers what was swept, beside what is live", async () => {
    const swept = aCoin(9_000n);
    arkd.engine.advanceClock(604_801);
    const live = aCoin(5_000n);
    const intent = anIntent([{ ...swept, isRecoverable: true }, live], [toTreasury(14_000n)]);
    expect((await join(intent)).outcome.kind).toBe("finalized");
  });

  it("pays what arkd asks for", async () => {
    arkd.engine.changeSettings({ intentInputFeeSats: 12 });
    const coins = [aCoin(5_000n), aCoin(5_000n)];
    const fee = await client.batches.estimateIntentFee(
      estimateProof(anIntent(coins, [toTreasury(10_000n)]), 0, signers),
    );
    expect(fee).toBe(24n);
    expect((await join(anIntent(coins, [toTreasury(10_000n - fee)]))).outcome.kind).toBe("finalized");
    expect((await refusalOf(join(anIntent([aCoin(5_000n)], [toTreasury(5_000n)])))).name).toBe(
      "INTENT_INSUFFICIENT_FEE",
    );
  });

  it("takes an intent back, and hears when there is none", async () => {
    const coin = aCoin(50_000n);
    const intent = anIntent([coin], [toTreasury(50_000n)]);
    await client.batches.registerIntent(registerProof(intent, 0, signers));
    expect((await refusalOf(client.batches.registerIntent(registerProof(intent, 0, signers)))).name).toBe(
      "VTXO_ALREADY_REGISTERED",
    );
    const proof = deleteProof([coin], 0, signers);
    await expect(client.batches.deleteIntent(proof)).resolves.toBe(true);
    await expect(client.batches.deleteIntent(proof)).resolves.toBe(false);
  });

  it.each(["ConfirmRegistration", "SubmitTreeNonces", "SubmitTreeSignatures", "SubmitSignedForfeitTxs"])(
    "goes on when the reply to %s is lost",
    async (method) => {
      const intent = anIntent([aCoin(50_000n)], [toTreasury(50_000n)]);
      strike(method, "lose_reply");
      const { outcome } = await join(intent);
      expect(outcome.kind).toBe("finalized");
    },
  );

  it("is told the reason when a phase is missed, and its VTXOs are free again", async () => {
    const coin = aCoin(50_000n);
    const intent = anIntent([coin], [toTreasury(50_000n)]);
    strike("SubmitTreeNonces", "error_before");
    const missed = join(intent);
    // The window, then the deadline of the nonces.
    while (arkd.faults.list().length > 0) await new Promise((resolve) => setImmediate(resolve));
    arkd.timers.fire();
    expect((await missed).outcome).toEqual({ kind: "failed", reason: "missing tree nonces" });
    expect(arkd.engine.batches.isRegistered(coin.vtxoId)).toBe(false);
  });

  it("is lost when the stream is cut, before anything that arkd could make final", async () => {
    const intent = anIntent([aCoin(50_000n)], [toTreasury(50_000n)]);
    const refusal = await refusalOf(join(intent, () => strike("GetEventStream", "cut_stream")));
    expect(refusal.code).toBe("daemon_unavailable");
  });
});

/** The client's batches, with what arkd says bent on its way: undefined = the event is lost. */
function bent(change: (event: ArkBatchEvent) => ArkBatchEvent | undefined): ArkBatches {
  const openEvents: ArkBatches["openEvents"] = async (topics, options) => {
    const events = await client.batches.openEvents(topics, options);
    return (async function* () {
      for await (const event of events) {
        const told = change(event);
        if (told !== undefined) yield told;
      }
    })();
  };
  return Object.assign(Object.create(client.batches) as ArkBatches, { openEvents });
}

describe("an arkd that cheats gets no signature and no forfeit", () => {
  /** Joins with a bent arkd; returns the VTXO, and whether anything was about to be handed over. */
  async function cheated(
    change: (event: ArkBatchEvent) => ArkBatchEvent | undefined,
    { wanted, registered }: { readonly wanted: readonly bigint[]; readonly registered: readonly bigint[] } = {
      wanted: [50_000n],
      registered: [50_000n],
    },
  ) {
    const coin = aCoin(50_000n);
    const toIntent = (amounts: readonly bigint[]) =>
      anIntent(
        [coin],
        amounts.map((sats) => toTreasury(sats)),
      );
    const { forfeitPubkey, forfeitAddress } = await client.batches.getBatchInfo();
    let isCommitting = false;
    const joined = joinBatch(
      { batches: bent(change), random: systemRandom },
      {
        intent: toIntent(wanted),
        proof: registerProof(toIntent(registered), 0, signers),
        cosigner,
        keys: signers.keys,
        forfeitPubkey,
        forfeitScript: onchainScriptOf(forfeitAddress, "regtest"),
        minExpirySeconds: 604_672,
        timeoutMs: 10_000,
      },
      {
        onRegistered: () => Promise.resolve(arkd.timers.fire()),
        onCommitting: () => Promise.resolve(void (isCommitting = true)),
      },
      new AbortController().signal,
    );
    const { code } = await refusalOf(joined);
    return { code, isCommitting, settledBy: arkd.engine.state.vtxos.get(coin.vtxoId)?.settledBy };
  }
  const REFUSED = { code: "payload_mismatch", isCommitting: false, settledBy: "" };

  it("when a leaf is missing", async () => {
    const amounts = { wanted: [49_000n, 1_000n], registered: [50_000n] };
    expect(await cheated((event) => event, amounts)).toEqual(REFUSED);
  });

  it("when the tree hangs on another commitment", async () => {
    const other = new Transaction();
    other.addInput({ txid: "11".repeat(32), index: 0 });
    other.addOutput({
      script: hex.decode("512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"),
      amount: 50_000n,
    });
    const commitmentPsbt = base64.encode(other.toPSBT());
    const swap = (event: ArkBatchEvent) =>
      event.kind === "tree_signing_started" ? { ...event, commitmentPsbt } : event;
    expect(await cheated(swap)).toEqual(REFUSED);
  });

  it("when it may sweep the tree earlier than it says", async () => {
    const sooner = (event: ArkBatchEvent) =>
      event.kind === "batch_started" ? { ...event, batchExpiry: 1_024 } : event;
    expect(await cheated(sooner)).toEqual(REFUSED);
  });

  it("when the nonces of a cosigner are left out", async () => {
    const without = (event: ArkBatchEvent) => (event.kind === "tree_nonces" ? { ...event, nonces: {} } : event);
    expect(await cheated(without)).toEqual(REFUSED);
  });

  it.each([
    ["is missing", () => undefined],
    [
      "is wrong",
      (event: Extract<ArkBatchEvent, { kind: "tree_signature" }>) => ({ ...event, signature: "ab".repeat(64) }),
    ],
  ] as const)("when a signature of the tree %s", async (_how, change) => {
    expect(await cheated((event) => (event.kind === "tree_signature" ? change(event) : event))).toEqual(REFUSED);
  });

  it("when it asks for forfeits under another commitment than the tree's", async () => {
    const other = new Transaction();
    other.addInput({ txid: "22".repeat(32), index: 0 });
    const commitmentPsbt = base64.encode(other.toPSBT());
    const swap = (event: ArkBatchEvent) => (event.kind === "batch_finalization" ? { ...event, commitmentPsbt } : event);
    expect(await cheated(swap)).toEqual(REFUSED);
  });

  it("when there is no connector that ties a forfeit to the commitment", async () => {
    const without = (event: ArkBatchEvent) =>
      event.kind === "tree_tx" && event.tree === "connectors" ? undefined : event;
    expect(await cheated(without)).toEqual(REFUSED);
  });
});
