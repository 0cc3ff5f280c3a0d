import {
  InMemoryContractRepository,
  InMemoryWalletRepository,
  type OnchainProvider,
  RestArkProvider,
  RestIndexerProvider,
  SingleKey,
  Wallet,
} from "@arkade-os/sdk";
import { base64, hex } from "@scure/base";
import { EventSource } from "eventsource";

import { parsePsbt } from "./engine/psbt";
import { type Coin, aPendingTxProof, aSubmission, aWallet, scriptOf, signCheckpoints } from "./testing/a-transfer";
import { type RunningArkd, anArkd } from "./testing/an-arkd";

// The SDK looks for a browser's EventSource, which Node 20 does not have.
Object.assign(globalThis, { EventSource });

const alice = aWallet("alice");
const bob = aWallet("bob");

let arkd: RunningArkd;
let ark: RestArkProvider;
let indexer: RestIndexerProvider;

beforeEach(async () => {
  arkd = await anArkd();
  ark = new RestArkProvider(arkd.restUrl);
  indexer = new RestIndexerProvider(arkd.restUrl);
});
afterEach(() => arkd.daemon.close());

function aliceCoin(): Coin {
  const { vtxoIds } = arkd.engine.fund(alice.pubkey, 50_000n, 1);
  return { vtxoId: vtxoIds[0] ?? "", amountSats: 50_000, owner: alice };
}

function payBob(coin: Coin): { signedArkTx: string; checkpointTxs: string[] } {
  return aSubmission(arkd.server, [coin], [{ script: scriptOf(bob, arkd.server).pkScript, amountSats: 50_000n }]);
}

async function transfer(coin: Coin): Promise<string> {
  const { signedArkTx, checkpointTxs } = payBob(coin);
  const { arkTxid, signedCheckpointTxs } = await ark.submitTx(signedArkTx, checkpointTxs);
  await ark.finalizeTx(arkTxid, signCheckpoints([coin], signedCheckpointTxs));
  return arkTxid;
}

/** The wallet looks for coins on-chain, of which devnet has none. */
const NO_CHAIN: OnchainProvider = {
  getCoins: () => Promise.resolve([]),
  getFeeRate: () => Promise.resolve(1),
  broadcastTransaction: () => Promise.reject(new Error("devnet has no mempool")),
  getTxOutspends: () => Promise.resolve([]),
  getTransactions: () => Promise.resolve([]),
  getTxStatus: () => Promise.resolve({ confirmed: false }),
  getChainTip: () => Promise.resolve({ height: 101, time: 0, hash: "" }),
  watchAddresses: () => Promise.resolve(() => undefined),
};

/** Resolves once arkd has an intent over the coin and somebody who listens: the SDK does not wait for its stream. */
async function registered({ vtxoId }: Coin): Promise<void> {
  const { batches, batchStreams } = arkd.engine;
  while (!batches.isRegistered(vtxoId) || batchStreams.count === 0)
    await new Promise((resolve) => setImmediate(resolve));
}

