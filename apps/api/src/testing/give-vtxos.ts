import { randomBytes } from "node:crypto";

import type { AssetAmount } from "@arkrelay/core/ark/asset-types";
import { vtxoScriptFor } from "@arkrelay/core/ark/vtxo-script";
import { TEST_ARK_PARAMS, type TestKey } from "@arkrelay/core/testing/ark-transfer";
import type { VtxoKind } from "@arkrelay/core/vtxo/vtxo";

import type { TestApi } from "./test-api";

const DAY_MS = 86_400_000;

/** As a finished sync leaves them: the script known, the mirror fresh, VTXOs with a month to live. */
export async function giveVtxos(api: TestApi, key: TestKey, kind: VtxoKind, ...amountsSats: bigint[]): Promise<void> {
  await give(
    api,
    key,
    kind,
    amountsSats.map((amountSats) => ({ amountSats, assets: [] })),
  );
}

/** The same for one VTXO of a user that carries assets, by arkd's ids. */
export async function giveCarrier(
  api: TestApi,
  key: TestKey,
  amountSats: bigint,
  ...assets: readonly AssetAmount[]
): Promise<void> {
  await give(api, key, "user", [{ amountSats, assets }]);
}

/** The same for one VTXO of the gateway's stock. */
export async function giveAssetStock(api: TestApi, key: TestKey, asset: AssetAmount): Promise<void> {
  await give(api, key, "stock", [{ amountSats: 1_000n, assets: [asset] }]);
}

interface Given {
  readonly amountSats: bigint;
  readonly assets: readonly AssetAmount[];
}

async function give(api: TestApi, key: TestKey, kind: VtxoKind, given: readonly Given[]): Promise<void> {
  const { transactions, vtxos } = api.deps.session;
  await transactions.run(async (tx) => {
    const { signerPubkey, exitDelay } = TEST_ARK_PARAMS;
    const info = vtxoScriptFor(key.pubkey, TEST_ARK_PARAMS, "regtest");
    const script = await vtxos.ensureScript(tx, { ...info, signerPubkey, exitDelay, kind });
    const rows = given.map((each) => ({ vtxo: anArkVtxo(info.script, each), script }));
    if (rows.length > 0) await vtxos.upsert(tx, rows, "reconcile");
    await vtxos.markSynced(tx, [script.id], new Date());
  });
}

function anArkVtxo(script: string, { amountSats, assets }: Given) {
  const txid = randomBytes(32).toString("hex");
  return {
    vtxoId: `${txid}:0`,
    txid,
    vout: 0,
    script,
    amountSats,
    createdAt: new Date(),
    expiresAt: new Date(Date.now() + 30 * DAY_MS),
    isPreconfirmed: false,
    isSwept: false,
    isUnrolled: false,
    isSpent: false,
    spentBy: "",
    settledBy: "",
    arkTxid: "",
    commitmentTxids: [],
    assets,
  };
}
