import { Extension, UnknownPacket, asset } from "@arkade-os/sdk";
import { hex } from "@scure/base";
import fc from "fast-check";

import { buildArkTx } from "@arkrelay/core/ark/build-ark-tx";
import { insertSignatures } from "@arkrelay/core/ark/insert-signatures";
import { signItems } from "@arkrelay/core/ark/sign-items";
import { arkItems } from "@arkrelay/core/ark/signing-items";
import type { ArkInput, ArkOutput } from "@arkrelay/core/ark/types";
import { NO_RANDOM } from "@arkrelay/core/testing/ark-transfer";

import { SeededRandom } from "../../clock/seeded-random";
import { assetConservation } from "../../control/asset-view";
import { indexerCalls } from "../calls/indexer-calls";
import { Subscriptions } from "../calls/subscriptions";
import { toWireVtxo } from "../calls/wire-vtxo";
import {
  type Coin,
  type Payment,
  type ServerParams,
  aSubmission,
  aWallet,
  scriptOf,
  signCheckpoints,
} from "../testing/a-transfer";
import { anEngine } from "../testing/an-engine";
import type { ArkdEngine } from "./arkd-engine";
import { ArkdError, PlainStatusError } from "./arkd-error";
import type { ArkdEvent } from "./arkd-events";
import { ArkdState } from "./arkd-state";
import type { ArkdRecord } from "./records";
import type { AssetAmount } from "./vtxo";

const { AssetGroup, AssetId, AssetInput, AssetOutput, AssetRef, Metadata, Packet } = asset;
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

const alice = aWallet("alice");
const bob = aWallet("bob");
const GOLD = `${"aa".repeat(32)}0000`;
const SILVER = `${"bb".repeat(32)}0100`;

interface World {
  readonly engine: ArkdEngine;
  readonly records: readonly ArkdRecord[];
  readonly server: ServerParams;
}

function aWorld(): World {
  const { engine, records } = anEngine();
  const { signerPubkey, checkpointTapscript } = engine.info();
  const exitDelay = engine.state.settings.unilateralExitDelay;
  return { engine, records, server: { signerPubkey, checkpointTapscript, exitDelay } };
}

/** A coin of Alice's. */
function aCoin({ engine }: World, amountSats: number, assets: readonly AssetAmount[] = []): Coin {
  const [vtxoId = ""] = engine.fund(alice.pubkey, BigInt(amountSats), 1, assets).vtxoIds;
  return { vtxoId, amountSats, owner: alice };
}

const gold = (amount: bigint): AssetAmount => ({ assetId: GOLD, amount });

const payment = ({ server }: World, to: typeof bob, amountSats: number): Payment => ({
  script: scriptOf(to, server).pkScript,
  amountSats: BigInt(amountSats),
});

function packetOf(groups: readonly asset.AssetGroup[]): Payment {
  return { script: Extension.create([Packet.create([...groups])]).serialize(), amountSats: 0n };
}

type Entry = readonly [index: number, amount: bigint];

function aGroup(assetId: string | null, inputs: readonly Entry[], outputs: readonly Entry[]): asset.AssetGroup {
  return AssetGroup.create(
    assetId === null ? null : AssetId.fromString(assetId),
    null,
    inputs.map(([vin, amount]) => AssetInput.create(vin, amount)),
    outputs.map(([vout, amount]) => AssetOutput.create(vout, amount)),
    [],
  );
}

/** Signs, submits and finalises. */
function transfer({ engine, server }: World, coins: readonly Coin[], payments: readonly Payment[]): string {
  const { arkTxid, signedCheckpointTxs } = engine.submitTx(aSubmission(server, coins, payments));
  engine.finalizeTx(arkTxid, signCheckpoints(coins, signedCheckpointTxs));
  return arkTxid;
}

const assetsOf = ({ engine }: World, vtxoId: string): readonly AssetAmount[] | undefined =>
  engine.state.vtxos.get(vtxoId)?.assets;

function getAsset({ engine }: World, assetId: string) {
  const calls = indexerCalls(engine, new Subscriptions(engine.events, new SeededRandom("test")));
  return calls.getAsset.run({ assetId });
}

