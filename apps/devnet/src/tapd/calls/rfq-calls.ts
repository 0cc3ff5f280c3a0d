import {
  type AddAssetBuyOrderRequest,
  type AddAssetBuyOrderResponse,
  type AddAssetSellOrderRequest,
  type AddAssetSellOrderResponse,
  ExecutionPolicy,
  type FixedPoint,
  type QueryPeerAcceptedQuotesResponse,
} from "@arkrelay/daemons/proto/rfqrpc/rfq";

import type { AssetRate } from "../engine/asset-rate";
import type { AssetSpecifier } from "../engine/rows";
import type { TapdEngine } from "../engine/tapd-engine";
import { TapdError } from "../engine/tapd-error";
import { readPubkey, readWireSpecifier } from "./read-request";
import { toWireBuyQuote, toWireSellQuote } from "./wire-quote";

/** Orders to the edge node. */
export function rfqCalls(engine: TapdEngine) {
  const { rfq } = engine;
  return {
    addAssetBuyOrder: (request: AddAssetBuyOrderRequest): AddAssetBuyOrderResponse => {
      const quote = rfq.buy({
        ...readOrder(request, "buy"),
        maxUnits: request.assetMaxAmt,
        minUnits: request.assetMinAmt,
        rateLimit: readRateLimit(engine, request.assetRateLimit),
        isFillOrKill: isFillOrKill(engine, request.executionPolicy),
      });
      return { response: { $case: "acceptedQuote", value: toWireBuyQuote(engine, quote) } };
    },
    addAssetSellOrder: (request: AddAssetSellOrderRequest): AddAssetSellOrderResponse => {
      const quote = rfq.sell({
        ...readOrder(request, "sell"),
        maxMsat: request.paymentMaxAmt,
        rateLimit: readRateLimit(engine, request.assetRateLimit),
      });
      return { response: { $case: "acceptedQuote", value: toWireSellQuote(quote) } };
    },
    queryPeerAcceptedQuotes: (): QueryPeerAcceptedQuotesResponse => ({
      buyQuotes: rfq.list("buy").map((quote) => toWireBuyQuote(engine, quote)),
      sellQuotes: rfq.list("sell").map(toWireSellQuote),
    }),
  };
}

function readOrder(
  request: AddAssetBuyOrderRequest | AddAssetSellOrderRequest,
  kind: "buy" | "sell",
): AssetSpecifier & { readonly peer: string; readonly metadata: string; readonly isChannelCheckSkipped: boolean } {
  if (request.timeoutSeconds === 0) throw new TapdError("timeout must be greater than 0");
  const why = kind === "buy" ? "error unmarshalling buy order" : "error unmarshalling sell order";
  try {
    return {
      ...readWireSpecifier(request.assetSpecifier?.id),
      peer: request.peerPubKey.length === 0 ? "" : readPubkey(request.peerPubKey, "error unmarshalling peer vertex"),
      metadata: request.priceOracleMetadata,
      isChannelCheckSkipped: request.skipAssetChannelCheck,
    };
  } catch (error) {
    if (error instanceof TapdError) throw new TapdError(`${why}: ${error.message}`);
    throw error;
  }
}

/** 0.7 does not know the field, so it skips it. */
export function readRateLimit(engine: TapdEngine, limit: FixedPoint | undefined): AssetRate | undefined {
  if (limit === undefined || engine.settings.version === "0.7") return undefined;
  if (!/^\d+$/.test(limit.coefficient)) throw new TapdError(`invalid fixed point coefficient: ${limit.coefficient}`);
  return { coefficient: BigInt(limit.coefficient), scale: limit.scale };
}

export function isFillOrKill(engine: TapdEngine, policy: ExecutionPolicy): boolean {
  return policy === ExecutionPolicy.EXECUTION_POLICY_FOK && engine.settings.version !== "0.7";
}
