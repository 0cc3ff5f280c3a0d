import type { AssetAmount } from "@arkrelay/core/ark/asset-types";
import type { ArkVtxo } from "@arkrelay/core/ports/ark-daemon";
import { GBTC, type Vtxo } from "@arkrelay/core/vtxo/vtxo";

import { readBigint, readText, type Row } from "../row";
import type { SqlHandle } from "../sql-handle";
import { placeholders } from "./job-work-tables";
import { toVtxo } from "./vtxo-row";

/** arkd never changes what rides on a VTXO, so rows are only ever added. */
export async function insertVtxoAssets(connection: SqlHandle, vtxos: readonly ArkVtxo[]): Promise<void> {
  const rows = vtxos.flatMap(({ vtxoId, assets }) => assets.map(({ assetId, amount }) => [vtxoId, assetId, amount]));
  if (rows.length === 0) return;
  await connection.writeOnce(
    `INSERT INTO vtxo_assets (vtxo_id, asset_id, amount) VALUES ${rows.map(() => "(?, ?, ?)").join(", ")}
     ON DUPLICATE KEY UPDATE amount = VALUES(amount)`,
    rows.flat(),
  );
}

/** What rides on these VTXOs, in order of asset id; those that carry sats only are absent. */
export async function readVtxoAssets(
  handle: Pick<SqlHandle, "selectOnce">,
  vtxoIds: readonly string[],
): Promise<ReadonlyMap<string, readonly AssetAmount[]>> {
  const assets = new Map<string, AssetAmount[]>();
  if (vtxoIds.length === 0) return assets;
  const rows = await handle.selectOnce(
    `SELECT vtxo_id, asset_id, amount FROM vtxo_assets WHERE vtxo_id IN (${placeholders(vtxoIds)}) ORDER BY asset_id`,
    vtxoIds,
  );
  for (const row of rows) {
    const vtxoId = readText(row, "vtxo_id");
    const known = assets.get(vtxoId) ?? [];
    assets.set(vtxoId, [...known, { assetId: readText(row, "asset_id"), amount: readBigint(row, "amount") }]);
  }
  return assets;
}

/** Rows of vtxos with what rides on them. Most carry sats only, and then nothing more is read. */
export async function toVtxos(handle: Pick<SqlHandle, "selectOnce">, rows: readonly Row[]): Promise<readonly Vtxo[]> {
  const carrying = rows.filter((row) => row["asset_id"] !== GBTC).map((row) => readText(row, "vtxo_id"));
  const assets = await readVtxoAssets(handle, carrying);
  return rows.map((row) => toVtxo(row, assets.get(readText(row, "vtxo_id")) ?? []));
}
