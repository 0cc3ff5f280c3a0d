import type { AddInvoiceResponse, Invoice as WireInvoice, PayReq } from "@arkrelay/daemons/proto/lnrpc/lightning";
import type {
  AddInvoiceRequest,
  AddInvoiceResponse as AddAssetInvoiceResponse,
  AssetPayReq,
  AssetPayReqResponse,
  FundChannelRequest,
  FundChannelResponse,
} from "@arkrelay/daemons/proto/tapchannelrpc/tapchannel";

import { fromHex, readMsat } from "../../lnd/calls/wire-bytes";
import type { Invoice, NewInvoice } from "../../lnd/engine/invoice";
import { splitOutpoint } from "../engine/asset-id";
import type { TapdEngine } from "../engine/tapd-engine";
import { TapdError } from "../engine/tapd-error";
import { readAssetId, readPubkey, readSpecifier } from "./read-request";
import { isFillOrKill, readRateLimit } from "./rfq-calls";
import { toWireGenesis, toWireGroup } from "./wire-asset";
import { toWireBuyQuote } from "./wire-quote";

/** Asset channels: funding them, and invoices over their units. `decodePayReq` is lnd's own. */
export function channelCalls(engine: TapdEngine, decodePayReq: (payReq: string) => PayReq) {
  return {
    fundChannel: (request: FundChannelRequest): FundChannelResponse => fundChannel(engine, request),
    addInvoice: (request: AddInvoiceRequest): AddAssetInvoiceResponse => addInvoice(engine, request),
    decodeAssetPayReq: (request: AssetPayReq): AssetPayReqResponse => decodeAssetPayReq(engine, request, decodePayReq),
  };
}

function fundChannel(engine: TapdEngine, request: FundChannelRequest): FundChannelResponse {
  if (!engine.settings.hasChannels) {
    throw new TapdError(
      "the Taproot Asset channel functionality is only available when running inside Lightning Terminal daemon (litd), with lnd and tapd both running in 'integrated' mode",
    );
  }
  const peer = readPubkey(request.peerPubkey, "error parsing peer pubkey");
  const specifier = readSpecifier(request.assetId, request.groupKey);
  if (request.assetAmount === 0n) throw new TapdError("asset amount must be specified");
  if (request.feeRateSatPerVbyte === 0) throw new TapdError("fee rate must be specified");
  const { channelPoint } = engine.channels.fund({
    ...specifier,
    units: request.assetAmount,
    peer,
    satPerVbyte: BigInt(request.feeRateSatPerVbyte),
    pushSats: request.pushSat,
  });
  const { txid, vout } = splitOutpoint(channelPoint);
  return { txid, outputIndex: vout };
}

function addInvoice(engine: TapdEngine, request: AddInvoiceRequest): AddAssetInvoiceResponse {
  const { assetId, groupKey, invoiceRequest, hodlInvoice } = request;
  if (assetId.length > 0 && groupKey.length > 0) throw new TapdError("cannot set both asset id and group key");
  if (invoiceRequest === undefined) throw new TapdError("invoice request must be specified");
  if (invoiceRequest.routeHints.length > 0) {
    throw new TapdError("existing route hints should only contain valid accepted quotes");
  }
  const hash = hodlInvoice?.paymentHash;
  if (hash !== undefined && hash.length !== 32) {
    throw new TapdError(`error creating payment hash: invalid hash length of ${hash.length}, want 32`);
  }
  const { quote, invoice } = engine.payments.addInvoice({
    ...readSpecifier(assetId, groupKey),
    units: request.assetAmount,
    peer: request.peerPubkey.length === 0 ? "" : readPubkey(request.peerPubkey, "error parsing peer pubkey"),
    invoice: { ...readInvoice(invoiceRequest), ...(hash === undefined ? {} : { paymentHash: hash.toString("hex") }) },
    metadata: request.priceOracleMetadata,
    minUnits: engine.settings.version === "0.7" ? undefined : request.assetMinAmt,
    rateLimit: readRateLimit(engine, request.assetRateLimit),
    isFillOrKill: isFillOrKill(engine, request.executionPolicy),
  });
  return {
    acceptedBuyQuote: toWireBuyQuote(engine, quote),
    invoiceResult: toInvoiceResult(invoice),
  };
}

/** For a hold invoice tapd fills the payment request only. */
function toInvoiceResult({ isHold, paymentHash, paymentRequest, addIndex, paymentAddr }: Invoice): AddInvoiceResponse {
  if (isHold) return { rHash: Buffer.alloc(0), paymentRequest, addIndex: 0n, paymentAddr: Buffer.alloc(0) };
  return { rHash: fromHex(paymentHash), paymentRequest, addIndex, paymentAddr: fromHex(paymentAddr) };
}

function readInvoice(invoice: WireInvoice): NewInvoice {
  return {
    valueMsat: readMsat(invoice.value, invoice.valueMsat),
    memo: invoice.memo,
    ...(invoice.rPreimage.length === 0 ? {} : { preimage: invoice.rPreimage.toString("hex") }),
    descriptionHash: invoice.descriptionHash.toString("hex"),
    fallbackAddr: invoice.fallbackAddr,
    expirySeconds: Number(invoice.expiry),
    cltvExpiry: Number(invoice.cltvExpiry),
  };
}

function decodeAssetPayReq(
  engine: TapdEngine,
  request: AssetPayReq,
  decodePayReq: (payReq: string) => PayReq,
): AssetPayReqResponse {
  if (!engine.settings.hasPriceOracle) throw new TapdError("price oracle is not set");
  const specifier = readPayReqSpecifier(request);
  const genesis = engine.wallet.findKnownBySpecifier(specifier);
  if (genesis === undefined) {
    const name = specifier.assetId === "" ? `group_key=${specifier.groupKey}` : `asset_id=${specifier.assetId}`;
    throw new TapdError(`unable to fetch asset info for ${name}: asset group is unknown`);
  }
  const payReq = decoded(() => decodePayReq(request.payReqString));
  return {
    assetAmount: engine.payments.unitsOf(specifier, payReq.numMsat),
    decimalDisplay: { decimalDisplay: genesis.decimalDisplay },
    assetGroup: toWireGroup(engine, genesis.groupKey),
    genesisInfo: toWireGenesis(genesis),
    payReq,
  };
}

function readPayReqSpecifier({ assetId, groupKey, payReqString }: AssetPayReq) {
  if (assetId.length === 0 && groupKey.length === 0) {
    throw new TapdError("either asset ID or group key must be specified");
  }
  if (assetId.length !== 0 && groupKey.length !== 0) throw new TapdError("cannot set both asset ID and group key");
  if (assetId.length !== 0 && assetId.length !== 32) {
    throw new TapdError(`asset ID must be 32 bytes, was ${assetId.length}`);
  }
  if (groupKey.length !== 0 && groupKey.length !== 33) {
    throw new TapdError(`group key must be 32 or 33 bytes, was ${groupKey.length}`);
  }
  if (payReqString === "") throw new TapdError("payment request must be specified");
  return assetId.length === 0
    ? { assetId: "", groupKey: readPubkey(groupKey, "error parsing group key") }
    : { assetId: readAssetId(assetId), groupKey: "" };
}

/** tapd's text for whatever lnd says of a payment request is about channels. */
function decoded(work: () => PayReq): PayReq {
  try {
    return work();
  } catch (error) {
    throw new TapdError(`unable to fetch channel: ${error instanceof Error ? error.message : String(error)}`);
  }
}
