import { Extension, asset } from "@arkade-os/sdk";
import { hex } from "@scure/base";
import { verifySchnorr } from "tiny-secp256k1";

import { arkdConservation, driftSats, driftUnits } from "../../control/state-view";
import type { ArkdEngine } from "../engine/arkd-engine";
import { ArkdError } from "../engine/arkd-error";
import { ArkdState } from "../engine/arkd-state";
import { parsePsbt } from "../engine/psbt";
import type { ArkdRecord } from "../engine/records";
import { type Coin, type Payment, type ServerParams, aSubmission, aWallet, scriptOf } from "../testing/a-transfer";
import { anEngine } from "../testing/an-engine";
import { anIntent, BatchWallet, registerMessage } from "../testing/batch-wallet";
import type { ManualTimers } from "../testing/manual-timers";

const alice = aWallet("alice");
const bob = aWallet("bob");
const ASSET_ID = `${"ab".repeat(32)}0000`;
const WEEK_SECONDS = 604_800;

interface World {
  readonly engine: ArkdEngine;
  readonly timers: ManualTimers;
  readonly server: ServerParams;
  readonly records: unknown[];
}

function aWorld(): World {
  const { engine, timers, records } = anEngine();
  const { signerPubkey, checkpointTapscript } = engine.info();
  const server = { signerPubkey, checkpointTapscript, exitDelay: engine.state.settings.unilateralExitDelay };
  return { engine, timers, server, records };
}

function aCoin(
  { engine }: World,
  owner = alice,
  amountSats = 50_000,
  assets: { assetId: string; amount: bigint }[] = [],
) {
  const { vtxoIds } = engine.fund(owner.pubkey, BigInt(amountSats), 1, assets);
  return { vtxoId: vtxoIds[0] ?? "", amountSats, owner } satisfies Coin;
}

function payTo({ server }: World, owner: typeof alice, amountSats: bigint): Payment {
  return { script: scriptOf(owner, server).pkScript, amountSats };
}