function refusalOf(work: () => unknown): ArkdError {
  try {
    work();
  } catch (error) {
    if (error instanceof ArkdError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("a transfer of an asset", () => {
  it("moves the units that its packet says, and the rest comes back", () => {
    const world = aWorld();
    const coin = aCoin(world, 1_000, [gold(50n)]);
    const group = aGroup(
      GOLD,
      [[0, 50n]],
      [
        [0, 20n],
        [1, 30n],
      ],
    );
    const txid = transfer(world, [coin], [payment(world, bob, 330), payment(world, alice, 670), packetOf([group])]);
    expect(assetsOf(world, `${txid}:0`)).toEqual([gold(20n)]);
    expect(assetsOf(world, `${txid}:1`)).toEqual([gold(30n)]);
    expect(world.engine.state.vtxos.has(`${txid}:2`)).toBe(false);
    expect(getAsset(world, GOLD)).toMatchObject({ supply: "50" });
  });

  it("shows the assets of what it spends and makes to the streams", () => {
    const world = aWorld();
    const coin = aCoin(world, 1_000, [gold(50n)]);
    const seen: ArkdEvent[] = [];
    world.engine.events.listen((event) => seen.push(event));
    transfer(world, [coin], [payment(world, bob, 1_000), packetOf([aGroup(GOLD, [[0, 50n]], [[0, 50n]])])]);
    const [event] = seen;
    if (event?.kind !== "ark_tx") throw new Error("no transfer was told");
    expect([...event.spent, ...event.created].map((vtxo) => toWireVtxo(vtxo).assets)).toEqual([
      [{ assetId: GOLD, amount: 50n }],
      [{ assetId: GOLD, amount: 50n }],
    ]);
  });

  it("may carry packets of other kinds beside", () => {
    const world = aWorld();
    const coin = aCoin(world, 1_000, [gold(50n)]);
    const packets = [Packet.create([aGroup(GOLD, [[0, 50n]], [[0, 50n]])]), new UnknownPacket(9, utf8("later"))];
    const script = Extension.create(packets).serialize();
    const txid = transfer(world, [coin], [payment(world, bob, 1_000), { script, amountSats: 0n }]);
    expect(assetsOf(world, `${txid}:0`)).toEqual([gold(50n)]);
  });

  it("of fewer units than came in burns the rest without a word", () => {
    const world = aWorld();
    const coin = aCoin(world, 1_000, [gold(50n)]);
    transfer(world, [coin], [payment(world, bob, 1_000), packetOf([aGroup(GOLD, [[0, 50n]], [[0, 49n]])])]);
    expect(getAsset(world, GOLD)).toMatchObject({ supply: "49" });
    expect(assetConservation(world.engine.state)[GOLD]).toMatchObject({
      issued_units: 50,
      burnt_units: 1,
      drift_units: 0,
    });
  });

  it("takes its units out of the supply from acceptance until it is final", () => {
    const world = aWorld();
    const coin = aCoin(world, 1_000, [gold(50n)]);
    const payments = [payment(world, bob, 1_000), packetOf([aGroup(GOLD, [[0, 50n]], [[0, 50n]])])];
    const accepted = world.engine.submitTx(aSubmission(world.server, [coin], payments));
    expect(getAsset(world, GOLD)).toMatchObject({ supply: "0" });
    expect(assetConservation(world.engine.state)[GOLD]).toMatchObject({ in_flight_units: 50, drift_units: 0 });
    world.engine.finalizeTx(accepted.arkTxid, signCheckpoints([coin], accepted.signedCheckpointTxs));
    expect(getAsset(world, GOLD)).toMatchObject({ supply: "50" });
  });
});

describe("an issuance", () => {
  const metadata = [Metadata.create(utf8("ticker"), utf8("gUSD")), Metadata.create(utf8("decimals"), utf8("2"))];

  it("names the asset by transaction and group, and is kept with its metadata", () => {
    const world = aWorld();
    const group = AssetGroup.create(null, null, [], [AssetOutput.create(0, 5_000n)], metadata);
    const txid = transfer(world, [aCoin(world, 1_000)], [payment(world, bob, 1_000), packetOf([group])]);
    const assetId = AssetId.create(txid, 0).toString();
    expect(assetsOf(world, `${txid}:0`)).toEqual([{ assetId, amount: 5_000n }]);
    expect(getAsset(world, assetId)).toEqual({
      assetId,
      supply: "5000",
      metadata: hex.encode(new asset.MetadataList(metadata).serialize()),
      controlAsset: "",
    });
  });

  it("does not exist before its transaction is final", () => {
    const world = aWorld();
    const payments = [payment(world, bob, 1_000), packetOf([aGroup(null, [], [[0, 5n]])])];
    const { arkTxid } = world.engine.submitTx(aSubmission(world.server, [aCoin(world, 1_000)], payments));
    expect(() => getAsset(world, AssetId.create(arkTxid, 0).toString())).toThrow(PlainStatusError);
  });

  it("may name a control asset, whose group in a later packet lets more of it be issued", () => {
    const world = aWorld();
    const controlled = AssetGroup.create(null, AssetRef.fromGroupIndex(0), [], [AssetOutput.create(0, 10n)], metadata);
    const first = packetOf([aGroup(null, [], [[0, 1n]]), controlled]);
    const coin = aCoin(world, 1_000);
    const txid = transfer(world, [coin], [payment(world, alice, 1_000), first]);
    const [control, token] = [AssetId.create(txid, 0).toString(), AssetId.create(txid, 1).toString()];
    expect(getAsset(world, token)).toMatchObject({ controlAsset: control, supply: "10" });

    const held: Coin = { vtxoId: `${txid}:0`, amountSats: 1_000, owner: alice };
    const more = packetOf([aGroup(control, [[0, 1n]], [[0, 1n]]), aGroup(token, [[0, 10n]], [[0, 25n]])]);
    transfer(world, [held], [payment(world, alice, 1_000), more]);
    expect(getAsset(world, token)).toMatchObject({ supply: "25" });
    expect(assetConservation(world.engine.state)[token]).toMatchObject({ issued_units: 25, drift_units: 0 });
  });
});

describe("GetAsset", () => {
  it("answers INTERNAL for an asset that nobody issued, as arkd does", () => {
    expect(() => getAsset(aWorld(), GOLD)).toThrow(`asset ${GOLD} not found`);
  });
});

describe("refuses", () => {
  const whole = aGroup(GOLD, [[0, 50n]], [[0, 50n]]);

  it.each<[string, string, number, readonly asset.AssetGroup[]]>([
    ["a packet that leaves out an asset", "ASSET_NOT_FOUND", 34, [aGroup(null, [], [[0, 1n]])]],
    ["an input that is not listed", "ASSET_INPUT_INVALID", 35, [aGroup(GOLD, [], [[0, 50n]])]],
    ["an input listed with fewer units", "ASSET_INPUT_INVALID", 35, [aGroup(GOLD, [[0, 49n]], [[0, 49n]])]],
    [
      "an input that is not there",
      "ASSET_INPUT_INVALID",
      35,
      [
        aGroup(
          GOLD,
          [
            [0, 50n],
            [2, 1n],
          ],
          [[0, 51n]],
        ),
      ],
    ],
    [
      "an input that carries nothing",
      "ASSET_INPUT_INVALID",
      35,
      [
        aGroup(
          GOLD,
          [
            [0, 50n],
            [1, 1n],
          ],
          [[0, 51n]],
        ),
      ],
    ],
    [
      "units of an asset that no input carries",
      "ASSET_INPUT_INVALID",
      35,
      [whole, aGroup(SILVER, [[0, 5n]], [[0, 5n]])],
    ],
    [
      "an input of an intent",
      "ASSET_INPUT_INVALID",
      35,
      [
        AssetGroup.create(
          AssetId.fromString(GOLD),
          null,
          [AssetInput.createIntent("cc".repeat(32), 0, 50n)],
          [AssetOutput.create(0, 50n)],
          [],
        ),
      ],
    ],
    ["an output that is not there", "ASSET_OUTPUT_INVALID", 36, [aGroup(GOLD, [[0, 50n]], [[3, 50n]])]],
    ["the packet's own output", "ASSET_OUTPUT_INVALID", 36, [aGroup(GOLD, [[0, 50n]], [[1, 50n]])]],
    ["the anchor", "ASSET_OUTPUT_INVALID", 36, [aGroup(GOLD, [[0, 50n]], [[2, 50n]])]],
    [
      "more units than came in, without a control asset",
      "CONTROL_ASSET_INVALID",
      37,
      [aGroup(GOLD, [[0, 50n]], [[0, 51n]])],
    ],
    ["units of an asset that was never issued", "ASSET_VALIDATION_FAILED", 33, [whole, aGroup(SILVER, [], [[0, 5n]])]],
    [
      "an issuance under a control asset that does not exist",
      "ASSET_VALIDATION_FAILED",
      33,
      [
        whole,
        AssetGroup.create(null, AssetRef.fromId(AssetId.fromString(SILVER)), [], [AssetOutput.create(0, 1n)], []),
      ],
    ],
    [
      "an issuance under a group that issues nothing",
      "ASSET_VALIDATION_FAILED",
      33,
      [whole, AssetGroup.create(null, AssetRef.fromGroupIndex(0), [], [AssetOutput.create(0, 1n)], [])],
    ],
  ])("%s", (_what, name, code, groups) => {
    const world = aWorld();
    const coins = [aCoin(world, 1_000, [gold(50n)]), aCoin(world, 500)];
    const submission = aSubmission(world.server, coins, [payment(world, bob, 1_500), packetOf(groups)]);
    const refusal = refusalOf(() => world.engine.submitTx(submission));
    expect([refusal.errorName, refusal.code]).toEqual([name, code]);
    // Nothing has happened: the same coins still move by an honest packet.
    transfer(world, coins, [payment(world, bob, 1_500), packetOf([whole])]);
  });

  it("to spend assets without a packet", () => {
    const world = aWorld();
    const submission = aSubmission(world.server, [aCoin(world, 1_000, [gold(50n)])], [payment(world, bob, 1_000)]);
    expect(refusalOf(() => world.engine.submitTx(submission)).message).toContain("ASSET_VALIDATION_FAILED (33)");
  });

  it("a packet in a longer form than arkd would write", () => {
    const world = aWorld();
    const honest = hex.encode(packetOf([whole]).script);
    // The amount 50 of the output in two bytes; lengths of push and packet grow by one.
    const longer = honest
      .replace(/32$/, "b200")
      .replace(
        /^6a(..)41524b00(..)/,
        (_all, push: string, size: string) => `6a${plusOne(push)}41524b00${plusOne(size)}`,
      );
    const payments = [payment(world, bob, 1_000), { script: hex.decode(longer), amountSats: 0n }];
    const submission = aSubmission(world.server, [aCoin(world, 1_000, [gold(50n)])], payments);
    expect(refusalOf(() => world.engine.submitTx(submission)).message).toContain("ASSET_VALIDATION_FAILED (33)");
  });

  it("a reissuance without its control asset in the packet", () => {
    const world = aWorld();
    const controlled = AssetGroup.create(null, AssetRef.fromGroupIndex(0), [], [AssetOutput.create(1, 10n)], []);
    const issue = packetOf([aGroup(null, [], [[0, 1n]]), controlled]);
    const txid = transfer(
      world,
      [aCoin(world, 1_000)],
      [payment(world, alice, 400), payment(world, alice, 600), issue],
    );
    const token = AssetId.create(txid, 1).toString();
    const held: Coin = { vtxoId: `${txid}:1`, amountSats: 600, owner: alice };
    const more = packetOf([aGroup(token, [[0, 10n]], [[0, 11n]])]);
    const submission = aSubmission(world.server, [held], [payment(world, alice, 600), more]);
    expect(refusalOf(() => world.engine.submitTx(submission)).errorName).toBe("ASSET_NOT_FOUND");
  });

  it("more assets on one VTXO than could ever be spent again", () => {
    const world = aWorld();
    const issuances = (count: number) => packetOf(Array.from({ length: count }, () => aGroup(null, [], [[0, 1n]])));
    const submit = (count: number) => () =>
      world.engine.submitTx(
        aSubmission(world.server, [aCoin(world, 1_000)], [payment(world, bob, 1_000), issuances(count)]),
      );
    expect(refusalOf(submit(111))).toMatchObject({ errorName: "VTXO_WITH_TOO_MANY_ASSETS", code: 47 });
    expect(submit(110)).not.toThrow();
  });

  it("a packet worth sats, and a list longer than arkd reads", () => {
    const world = aWorld();
    const coin = aCoin(world, 1_000, [gold(50n)]);
    const submit = (payments: readonly Payment[]) =>
      refusalOf(() => world.engine.submitTx(aSubmission(world.server, [coin], payments))).errorName;
    expect(submit([payment(world, bob, 600), { ...packetOf([whole]), amountSats: 400n }])).toBe("MALFORMED_ARK_TX");
    const many = Array.from({ length: 1_001 }, () => aGroup(null, [], [[0, 1n]]));
    expect(submit([payment(world, bob, 1_000), packetOf(many)])).toBe("MALFORMED_ARK_TX");
  });
});

function plusOne(byte: string): string {
  return (Number.parseInt(byte, 16) + 1).toString(16).padStart(2, "0");
}

it("a journal that is replayed gives the assets back", () => {
  const world = aWorld();
  const coin = aCoin(world, 1_000, [gold(50n)]);
  const groups = [aGroup(GOLD, [[0, 50n]], [[0, 30n]]), aGroup(null, [], [[0, 7n]])];
  transfer(world, [coin], [payment(world, bob, 1_000), packetOf(groups)]);
  const replayed = new ArkdState();
  for (const record of world.records) replayed.apply(JSON.parse(JSON.stringify(record)) as ArkdRecord);
  expect(replayed.assets).toEqual(world.engine.state.assets);
  expect(replayed.vtxos).toEqual(world.engine.state.vtxos);
});

it("a reset forgets every asset", () => {
  const world = aWorld();
  aCoin(world, 1_000, [gold(50n)]);
  world.engine.reset();
  expect(assetConservation(world.engine.state)).toEqual({});
});

/**
 * The gateway's own builder against these rules, which were written apart from it: whatever it builds is accepted, and every
 * unit is where it should be after any number of transfers.
 */
it("random transfers of the gateway's builder are accepted and lose no unit", () => {
  const anyHolding = fc.record({ gold: fc.bigInt(0n, 1_000n), silver: fc.bigInt(0n, 1_000n) });
  const anySplit = fc.array(fc.record({ gold: fc.nat(100), silver: fc.nat(100) }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(fc.array(anyHolding, { minLength: 1, maxLength: 3 }), anySplit, (holdings, splits) => {
      const world = aWorld();
      let inputs = holdings.map((holding) => toInput(world, holding));
      for (const split of splits) {
        const txid = sendOn(world, inputs, split);
        inputs = [0, 1].map((vout) => inputOf(world, `${txid}:${vout}`));
      }
      const view = assetConservation(world.engine.state);
      const issued = { gold: sumOf(holdings, "gold"), silver: sumOf(holdings, "silver") };
      for (const [assetId, units] of [
        [GOLD, issued.gold],
        [SILVER, issued.silver],
      ] as const) {
        const seen = view[assetId] ?? { live_units: 0, burnt_units: 0, drift_units: 0 };
        expect(seen).toMatchObject({ live_units: Number(units), burnt_units: 0, drift_units: 0 });
      }
    }),
    { numRuns: 25, seed: 20_261_125 },
  );
});

function sumOf(holdings: readonly { gold: bigint; silver: bigint }[], name: "gold" | "silver"): bigint {
  return holdings.reduce((sum, holding) => sum + holding[name], 0n);
}

function toInput(world: World, holding: { gold: bigint; silver: bigint }): ArkInput {
  const assets = [gold(holding.gold), { assetId: SILVER, amount: holding.silver }].filter(({ amount }) => amount > 0n);
  return inputOf(world, aCoin(world, 1_000, assets).vtxoId);
}

function inputOf({ engine, server }: World, vtxoId: string): ArkInput {
  const vtxo = engine.state.vtxos.get(vtxoId);
  if (vtxo === undefined) throw new Error(`${vtxoId} was not made`);
  const { txid, vout, amountSats, assets } = vtxo;
  const signerPubkey = server.signerPubkey.slice(2);
  return {
    vtxoId,
    txid,
    vout,
    amountSats,
    assets,
    ownerPubkey: alice.pubkey,
    signerPubkey,
    exitDelay: server.exitDelay,
  };
}

/** Everything to two VTXOs of Alice's, a share in percent of each asset on the first. */
function sendOn(world: World, inputs: readonly ArkInput[], percent: { gold: number; silver: number }): string {
  const { engine, server } = world;
  const script = hex.encode(scriptOf(alice, server).pkScript);
  const total = inputs.reduce((sum, { amountSats }) => sum + amountSats, 0n);
  const outputs = [330n, total - 330n].map((amountSats, vout): ArkOutput => ({
    script,
    amountSats,
    assets: (
      [
        [GOLD, percent.gold],
        [SILVER, percent.silver],
      ] as const
    ).flatMap(([assetId, share]) => {
      const held = inputs.flatMap(({ assets = [] }) => assets).filter((each) => each.assetId === assetId);
      const units = held.reduce((sum, { amount }) => sum + amount, 0n);
      const first = (units * BigInt(share)) / 100n;
      const amount = vout === 0 ? first : units - first;
      return amount === 0n ? [] : [{ assetId, amount }];
    }),
  }));
  const params = {
    signerPubkey: server.signerPubkey.slice(2),
    checkpointTapscript: server.checkpointTapscript,
    exitDelay: server.exitDelay,
  };
  const { arkPsbt, checkpoints } = buildArkTx(params, inputs, outputs);
  const signatures = signItems(arkItems(arkPsbt, alice.pubkey), alice.secret, NO_RANDOM);
  const [signedArkTx = ""] = insertSignatures([arkPsbt], alice.pubkey, signatures);
  const accepted = engine.submitTx({ signedArkTx, checkpointTxs: checkpoints.map(({ psbt }) => psbt) });
  const coins = inputs.map(({ vtxoId, amountSats }): Coin => ({
    vtxoId,
    amountSats: Number(amountSats),
    owner: alice,
  }));
  engine.finalizeTx(accepted.arkTxid, signCheckpoints(coins, accepted.signedCheckpointTxs));
  return accepted.arkTxid;
}
