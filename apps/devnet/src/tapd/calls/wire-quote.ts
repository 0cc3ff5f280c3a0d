import type { FixedPoint, PeerAcceptedBuyQuote, PeerAcceptedSellQuote } from "@arkrelay/daemons/proto/rfqrpc/rfq";

import { fromHex } from "../../lnd/calls/wire-bytes";
import { type AssetRate, minTransportableMsat, minTransportableUnits } from "../engine/asset-rate";
import type { Quote } from "../engine/rows";
import type { TapdEngine } from "../engine/tapd-engine";

export function toWireBuyQuote(engine: TapdEngine, quote: Quote): PeerAcceptedBuyQuote {
  return {
    peer: quote.peer,
    id: fromHex(quote.id),
    scid: quote.scid,
    assetMaxAmount: quote.maxAmount,
    askAssetRate: toFixedPoint(quote.rate),
    expiry: BigInt(quote.expiry),
    minTransportableUnits: minTransportableUnits(quote.rate),
    priceOracleMetadata: quote.metadata,
    assetSpec: { id: fromHex(quote.assetId), groupPubKey: fromHex(quote.groupKey) },
    acceptedMaxAmount: engine.payments.acceptedMaxUnits(quote),
  };
}

export function toWireSellQuote(quote: Quote): PeerAcceptedSellQuote {
  return {
    peer: quote.peer,
    id: fromHex(quote.id),
    scid: quote.scid,
    assetAmount: quote.assetAmount,
    bidAssetRate: toFixedPoint(quote.rate),
    expiry: BigInt(quote.expiry),
    minTransportableMsat: minTransportableMsat(quote.rate),
    priceOracleMetadata: quote.metadata,
    assetSpec: { id: fromHex(quote.assetId), groupPubKey: fromHex(quote.groupKey) },
    acceptedMaxAmount: 0n,
  };
}

function toFixedPoint({ coefficient, scale }: AssetRate): FixedPoint {
  return { coefficient: coefficient.toString(), scale };
}