function registerOf({ server }: World, coins: readonly Coin[], payments: readonly Payment[]) {
  return anIntent(server, coins, payments, registerMessage([`02${alice.pubkey}`]));
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

async function settle(...wallets: readonly BatchWallet[]): Promise<void> {
  const count = (): number => wallets.reduce((sum, { seen }) => sum + seen.length, 0);
  for (let before = -1; before !== count();) {
    before = count();
    for (const wallet of wallets) await wallet.settle();
  }
}

const kindsOf = ({ seen }: BatchWallet): string[] => [...new Set(seen.map(({ $case }) => $case))];

describe("batches", () => {
  it("renew the coins of several owners in one commitment, each signed by a client of the SDK", async () => {
    const world = aWorld();
    const { engine, timers, server } = world;
    const coins = [aCoin(world), aCoin(world)];
    const foreign = aCoin(world, bob, 20_000);
    const first = new BatchWallet(engine, server, coins, "alice");
    const second = new BatchWallet(engine, server, [foreign], "bob");
    await first.register([payTo(world, alice, 60_000n), payTo(world, alice, 40_000n)]);
    await second.register([payTo(world, bob, 20_000n)]);
    engine.advanceClock(WEEK_SECONDS - 1_000);
    timers.fire();
    await settle(first, second);

    expect([first.errors, second.errors]).toEqual([[], []]);
    const finalized = first.seen.find((event) => event.$case === "batchFinalized");
    const commitmentTxid = finalized?.$case === "batchFinalized" ? finalized.value.commitmentTxid : "";
    for (const { vtxoId } of [...coins, foreign]) {
      expect(engine.state.vtxos.get(vtxoId)).toMatchObject({ settledBy: commitmentTxid, isSwept: false });
      expect(engine.state.vtxos.get(vtxoId)?.spentBy).toMatch(/^[0-9a-f]{64}$/);
    }
    const made = [...engine.state.vtxos.values()].filter(
      ({ commitmentTxids }) => commitmentTxids[0] === commitmentTxid,
    );
    expect(new Set(made.map(({ amountSats }) => amountSats))).toEqual(new Set([20_000n, 40_000n, 60_000n]));
    expect(made.every(({ isPreconfirmed, depth }) => !isPreconfirmed && depth === 0)).toBe(true);
    const lifeLeft = made.map(({ expiresAt, createdAt }) => expiresAt - createdAt);
    expect(lifeLeft).toEqual(made.map(() => WEEK_SECONDS));
    expect(driftSats(arkdConservation(engine.state))).toBe(0);
    expect(timers.count).toBe(0);
  });

  it("tell a client of one batch nothing about the tree of the others", async () => {
    const world = aWorld();
    const first = new BatchWallet(world.engine, world.server, [aCoin(world)], "alice");
    const second = new BatchWallet(world.engine, world.server, [aCoin(world, bob)], "bob");
    await first.register([payTo(world, alice, 50_000n)]);
    await second.register([payTo(world, bob, 50_000n)]);
    world.timers.fire();
    await settle(first, second);
    const leaves = first.seen.flatMap((event) =>
      event.$case === "treeTx" && event.value.batchIndex === 0 && Object.keys(event.value.children).length === 0
        ? [event.value]
        : [],
    );
    expect(leaves).toHaveLength(1);
    expect(first.errors).toEqual([]);
  });

  it("give the same state when their record is replayed", async () => {
    const world = aWorld();
    const wallet = new BatchWallet(world.engine, world.server, [aCoin(world)], "alice");
    await wallet.register([payTo(world, alice, 50_000n)]);
    world.timers.fire();
    await settle(wallet);
    const replayed = new ArkdState();
    for (const record of world.records) replayed.apply(JSON.parse(JSON.stringify(record)) as ArkdRecord);
    expect([...replayed.vtxos.values()]).toEqual([...world.engine.state.vtxos.values()]);
    expect([...replayed.commitments.values()]).toEqual([...world.engine.state.commitments.values()]);
  });

  it("sign every tx of the tree with the key of its output", async () => {
    const world = aWorld();
    const wallet = new BatchWallet(world.engine, world.server, [aCoin(world)], "alice");
    await wallet.register([payTo(world, alice, 30_000n), payTo(world, alice, 20_000n)]);
    world.timers.fire();
    await settle(wallet);
    const signed = wallet.seen.flatMap((event) => (event.$case === "treeSignature" ? [event.value] : []));
    expect(signed).toHaveLength(3);
    for (const { txid, signature } of signed) {
      const tx = parsePsbt(world.engine.state.virtualTxs.get(txid) ?? "");
      const prevout = tx.getInput(0).witnessUtxo;
      const script = prevout?.script ?? new Uint8Array();
      const message = tx.preimageWitnessV1(0, [script], 0, [prevout?.amount ?? 0n]);
      expect(verifySchnorr(message, script.subarray(2), hex.decode(signature))).toBe(true);
    }
  });

  it("recover swept coins without a forfeit", async () => {
    const world = aWorld();
    const coin = aCoin(world);
    world.engine.advanceClock(WEEK_SECONDS + 1);
    expect(world.engine.state.vtxos.get(coin.vtxoId)?.isSwept).toBe(true);
    const wallet = new BatchWallet(world.engine, world.server, [coin], "alice");
    await wallet.register([payTo(world, alice, 50_000n)]);
    world.timers.fire();
    await settle(wallet);
    expect(kindsOf(wallet)).toEqual(expect.arrayContaining(["batchFinalized"]));
    const settled = world.engine.state.vtxos.get(coin.vtxoId);
    expect([settled?.settledBy.length, settled?.spentBy]).toEqual([64, ""]);
    expect(driftSats(arkdConservation(world.engine.state))).toBe(0);
  });

  it("carry assets to the leaves that the packet names", async () => {
    const world = aWorld();
    const coin = aCoin(world, alice, 50_000, [{ assetId: ASSET_ID, amount: 700n }]);
    const packet = Extension.create([
      asset.Packet.create([
        asset.AssetGroup.create(
          asset.AssetId.fromString(ASSET_ID),
          null,
          [asset.AssetInput.create(1, 700n)],
          [asset.AssetOutput.create(1, 700n)],
          [],
        ),
      ]),
    ]);
    const payments = [payTo(world, alice, 40_000n), payTo(world, alice, 10_000n)];
    const wallet = new BatchWallet(world.engine, world.server, [coin], "alice");
    const { proof, message } = anIntent(world.server, [coin], payments, registerMessage([await wallet.cosigner()]), [
      packet.txOut(),
    ]);
    expect(errorOf(() => world.engine.batches.register(...bare(registerOf(world, [coin], payments))))).toContain(
      "ASSET_VALIDATION_FAILED",
    );
    await wallet.join(proof, message);
    world.timers.fire();
    await settle(wallet);
    const made = [...world.engine.state.vtxos.values()].filter(({ settledBy }) => settledBy === "");
    expect(made.map(({ amountSats, assets }) => [amountSats, assets])).toEqual([
      [40_000n, []],
      [10_000n, [{ assetId: ASSET_ID, amount: 700n }]],
    ]);
    expect(driftUnits(arkdConservation(world.engine.state))).toBe(0);
  });

  it("keep what they charge for each input out of the sats there are", async () => {
    const world = aWorld();
    world.engine.changeSettings({ intentInputFeeSats: 25 });
    const coin = aCoin(world);
    const short = registerOf(world, [coin], [payTo(world, alice, 49_976n)]);
    expect(errorOf(() => world.engine.batches.register(...bare(short)))).toContain("INTENT_INSUFFICIENT_FEE (31)");
    const wallet = new BatchWallet(world.engine, world.server, [coin], "alice");
    await wallet.register([payTo(world, alice, 49_975n)]);
    world.timers.fire();
    await settle(wallet);
    expect(kindsOf(wallet)).toContain("batchFinalized");
    const view = arkdConservation(world.engine.state);
    expect([view.live_sats, driftSats(view)]).toEqual([49_975, 0]);
  });

  it.each([
    ["confirm", "no intent was confirmed in time"],
    ["nonces", "missing tree nonces"],
    ["signatures", "missing tree signatures"],
    ["forfeits", "missing forfeit txs"],
  ] as const)("fail when a client goes missing before its %s, and free its coins", async (missing, reason) => {
    const world = aWorld();
    const coin = aCoin(world);
    const steps = ["confirm", "nonces", "signatures", "forfeits"] as const;
    const answers = new Set(steps.slice(0, steps.indexOf(missing)));
    const wallet = new BatchWallet(world.engine, world.server, [coin], "alice", answers);
    await wallet.register([payTo(world, alice, 50_000n)]);
    world.timers.fire();
    await settle(wallet);
    expect(world.engine.batches.isRegistered(coin.vtxoId)).toBe(true);
    world.timers.fire();
    await settle(wallet);
    expect(wallet.seen.at(-1)).toMatchObject({ $case: "batchFailed", value: { reason } });
    expect(world.engine.batches.isRegistered(coin.vtxoId)).toBe(false);
    expect(world.engine.state.vtxos.get(coin.vtxoId)).toMatchObject({ settledBy: "", spentBy: "" });
  });
});

describe("intents", () => {
  it("hold their coins against transfers, and accepted transfers against intents", () => {
    const world = aWorld();
    const { engine, server } = world;
    const [coin, other] = [aCoin(world), aCoin(world)];
    engine.batches.register(...bare(registerOf(world, [coin], [payTo(world, alice, 50_000n)])));
    const spend = aSubmission(server, [coin], [payTo(world, bob, 50_000n)]);
    expect(errorOf(() => engine.submitTx(spend))).toContain("VTXO_ALREADY_REGISTERED (4)");
    const again = registerOf(world, [coin], [payTo(world, bob, 50_000n)]);
    expect(errorOf(() => engine.batches.register(...bare(again)))).toContain("VTXO_ALREADY_REGISTERED (4)");
    engine.submitTx(aSubmission(server, [other], [payTo(world, bob, 50_000n)]));
    const spent = registerOf(world, [other], [payTo(world, alice, 50_000n)]);
    expect(errorOf(() => engine.batches.register(...bare(spent)))).toContain("VTXO_ALREADY_SPENT (6)");
  });

  it("are taken back by a proof over one of their coins", () => {
    const world = aWorld();
    const { engine, server } = world;
    const coins = [aCoin(world), aCoin(world)];
    engine.batches.register(...bare(registerOf(world, coins, [payTo(world, alice, 100_000n)])));
    const takeBack = anIntent(server, coins.slice(1), [], { type: "delete", expire_at: 0 });
    engine.batches.delete(...bare(takeBack));
    expect(coins.map(({ vtxoId }) => engine.batches.isRegistered(vtxoId))).toEqual([false, false]);
    expect(errorOf(() => engine.batches.delete(...bare(takeBack)))).toContain("INTENT_NOT_FOUND (45)");
  });

  it("are refused when nobody who owns the coin has signed", () => {
    const world = aWorld();
    const coin = aCoin(world);
    const { proof, message } = registerOf(world, [{ ...coin, owner: alice }], [payTo(world, bob, 50_000n)]);
    const other = registerOf(world, [coin], [payTo(world, alice, 50_000n)]).message.replace(
      '"valid_at":0',
      '"valid_at":1',
    );
    expect(errorOf(() => world.engine.batches.register(proof, other))).toContain("INVALID_INTENT_PROOF (23)");
    expect(errorOf(() => world.engine.batches.register(proof, message))).toBe("no error");
  });

  it.each([
    ["below dust", 329n, "AMOUNT_TOO_LOW (15)"],
    ["above what goes in", 50_001n, "INTENT_INSUFFICIENT_FEE (31)"],
  ])("are refused with an output %s", (_case, amountSats, error) => {
    const world = aWorld();
    const intent = registerOf(world, [aCoin(world)], [payTo(world, alice, amountSats)]);
    expect(errorOf(() => world.engine.batches.register(...bare(intent)))).toContain(error);
  });

  it("that have expired are refused, and one that expires while it waits is dropped", () => {
    const world = aWorld();
    const { engine, server, timers } = world;
    const coin = aCoin(world);
    const payments = [payTo(world, alice, 50_000n)];
    const expireAt = Math.floor(engine.state.vtxos.get(coin.vtxoId)?.createdAt ?? 0) + 60;
    const intent = anIntent(server, [coin], payments, registerMessage([`02${alice.pubkey}`], expireAt));
    engine.batches.register(...bare(intent));
    engine.advanceClock(61);
    timers.fire();
    expect(engine.batches.isRegistered(coin.vtxoId)).toBe(false);
    expect(errorOf(() => engine.batches.register(...bare(intent)))).toContain("INVALID_INTENT_TIMERANGE (20)");
  });

  it("are forgotten by a restart", () => {
    const world = aWorld();
    const coin = aCoin(world);
    world.engine.batches.register(...bare(registerOf(world, [coin], [payTo(world, alice, 50_000n)])));
    world.engine.batches.clear();
    expect([world.engine.batches.isRegistered(coin.vtxoId), world.timers.count]).toEqual([false, 0]);
  });
});

function bare({ proof, message }: { proof: string; message: string }): [string, string] {
  return [proof, message];
}
