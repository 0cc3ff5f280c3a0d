/** Amounts of assets in what lnd shows of channels and HTLCs when tapd's hooks are in: JSON text in its `custom_channel_data`. */

/** An amount of one asset; tapd's JsonAssetTranche. Amounts are strings: see `parseCustomData`. */
export interface Tranche {
  readonly asset_id: string;
  readonly amount: string;
}

/** undefined for ordinary channels and HTLCs, whose data is empty or TLV bytes. */
export function parseCustomData(bytes: Uint8Array): object | undefined {
  const text = Buffer.from(bytes).toString("utf8");
  if (!text.startsWith("{")) return undefined;
  // Go writes a uint64 as a bare number, which JSON.parse would round beyond 2^53.
  const parsed: unknown = JSON.parse(text.replaceAll(/("amount"\s*:\s*)(\d+)/g, '$1"$2"'));
  return typeof parsed === "object" && parsed !== null ? parsed : undefined;
}

/** Units by asset id (64 hex). */
export function addUpUnits(tranches: readonly Tranche[]): Map<string, bigint> {
  const units = new Map<string, bigint>();
  for (const { asset_id: assetId, amount } of tranches) {
    units.set(assetId, (units.get(assetId) ?? 0n) + BigInt(amount));
  }
  return units;
}

/** What one HTLC carries beside its sats (tapd's JsonHtlc); empty when it carries sats only. */
export function unitsOfHtlc(customChannelData: Uint8Array): ReadonlyMap<string, bigint> {
  const data = parseCustomData(customChannelData);
  if (data === undefined || !("balances" in data) || !Array.isArray(data.balances)) return new Map();
  return addUpUnits(data.balances as readonly Tranche[]);
}
