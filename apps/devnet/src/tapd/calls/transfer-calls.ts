import { SortDirection } from "@arkrelay/daemons/proto/taprpc/tapcommon";
import {
  type Addr,
  AddrEventStatus,
  type AddrReceivesRequest,
  type AddrReceivesResponse,
  AddrVersion,
  type BurnAssetRequest,
  type BurnAssetResponse,
  type DecodeAddrRequest,
  type ListTransfersRequest,
  type ListTransfersResponse,
  type NewAddrRequest,
  type QueryAddrRequest,
  type QueryAddrResponse,
  type SendAssetRequest,
  type SendAssetResponse,
} from "@arkrelay/daemons/proto/taprpc/taprootassets";

import type { AssetSpecifier } from "../engine/rows";
import type { TapdEngine } from "../engine/tapd-engine";
import { TapdError } from "../engine/tapd-error";
import { readAssetId, readHex, readPage, readSpecifier, readWireSpecifier } from "./read-request";
import { toWireProof } from "./wire-proof";
import { RECEIVE_STATUS, toWireAddr, toWireReceive, toWireTransfer } from "./wire-transfer";

/** Addresses, and units that move on-chain. */
export function transferCalls(engine: TapdEngine) {
  return {
    newAddr: (request: NewAddrRequest): Addr => newAddr(engine, request),
    decodeAddr: ({ addr }: DecodeAddrRequest): Addr => decodeAddr(engine, addr),
    queryAddrs: (request: QueryAddrRequest): QueryAddrResponse => queryAddrs(engine, request),
    addrReceives: (request: AddrReceivesRequest): AddrReceivesResponse => addrReceives(engine, request),
    sendAsset: (request: SendAssetRequest): SendAssetResponse => ({
      transfer: toWireTransfer(
        engine,
        engine.sendAsset({
          recipients: readRecipients(request),
          feeRateSatPerKw: request.feeRate,
          label: request.label,
          isPingSkipped: request.skipProofCourierPingCheck,
        }),
      ),
    }),
    listTransfers: ({ anchorTxid }: ListTransfersRequest): ListTransfersResponse => {
      const transfers = engine.porter.list().filter(({ txid }) => anchorTxid === "" || txid === anchorTxid);
      return { transfers: transfers.map((transfer) => toWireTransfer(engine, transfer)) };
    },
    burnAsset: (request: BurnAssetRequest): BurnAssetResponse => burnAsset(engine, request),
  };
}

function newAddr(engine: TapdEngine, request: NewAddrRequest): Addr {
  const specifier = prefixed("unable to parse asset specifier: ", () =>
    readSpecifier(request.assetId, request.groupKey),
  );
  const address = engine.addresses.create(
    {
      ...specifier,
      amount: request.amt,
      courierAddr: request.proofCourierAddr,
      assetVersion: request.assetVersion,
      addressVersion: readAddressVersion(request.addressVersion),
      isCourierCheckSkipped: request.skipProofCourierConnCheck,
    },
    "local",
  );
  return toWireAddr(address);
}

function readAddressVersion(version: AddrVersion): number | undefined {
  if (version === AddrVersion.ADDR_VERSION_UNSPECIFIED) return undefined;
  if (version < AddrVersion.ADDR_VERSION_V0 || version > AddrVersion.ADDR_VERSION_V2) {
    throw new TapdError(`unknown address version: ${version}`);
  }
  return version - AddrVersion.ADDR_VERSION_V0;
}

function decodeAddr(engine: TapdEngine, encoded: string): Addr {
  if (encoded === "") throw new TapdError("must specify an addr", "INVALID_ARGUMENT");
  try {
    return toWireAddr(engine.addresses.decode(encoded));
  } catch (error) {
    if (!(error instanceof TapdError)) throw error;
    throw new TapdError(`unable to decode addr: ${error.message}`, "INVALID_ARGUMENT");
  }
}

function queryAddrs(engine: TapdEngine, request: QueryAddrRequest): QueryAddrResponse {
  const { createdAfter, createdBefore, limit, offset } = request;
  const addresses = engine.addresses
    .list()
    .filter(
      ({ createdAt }) =>
        (createdAfter === 0n || BigInt(createdAt) >= createdAfter) &&
        (createdBefore === 0n || BigInt(createdAt) <= createdBefore),
    );
  return { addrs: addresses.slice(offset, limit === 0 ? undefined : offset + limit).map(toWireAddr) };
}

function addrReceives(engine: TapdEngine, request: AddrReceivesRequest): AddrReceivesResponse {
  if (request.filterAddr !== "") prefixed("unable to decode addr: ", () => engine.addresses.decode(request.filterAddr));
  const receives = [...engine.state.receives.values()].filter(
    ({ encodedAddr, status, createdAt }) =>
      (request.filterAddr === "" || encodedAddr === request.filterAddr) &&
      (request.filterStatus === AddrEventStatus.ADDR_EVENT_STATUS_UNKNOWN ||
        RECEIVE_STATUS[status] === request.filterStatus) &&
      (request.startTimestamp === 0n || BigInt(createdAt) >= request.startTimestamp) &&
      (request.endTimestamp === 0n || BigInt(createdAt) <= request.endTimestamp),
  );
  // Before 0.8 there were no pages and no direction.
  const page =
    engine.settings.version === "0.7"
      ? receives
      : readPage(receives, { ...request, isAscending: request.direction === SortDirection.SORT_DIRECTION_ASC });
  return { events: page.map((receive) => toWireReceive(engine, receive)) };
}

function readRecipients(request: SendAssetRequest): { readonly encoded: string; readonly amount: bigint }[] {
  const { tapAddrs, addressesWithAmounts } = request;
  if (tapAddrs.length > 0 && addressesWithAmounts.length > 0) {
    throw new TapdError("cannot specify both tap_addrs and addresses_with_amounts");
  }
  if (tapAddrs.length > 0) return tapAddrs.map((encoded) => ({ encoded, amount: 0n }));
  return addressesWithAmounts.map(({ tapAddr, amount }) => ({ encoded: tapAddr, amount }));
}

function burnAsset(engine: TapdEngine, request: BurnAssetRequest): BurnAssetResponse {
  const transfer = engine.burn(readBurnt(request), request.amountToBurn, request.confirmationText, request.note);
  const proofs = transfer.outputs.flatMap(({ pieceId }) => {
    const piece = engine.state.pieces.get(pieceId);
    if (piece?.scriptKeyType !== "burn") return [];
    return [toWireProof(engine, engine.proofs.decode(engine.proofs.rawProofOf(piece), 0), false)];
  });
  return { burnTransfer: toWireTransfer(engine, transfer), burnProof: proofs[0], burnProofs: proofs };
}

/** An empty specifier is refused only after amount and confirmation, as in tapd. */
function readBurnt({ asset, assetSpecifier, amountToBurn, confirmationText }: BurnAssetRequest): AssetSpecifier {
  if (asset?.$case === "assetId") return { assetId: readAssetId(asset.value), groupKey: "" };
  if (asset?.$case === "assetIdStr") {
    return { assetId: readAssetId(readHex(asset.value, "error decoding asset ID")), groupKey: "" };
  }
  if (assetSpecifier !== undefined) {
    return prefixed("unable to parse asset specifier: ", () => readWireSpecifier(assetSpecifier.id));
  }
  if (amountToBurn === 0n || confirmationText === "") return { assetId: "", groupKey: "" };
  throw new TapdError("asset_specifier field unset");
}

function prefixed<T>(prefix: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof TapdError) throw new TapdError(`${prefix}${error.message}`);
    throw error;
  }
}