describe("arkd's REST face, used by the SDK's own providers", () => {
  it("gives the info wallets derive their scripts from", async () => {
    const info = await ark.getInfo();
    expect(info).toMatchObject({
      network: "regtest",
      dust: 330n,
      unilateralExitDelay: 86_016n,
      vtxoMinAmount: 330n,
      vtxoMaxAmount: -1n,
    });
    expect([info.signerPubkey, info.checkpointTapscript]).toEqual([
      arkd.server.signerPubkey,
      arkd.server.checkpointTapscript,
    ]);
    const raw: unknown = await (await fetch(`${arkd.restUrl}/v1/info`)).json();
    expect(raw).toMatchObject({ maxTxWeight: "40000", maxOpReturnOutputs: "3", scheduledSession: null });
  });

  it("settles a transfer and shows it in every read of the indexer", async () => {
    const coin = aliceCoin();
    const arkTxid = await transfer(coin);
    const { vtxos } = await indexer.getVtxos({
      scripts: [hex.encode(scriptOf(bob, arkd.server).pkScript)],
      spendableOnly: true,
    });
    expect(vtxos).toMatchObject([{ txid: arkTxid, vout: 0, value: 50_000 }]);
    const spent = await indexer.getVtxos({ outpoints: [{ txid: coin.vtxoId.split(":")[0] ?? "", vout: 0 }] });
    expect(spent.vtxos).toMatchObject([{ isSpent: true, arkTxId: arkTxid }]);
    const { txs } = await indexer.getVirtualTxs([arkTxid]);
    expect(parsePsbt(txs[0] ?? "").id).toBe(arkTxid);
    const { chain } = await indexer.getVtxoChain({ txid: arkTxid, vout: 0 });
    expect(chain.map(({ type }) => type)).toEqual([
      "INDEXER_CHAINED_TX_TYPE_ARK",
      "INDEXER_CHAINED_TX_TYPE_CHECKPOINT",
      "INDEXER_CHAINED_TX_TYPE_TREE",
      "INDEXER_CHAINED_TX_TYPE_COMMITMENT",
    ]);
    const commitment = await indexer.getCommitmentTx(chain.at(-1)?.txid ?? "");
    expect(commitment.batches).toMatchObject({ 0: { totalOutputAmount: "50000", totalOutputVtxos: 1, swept: false } });
  });

  it("recovers a transfer whose reply was lost, through the owner's proof", async () => {
    const coin = aliceCoin();
    arkd.faults.add({ target: "arkd", method: "SubmitTx", kind: "lose_reply", times: 1, probability: 1 });
    const { signedArkTx, checkpointTxs } = payBob(coin);
    await expect(ark.submitTx(signedArkTx, checkpointTxs)).rejects.toThrow();
    const { proof } = await aPendingTxProof(arkd.server, [coin], SingleKey.fromPrivateKey(alice.secret));
    const [pending] = await ark.getPendingTxs({ proof, message: { type: "get-pending-tx", expire_at: 0 } });
    expect(pending?.arkTxid).toBe(parsePsbt(signedArkTx).id);
    await ark.finalizeTx(pending?.arkTxid ?? "", signCheckpoints([coin], pending?.signedCheckpointTxs ?? []));
  });

  it("answers arkd's structured errors, which the SDK turns into ArkError", async () => {
    await transfer(aliceCoin());
    await expect(ark.finalizeTx("ab".repeat(32), [])).rejects.toMatchObject({ name: "TX_NOT_FOUND", code: 19 });
    const response = await fetch(`${arkd.restUrl}/v1/tx/submit`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ signedArkTx: base64.encode(Uint8Array.of(1)), checkpointTxs: [] }),
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      code: 3,
      message: "INVALID_ARK_PSBT (1): failed to parse psbt",
      details: [{ "@type": "type.googleapis.com/ark.v1.ErrorDetails", code: 1, name: "INVALID_ARK_PSBT" }],
    });
  });

  it("tells the SDK about changed settings by DIGEST_MISMATCH", async () => {
    await ark.getInfo();
    arkd.engine.changeSettings({ maxTxWeight: 30_000 });
    await expect(transfer(aliceCoin())).rejects.toThrow(/digest mismatch/);
    await expect(transfer(aliceCoin())).resolves.toHaveLength(64);
  });

  it("renews a coin in a batch that the SDK's own wallet settles", async () => {
    // The wallet judges by the real time whether a coin has expired.
    await arkd.daemon.close();
    arkd = await anArkd({ nowMs: Date.now });
    const coin = aliceCoin();
    const wallet = await Wallet.create({
      identity: SingleKey.fromPrivateKey(alice.secret),
      arkServerUrl: arkd.restUrl,
      onchainProvider: NO_CHAIN,
      storage: {
        walletRepository: new InMemoryWalletRepository(),
        contractRepository: new InMemoryContractRepository(),
      },
      settlementConfig: false,
    });
    const vtxos = await wallet.getVtxos();
    const output = { address: await wallet.getAddress(), amount: 50_000n };
    const settled = wallet.settle({ inputs: vtxos, outputs: [output] });
    await registered(coin);
    arkd.timers.fire();
    const commitmentTxid = await settled;
    expect(arkd.engine.state.vtxos.get(coin.vtxoId)?.settledBy).toBe(commitmentTxid);
    const renewed = [...arkd.engine.state.vtxos.values()].filter(({ settledBy }) => settledBy === "");
    expect(renewed).toMatchObject([{ amountSats: 50_000n, commitmentTxids: [commitmentTxid] }]);
    await wallet.dispose();
  });

  it("answers malformed JSON, unknown paths and batch calls without falling over", async () => {
    const post = (path: string, body: string) =>
      fetch(`${arkd.restUrl}${path}`, { method: "POST", headers: { "Content-Type": "application/json" }, body });
    expect((await post("/v1/tx/submit", "{")).status).toBe(400);
    expect((await post("/v1/nothing", "{}")).status).toBe(404);
    expect((await post("/v1/batch/registerIntent", "{}")).status).toBe(400);
    expect((await fetch(`${arkd.restUrl}/v1/indexer/vtxos?after=x&scripts=5120${"ab".repeat(32)}`)).status).toBe(400);
    expect(await (await fetch(`${arkd.restUrl}/healthz`)).json()).toEqual({ status: "SERVING" });
  });

  it("streams settled transfers to the SDK's subscription and transactions stream", async () => {
    const script = hex.encode(scriptOf(bob, arkd.server).pkScript);
    const abort = new AbortController();
    const subscription = indexer.getSubscription(await indexer.subscribeForScripts([script]), abort.signal);
    const transactions = ark.getTransactionsStream(abort.signal);
    const [received, seen] = [subscription.next(), nextArkTx(transactions)];
    const arkTxid = await transfer(aliceCoin());
    expect((await received).value).toMatchObject({
      txid: arkTxid,
      scripts: [script],
      newVtxos: [{ txid: arkTxid, value: 50_000 }],
    });
    expect((await seen)?.txid).toBe(arkTxid);
    abort.abort();
    await subscription.return?.();
  });
});

async function nextArkTx(
  stream: ReturnType<RestArkProvider["getTransactionsStream"]>,
): Promise<{ txid: string } | undefined> {
  for await (const { arkTx } of stream) {
    if (arkTx !== undefined) return arkTx;
  }
  return undefined;
}
