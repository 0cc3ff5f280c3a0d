import { AppError, assert } from "@arkrelay/core/errors";
import type { AssetReceive, AssetSendEvent, AssetTransfer, TapAddress } from "@arkrelay/core/ports/taproot-assets";

import { SortDirection } from "../gen/taprpc/tapcommon";
import {
  type Addr,
  type AddrEvent,
  AddrReceivesRequest,
  type AddrReceivesResponse,
  NewAddrRequest,
  type ReceiveEvent,
  SendAssetRequest,
  type SendAssetResponse,
  type SendEvent,
  SubscribeReceiveEventsRequest,
  SubscribeSendEventsRequest,
} from "../gen/taprpc/taprootassets";
import { fromHex, fromUnixSeconds } from "../wire-bytes";
import { readPages } from "./read-pages";
import type { RecentTransfers } from "./recent-transfers";
import type { TapdCalls } from "./tapd-clients";
import { toAssetReceive, toAssetTransfer, toTapAddress } from "./to-transfer";

/** tapd checks the courier for 30 s and waits 20 s for the wallet. */
const NEW_ADDRESS_TIMEOUT_MS = 60_000;
/** tapd returns when the anchor transaction is broadcast. */
const SEND_TIMEOUT_MS = 60_000;

const MICROSECONDS_PER_MS = 1_000n;

/** Addresses, sends and receives of assets on the chain. */
export class TapdTransfers {
  constructor(
    private readonly calls: TapdCalls,
    private readonly recent: RecentTransfers,
  ) {}

  async newAddress(request: {
    readonly assetId: string;
    readonly amountUnits: bigint;
    readonly courierAddr: string;
  }): Promise<TapAddress> {
    const wire = NewAddrRequest.fromPartial({
      assetId: fromHex(request.assetId),
      amt: request.amountUnits,
      // Named here, because the default in an address would be whatever tapd's configuration says that day.
      proofCourierAddr: request.courierAddr,
    });
    // An address nobody knows costs nothing, so the call is repeated like a read.
    const addr = await this.calls.read<Addr>("NewAddr", ({ assets }, ...rest) => assets.newAddr(wire, ...rest), {
      timeoutMs: NEW_ADDRESS_TIMEOUT_MS,
    });
    return toTapAddress(addr);
  }

  async decodeAddress(encoded: string): Promise<TapAddress> {
    const addr = await this.calls.read<Addr>("DecodeAddr", ({ assets }, ...rest) =>
      assets.decodeAddr({ addr: encoded }, ...rest),
    );
    return toTapAddress(addr);
  }

  async send({ address, label }: { readonly address: string; readonly label: string }): Promise<AssetTransfer> {
    assert(label !== "", "a send has a label of its own");
    // Paying an address twice is legal, so nothing but the label tells a repeat.
    const sent = await this.findByLabel(label);
    if (sent !== undefined) return sent;
    const wire = SendAssetRequest.fromPartial({ tapAddrs: [address], label });
    const { transfer } = await this.calls.write<SendAssetResponse>(
      "SendAsset",
      ({ assets }, ...rest) => assets.sendAsset(wire, ...rest),
      { timeoutMs: SEND_TIMEOUT_MS },
    );
    if (transfer === undefined) {
      throw new AppError("outcome_unknown", { details: { service: "tapd" }, internal: "tapd named no transfer" });
    }
    return toAssetTransfer(transfer);
  }

  async findByLabel(label: string): Promise<AssetTransfer | undefined> {
    const transfer = await this.recent.findByLabel(label);
    return transfer && toAssetTransfer(transfer);
  }

  async listOpen(): Promise<readonly AssetTransfer[]> {
    const transfers = await this.recent.listOpen();
    return transfers.map(toAssetTransfer);
  }

  async listReceives(since: Date): Promise<readonly AssetReceive[]> {
    const startTimestamp = BigInt(Math.floor(since.getTime() / 1000));
    const events = await readPages(async ({ offset, limit }) => {
      const direction = SortDirection.SORT_DIRECTION_ASC;
      const request = AddrReceivesRequest.fromPartial({ startTimestamp, offset, limit, direction });
      const reply = await this.calls.read<AddrReceivesResponse>("AddrReceives", ({ assets }, ...rest) =>
        assets.addrReceives(request, ...rest),
      );
      return reply.events;
    }, eventKey);
    // Before 0.8 tapd sends the newest first.
    return events.flatMap((event) => fromAddrEvent(event) ?? []).sort((a, b) => a.at.getTime() - b.at.getTime());
  }

  async *subscribeReceives(signal: AbortSignal): AsyncGenerator<AssetReceive, void> {
    const request = SubscribeReceiveEventsRequest.fromPartial({});
    const events = this.calls.stream<ReceiveEvent>(
      "SubscribeReceiveEvents",
      ({ assets }, ...rest) => assets.subscribeReceiveEvents(request, ...rest),
      { signal },
    );
    for await (const { address: addr, outpoint, status, timestamp } of events) {
      const receive = toAssetReceive({ addr, outpoint, status, at: fromUnixMicroseconds(timestamp) });
      if (receive !== undefined) yield receive;
    }
  }

  async *subscribeSends(signal: AbortSignal): AsyncGenerator<AssetSendEvent, void> {
    const request = SubscribeSendEventsRequest.fromPartial({});
    const events = this.calls.stream<SendEvent>(
      "SubscribeSendEvents",
      ({ assets }, ...rest) => assets.subscribeSendEvents(request, ...rest),
      { signal },
    );
    for await (const { transferLabel, sendState, error, timestamp } of events) {
      yield { label: transferLabel, state: sendState, error, at: fromUnixMicroseconds(timestamp) };
    }
  }
}

/** One payment of an address; its status moves on. */
function eventKey({ addr, outpoint }: AddrEvent): string {
  return `${addr?.encoded ?? ""} ${outpoint}`;
}

function fromAddrEvent({ addr, outpoint, status, creationTimeUnixSeconds }: AddrEvent): AssetReceive | undefined {
  return toAssetReceive({ addr, outpoint, status, at: fromUnixSeconds(creationTimeUnixSeconds) });
}

function fromUnixMicroseconds(microseconds: bigint): Date {
  return new Date(Number(microseconds / MICROSECONDS_PER_MS));
}
