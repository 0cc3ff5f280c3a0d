import { randomBytes } from "node:crypto";

import type { AssetReceive } from "@arkrelay/core/ports/taproot-assets";
import { MintAssetRequest } from "@arkrelay/daemons/proto/mintrpc/mint";
import { UniverseSyncMode } from "@arkrelay/daemons/proto/universerpc/universe";

import { call } from "../tapd/testing/a-tapd";
import { refusalOf } from "../testing/refusal-of";
import { type SimulatedTapd, openSimulatedTapd } from "../testing/tapd-under-test";

const COURIER = "universerpc://127.0.0.1:10029";

/** What the gateway relies on when tapd mints, sends and receives. It mines, so it runs against the simulator alone. */
describe.each(["0.7", "0.8"] as const)("tapd %s and its assets", (release) => {
  let tapd: SimulatedTapd;

  beforeEach(async () => {
    tapd = await openSimulatedTapd(release);
  });
  afterEach(async () => {
    await tapd.close();
  });

  const forget = (): Promise<void> => Promise.resolve();
  const issue = (change: { readonly isGrouped?: boolean; readonly decimalDisplay?: number } = {}) =>
    tapd.assets.issueAsset(
      { name: "gold", type: "normal", amountUnits: 1_000n, decimalDisplay: 2, isGrouped: false, ...change },
      forget,
    );
  /** 1000 confirmed units of an asset of ours. */
  async function gold(): Promise<string> {
    const { assetIds } = await issue();
    tapd.world.mine(6);
    return assetIds[0] ?? "";
  }

  describe("minting", () => {
    test("tells the key before the batch is on its way, then the asset id, and the units once it confirms", async () => {
      const queued: string[] = [];
      const batch = await tapd.assets.issueAsset(
        { name: "gold", type: "normal", amountUnits: 1_000n, decimalDisplay: 2, isGrouped: true },
        async (batchKey) => {
          await expect(tapd.assets.findBatch(batchKey)).resolves.toMatchObject({ state: "pending", batchTxid: "" });
          queued.push(batchKey);
        },
      );
      expect(queued).toEqual([batch.batchKey]);
      expect(batch).toMatchObject({ state: "broadcast", batchTxid: expect.stringMatching(/^[0-9a-f]{64}$/) });
      const [assetId = ""] = batch.assetIds;
      await expect(tapd.assets.getAssetInfo(assetId)).resolves.toMatchObject({ name: "gold", decimalDisplay: 2 });
      await expect(tapd.assets.getAssetBalance(assetId)).resolves.toMatchObject({ balanceUnits: 0n });
      tapd.world.mine(6);
      await expect(tapd.assets.findBatch(batch.batchKey)).resolves.toEqual({ ...batch, state: "finalized" });
      await expect(tapd.assets.getAssetBalance(assetId)).resolves.toMatchObject({ balanceUnits: 1_000n, utxoCount: 1 });
    });

    test("more of a group makes another asset of that group, with its decimals", async () => {
      const { assetIds } = await issue({ isGrouped: true });
      tapd.world.mine(6);
      const first = await tapd.assets.getAssetInfo(assetIds[0] ?? "");
      const groupKey = first?.groupKey ?? "";
      const more = await tapd.assets.mintAsset({ name: "gold 2", amountUnits: 500n, groupKey }, forget);
      expect(more.assetIds).not.toEqual(assetIds);
      await expect(tapd.assets.getAssetInfo(more.assetIds[0] ?? "")).resolves.toMatchObject({
        groupKey,
        decimalDisplay: 2,
      });
    });

    test("leaves what somebody else has queued alone", async () => {
      const asset = { name: "silver", amount: 5n };
      const request = MintAssetRequest.fromPartial({ asset });
      await call((reply) => tapd.world.mint.mintAsset(request, reply));
      expect(await refusalOf(issue())).toMatchObject({ code: "daemon_rejected", name: "foreign_batch" });
      expect(tapd.world.engine.minter.list()).toMatchObject([{ state: "pending", seedlings: [{ name: "silver" }] }]);
    });

    test("goes on with what an earlier attempt has queued", async () => {
      const asset = { name: "gold", amount: 1_000n, decimalDisplay: 2 };
      await call((reply) => tapd.world.mint.mintAsset(MintAssetRequest.fromPartial({ asset }), reply));
      await expect(issue()).resolves.toMatchObject({ state: "broadcast" });
      expect(tapd.world.engine.minter.list()).toHaveLength(1);
    });

    test("is an open outcome when the batch freezes, and the batch tells", async () => {
      tapd.world.faults.add({ target: "tapd", kind: "batch_frozen", method: "*", times: 1, probability: 1 });
      const queued: string[] = [];
      const minted = tapd.assets.issueAsset(
        { name: "gold", type: "normal", amountUnits: 1n, decimalDisplay: 0, isGrouped: false },
        (batchKey) => Promise.resolve(void queued.push(batchKey)),
      );
      expect((await refusalOf(minted)).code).toBe("outcome_unknown");
      await expect(tapd.assets.findBatch(queued[0] ?? "")).resolves.toMatchObject({ state: "frozen", assetIds: [] });
    });
  });

  describe("sending", () => {
    test("pays once per label, keeps the change in the balance, and tells when the proof has arrived", async () => {
      const assetId = await gold();
      const address = tapd.world.engine.outside.newAddress(assetId, 300n).encoded;
      const label = randomBytes(16).toString("hex");
      const sent = await tapd.assets.sendAsset({ address, label });
      expect(sent).toMatchObject({ label, anchorHeight: 0, anchorTxid: expect.stringMatching(/^[0-9a-f]{64}$/) });
      await expect(tapd.assets.sendAsset({ address, label })).resolves.toEqual(sent);
      await expect(tapd.assets.listOpenTransfers()).resolves.toEqual([sent]);
      await expect(tapd.assets.getAssetBalance(assetId)).resolves.toMatchObject({
        balanceUnits: 700n,
        unconfirmedUnits: 700n,
        leasedUnits: 0n,
      });
      tapd.world.mine(6);
      const done = await tapd.assets.findTransfer(label);
      expect(done?.anchorHeight).toBeGreaterThan(0);
      expect(done?.outputs).toContainEqual(
        expect.objectContaining({ isLocal: false, assetId, amountUnits: 300n, proofDelivery: "complete" }),
      );
      await expect(tapd.assets.sendAsset({ address, label })).resolves.toEqual(done);
      await expect(tapd.assets.getAssetBalance(assetId)).resolves.toMatchObject({
        balanceUnits: 700n,
        unconfirmedUnits: 0n,
      });
      await expect(tapd.assets.listOpenTransfers()).resolves.toEqual([]);
    });

    test("more than there is is refused before anything is sent", async () => {
      const assetId = await gold();
      const address = tapd.world.engine.outside.newAddress(assetId, 1_001n).encoded;
      expect(await refusalOf(tapd.assets.sendAsset({ address, label: "too much" }))).toMatchObject({
        code: "daemon_rejected",
        name: "insufficient_units",
      });
      await expect(tapd.assets.findTransfer("too much")).resolves.toBeUndefined();
    });

    test("tells its listeners under which label", async () => {
      const assetId = await gold();
      const address = tapd.world.engine.outside.newAddress(assetId, 1n).encoded;
      const stopped = new AbortController();
      const labels = new Set<string>();
      const listening = (async () => {
        for await (const { label, state } of tapd.assets.subscribeSends(stopped.signal)) {
          labels.add(label);
          if (state === "SendStateBroadcast") stopped.abort();
        }
      })();
      await streamsAreOpen();
      await tapd.assets.sendAsset({ address, label: "heard" });
      tapd.world.mine(6);
      await listening;
      expect(labels).toEqual(new Set(["heard"]));
    });
  });

  describe("receiving", () => {
    test("comes in steps, and is the same in the list and for listeners", async () => {
      const assetId = tapd.world.engine.outside.mint({
        name: "theirs",
        amount: 100n,
        isGrouped: false,
        decimalDisplay: 0,
      });
      const syncing = {
        universeHost: "127.0.0.1:10029",
        syncMode: UniverseSyncMode.SYNC_ISSUANCE_ONLY,
        syncTargets: [],
      };
      await call((reply) => tapd.world.universe.syncUniverse(syncing, reply));
      const address = await tapd.assets.newAddress({ assetId, amountUnits: 40n, courierAddr: COURIER });
      await expect(tapd.assets.decodeAddress(address.encoded)).resolves.toEqual(address);
      expect(address).toMatchObject({ assetId, amountUnits: 40n, courierAddr: COURIER });
      const heard: AssetReceive[] = [];
      const listening = (async () => {
        for await (const receive of tapd.assets.subscribeReceives(AbortSignal.timeout(20_000))) {
          heard.push(receive);
          if (receive.status === "completed") return;
        }
      })();
      await streamsAreOpen();
      tapd.world.engine.outside.pay(address.encoded, 0n);
      await expect(tapd.assets.listReceives(new Date(0))).resolves.toMatchObject([
        { address: address.encoded, assetId, amountUnits: 40n, status: "detected" },
      ]);
      tapd.world.mine(6);
      await listening;
      expect(heard.map(({ status }) => status)).toEqual(["detected", "confirmed", "proof_received", "completed"]);
      const [received] = await tapd.assets.listReceives(new Date(0));
      expect(received).toMatchObject({ status: "completed", outpoint: heard[0]?.outpoint });
      await expect(tapd.assets.getAssetBalance(assetId)).resolves.toMatchObject({ balanceUnits: 40n });
    });
  });

  describe("a proof", () => {
    test("of a piece says whose it is, is valid, and is not once a byte is another", async () => {
      const assetId = await gold();
      const [piece] = [...tapd.world.engine.state.pieces.values()];
      const request = { assetId, scriptKey: piece?.scriptKey ?? "", outpoint: piece?.outpoint };
      const proof = await tapd.assets.getAssetProof(request);
      expect(proof).toEqual({
        assetId,
        name: "gold",
        amountUnits: 1_000n,
        scriptKey: request.scriptKey,
        outpoint: piece?.outpoint,
        numberOfProofs: 1,
        isBurn: false,
      });
      const file = Buffer.from(await tapd.assets.exportProof(request));
      await expect(tapd.assets.verifyAssetProof(file)).resolves.toEqual({ isValid: true, proof });
      const last = file.length - 1;
      file[last] = (file[last] ?? 0) ^ 1;
      await expect(tapd.assets.verifyAssetProof(file)).resolves.toMatchObject({ isValid: false });
    });

    test("of a transfer to a key of ours makes the units ours, and may be imported again", async () => {
      const { outside, proofs } = tapd.world.engine;
      const assetId = outside.mint({ name: "theirs", amount: 100n, isGrouped: false, decimalDisplay: 0 });
      const scriptKey = "02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5";
      const { outputs } = outside.payScriptKey(assetId, 40n, scriptKey);
      tapd.world.mine(6);
      const outpoint = outputs.find((output) => output.scriptKey === scriptKey)?.outpoint ?? "";
      const piece = outside.findPiece(outpoint, scriptKey);
      const file = piece === undefined ? Buffer.alloc(0) : proofs.fileOf(piece);
      expect(await refusalOf(tapd.assets.importProof(file))).toMatchObject({ name: "script_key_unknown" });
      const declared = {
        pubKey: Buffer.from(scriptKey, "hex"),
        keyDesc: undefined,
        tapTweak: Buffer.alloc(0),
        type: 2,
      };
      await call((reply) => tapd.world.wallet.declareScriptKey({ scriptKey: declared }, reply));
      await tapd.assets.importProof(file);
      await tapd.assets.importProof(file);
      await expect(tapd.assets.getAssetBalance(assetId)).resolves.toMatchObject({ balanceUnits: 40n });
    });
  });

  /** When this is answered, streams opened before are open: they go over the same connection. */
  function streamsAreOpen(): Promise<unknown> {
    return tapd.assets.getInfo();
  }
});
