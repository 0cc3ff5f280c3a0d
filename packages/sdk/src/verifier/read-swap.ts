import type { WalletPins } from "../ark-script.js";
import { SWAP_TYPES } from "../event-schemas.js";
import type { IntentContent } from "../payloads.js";
import { must } from "./refuse.js";

/** Base units by arkd's id of the asset; sats under `SATS`. */
export type SwapAmounts = ReadonlyMap<string, bigint>;

/** Stands for gBTC among arkd's asset ids. */
export const SATS = "sats";

/** What an approved intent lets a swap do with this wallet. */
export interface ExpectedSwap {
  readonly give: SwapAmounts;
  readonly receive: SwapAmounts;
  /** Assets of which `receive` is the least; of the others it is exact. */
  readonly minimums: ReadonlySet<string>;
  readonly feeSats: bigint;
}

/** Whether an intent states one side of a swap: the native type, or a solver's own with its legs. */
export function isSwap({ type, params }: IntentContent): boolean {
  if (SWAP_TYPES.has(type)) return true;
  return (
    type.includes(":") && ((Array.isArray(params["give"]) && Array.isArray(params["receive"])) || isAmmSwap(params))
  );
}

/** `myPubkey` is the author's: whoever receives in a swap is who signed for it. */
export function readSwap(content: IntentContent, pins: WalletPins, myPubkey: string): ExpectedSwap {
  const { params, recipient_pubkey: recipient, min_out_amount: least } = content;
  must(recipient === undefined || recipient === myPubkey, "unsupported", "a swap pays nobody but its author");
  must(
    least === undefined || params["min_out_amount"] === least,
    "unsupported",
    "a least amount beside the legs of a swap holds nobody",
  );
  must(params["fee_asset_id"] === "gBTC" || params["fee_asset_id"] === "BTC", "fee", "the fee is not stated in gBTC");
  const feeSats = toUnits(params["fee_amount"], "fee");
  const legs = isAmmSwap(params) && !Array.isArray(params["give"]) ? ammLegs(params) : statedLegs(params);
  const give = new Map<string, bigint>();
  const receive = new Map<string, bigint>();
  const minimums = new Set<string>();
  for (const { asset_id, amount } of legs.give) put(give, arkIdOf(asset_id, pins), toUnits(amount, "amount"));
  for (const { asset_id, amount, min_amount } of legs.receive) {
    const arkAssetId = arkIdOf(asset_id, pins);
    must(
      (amount === undefined) !== (min_amount === undefined),
      "amount",
      "a leg is both exact and a minimum, or neither",
    );
    put(receive, arkAssetId, toUnits(amount ?? min_amount, "amount"));
    if (amount === undefined) minimums.add(arkAssetId);
  }
  must(give.size > 0 && receive.size > 0, "unsupported", "a swap that states only one side");
  return { give, receive, minimums, feeSats };
}

interface Leg {
  readonly asset_id?: unknown;
  readonly amount?: unknown;
  readonly min_amount?: unknown;
}

interface Legs {
  readonly give: readonly Leg[];
  readonly receive: readonly Leg[];
}

function statedLegs(params: IntentContent["params"]): Legs {
  return { give: legsOf(params["give"]), receive: legsOf(params["receive"]) };
}

function isAmmSwap(params: IntentContent["params"]): boolean {
  return "in_asset" in params && "out_asset" in params;
}

function ammLegs(params: IntentContent["params"]): Legs {
  return {
    give: [{ asset_id: params["in_asset"], amount: params["in_amount"] }],
    receive: [{ asset_id: params["out_asset"], min_amount: params["min_out_amount"] }],
  };
}

function legsOf(value: unknown): readonly Leg[] {
  const isList = Array.isArray(value) && value.every((each) => typeof each === "object" && each !== null);
  must(isList, "unsupported", "the legs of the swap cannot be read");
  return value as readonly Leg[];
}

function put(amounts: Map<string, bigint>, arkAssetId: string, amount: bigint): void {
  must(!amounts.has(arkAssetId), "unsupported", "an asset is named twice");
  amounts.set(arkAssetId, amount);
}

/** A name means what the wallet pinned for it. */
function arkIdOf(assetId: unknown, { assets = {} }: WalletPins): string {
  if (assetId === "gBTC" || assetId === "BTC") return SATS;
  const pinned = typeof assetId === "string" && Object.hasOwn(assets, assetId) ? assets[assetId] : undefined;
  must(pinned !== undefined, "unsupported", "no asset of arkd's is pinned for an asset of the intent");
  return pinned;
}

function toUnits(value: unknown, reason: "amount" | "fee"): bigint {
  must(Number.isSafeInteger(value) && Number(value) >= 0, reason, "an amount that is no integer");
  return BigInt(Number(value));
}
