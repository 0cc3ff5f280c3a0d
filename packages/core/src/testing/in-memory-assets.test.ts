import { buildArkTx } from "../ark/build-ark-tx";
import type { ArkInput, ArkOutput } from "../ark/types";
import { ALICE, anOutput, aVtxo, BOB, signArkTx, signCheckpoints, TEST_ARK_PARAMS } from "./ark-transfer";
import { InMemoryArkd } from "./in-memory-arkd";
import { ManualClock } from "./manual-clock";

const GOLD = `${"aa".repeat(32)}0000`;

function aWorld(): { arkd: InMemoryArkd; input: ArkInput } {
  const arkd = new InMemoryArkd(new ManualClock(1_767_225_600_000));
  const vtxoId = arkd.fund(ALICE.pubkey, 5_000n, [{ assetId: GOLD, amount: 50n }]);
  const vtxo = arkd.vtxos.get(vtxoId);
  if (vtxo === undefined) throw new Error("a VTXO just funded");
  const { txid, vout, amountSats, assets } = vtxo;
  return { arkd, input: { ...aVtxo(ALICE, amountSats, "any"), vtxoId, txid, vout, assets } };
}

async function send(arkd: InMemoryArkd, input: ArkInput, outputs: readonly ArkOutput[]): Promise<string> {
  const { txid, arkPsbt, checkpoints } = buildArkTx(TEST_ARK_PARAMS, [input], outputs);
  const signedArkTx = signArkTx(arkPsbt, [ALICE]);
  const accepted = await arkd.submitTx({ signedArkTx, checkpointTxs: checkpoints.map(({ psbt }) => psbt) });
  expect(arkd.totalUnits(GOLD)).toBe(50n);
  await arkd.finalizeTx({ arkTxid: txid, finalCheckpointTxs: signCheckpoints(accepted.signedCheckpointTxs, [ALICE]) });
  return txid;
}

it("units go where the packet says, and none is lost on the way", async () => {
  const { arkd, input } = aWorld();
  const txid = await send(arkd, input, [
    { ...anOutput(BOB, 330n), assets: [{ assetId: GOLD, amount: 20n }] },
    { ...anOutput(ALICE, 4_670n), assets: [{ assetId: GOLD, amount: 30n }] },
  ]);
  expect(arkd.vtxos.get(`${txid}:0`)?.assets).toEqual([{ assetId: GOLD, amount: 20n }]);
  expect(arkd.vtxos.get(`${txid}:1`)?.assets).toEqual([{ assetId: GOLD, amount: 30n }]);
  expect(arkd.totalUnits(GOLD)).toBe(50n);
});

it.each([
  ["a transfer that forgets the assets of its input", [], 33],
  ["one that states fewer than there are", [{ assetId: GOLD, amount: 49n }], 35],
  ["one that names an asset that is not there", [{ assetId: `${"bb".repeat(32)}0000`, amount: 5n }], 34],
])("refuses %s", async (_what, assets, code) => {
  const { arkd, input } = aWorld();
  const sent = send(arkd, { ...input, assets }, [{ ...anOutput(BOB, 5_000n), assets }]);
  await expect(sent).rejects.toMatchObject({ code: "daemon_rejected", details: { daemon_code: code } });
  expect(arkd.vtxos.get(input.vtxoId)?.isSpent).toBe(false);
});
