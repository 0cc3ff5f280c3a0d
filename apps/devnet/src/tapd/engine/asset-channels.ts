import { ANCHOR_SATS } from "./anchor-fee";
import { splitOutpoint } from "./asset-id";
import type { AssetWallet } from "./asset-wallet";
import { pieceIdOf } from "./minter";
import type { AssetChannel, AssetSpecifier, ChannelHtlc, Piece } from "./rows";
import type { Effect, TapdCore } from "./tapd-core";
import { TapdError, wrapping } from "./tapd-error";

export interface NewChannel extends AssetSpecifier {
  readonly units: bigint;
  readonly peer: string;
  readonly satPerVbyte: bigint;
  readonly pushSats: bigint;
}

/** tapd funds every asset channel with this many sats, whatever its units are worth. */
const FUNDING_SATS = 100_000n;

/** Units in channels: what each side has, and what is in flight. */
export class AssetChannels {
  constructor(
    private readonly core: TapdCore,
    private readonly wallet: AssetWallet,
  ) {}

  /** All units start on our side. Pending until lnd has the confirmations. */
  fund(request: NewChannel): AssetChannel {
    const selected = this.wallet.selectCoins("local", request, request.units);
    const channelPoint = wrapping("error funding channel", () =>
      this.core.lnd.openChannel({
        nodePubkey: request.peer,
        localFundingSats: FUNDING_SATS,
        pushSats: request.pushSats,
        isPrivate: true,
        satPerVbyte: request.satPerVbyte,
        commitmentType: "simple_taproot_overlay",
      }),
    );
    const effect = this.core.begin();
    const pieceIds = this.#movePieces(effect, request, selected, channelPoint);
    const channel: AssetChannel = {
      assetId: request.assetId,
      groupKey: request.groupKey,
      channelPoint,
      seq: effect.nextSeq(),
      peer: request.peer,
      pieceIds,
      capacityUnits: request.units,
      localUnits: request.units,
      remoteUnits: 0n,
      state: "pending",
    };
    effect.put("channels", channelPoint, channel);
    effect.commit();
    return channel;
  }

  /** Open channels of an asset, the one with most units to send (or to receive) first. */
  find(specifier: AssetSpecifier, peer: string, intention: "send" | "receive" | "any"): readonly AssetChannel[] {
    const units = ({ localUnits, remoteUnits }: AssetChannel): bigint =>
      intention === "receive" ? remoteUnits : localUnits;
    return [...this.core.state.channels.values()]
      .filter((channel) => channel.state === "open" && this.#carries(channel, specifier))
      .filter((channel) => peer === "" || channel.peer === peer)
      .toSorted((left, right) => Number(units(right) - units(left)));
  }

  /** Throws tapd's texts when there is none. */
  get(specifier: AssetSpecifier, peer: string, intention: "send" | "receive" | "any"): AssetChannel {
    const name = `AssetSpecifier(id=${specifier.assetId}, group_pub_key=${specifier.groupKey})`;
    if (this.find(specifier, "", intention).length === 0) {
      throw new TapdError(`no asset channel balance found for ${name}`);
    }
    const [channel] = this.find(specifier, peer, intention);
    if (channel === undefined) throw new TapdError(`no asset channels found for ${name} and peer=${peer}`);
    return channel;
  }

  list(): readonly AssetChannel[] {
    return [...this.core.state.channels.values()];
  }

  /** What HTLCs carry now, in either direction. */
  inFlight(channelPoint: string): readonly ChannelHtlc[] {
    return [...this.core.state.htlcs.values()].filter(
      (htlc) => htlc.channelPoint === channelPoint && htlc.state === "in_flight",
    );
  }

  /** Sets units aside. Throws when the side that gives them has too few. */
  lock(htlc: Omit<ChannelHtlc, "state">): void {
    const channel = this.#channelOf(htlc.channelPoint);
    const isIncoming = htlc.direction === "incoming";
    if ((isIncoming ? channel.remoteUnits : channel.localUnits) < htlc.units) {
      throw new TapdError(`channel ${htlc.channelPoint} has too few units`);
    }
    const effect = this.core.begin();
    effect.put("channels", channel.channelPoint, {
      ...channel,
      localUnits: isIncoming ? channel.localUnits : channel.localUnits - htlc.units,
      remoteUnits: isIncoming ? channel.remoteUnits - htlc.units : channel.remoteUnits,
    });
    effect.put("htlcs", htlc.key, { ...htlc, state: "in_flight" });
    effect.commit();
  }

  /** Gives locked units to whom they now belong; nothing happens the second time. */
  release(key: string, outcome: "settled" | "cancelled"): void {
    const htlc = this.core.state.htlcs.get(key);
    if (htlc?.state !== "in_flight") return;
    const channel = this.#channelOf(htlc.channelPoint);
    const isToLocal = (htlc.direction === "incoming") === (outcome === "settled");
    const effect = this.core.begin();
    effect.put("channels", channel.channelPoint, {
      ...channel,
      localUnits: isToLocal ? channel.localUnits + htlc.units : channel.localUnits,
      remoteUnits: isToLocal ? channel.remoteUnits : channel.remoteUnits + htlc.units,
    });
    effect.put("htlcs", key, { ...htlc, state: outcome });
    effect.commit();
  }

  onOpen(channelPoint: string): void {
    const channel = this.core.state.channels.get(channelPoint);
    if (channel?.state !== "pending") return;
    const effect = this.core.begin();
    effect.put("channels", channelPoint, { ...channel, state: "open" });
    effect.commit();
  }

  /** The units go back on-chain, each side's to its own wallet. What is in flight goes back to who gave it. */
  onClosed(channelPoint: string): void {
    const known = this.core.state.channels.get(channelPoint);
    if (known === undefined || known.state === "closed") return;
    for (const { key } of this.inFlight(channelPoint)) this.release(key, "cancelled");
    const channel = this.#channelOf(channelPoint);
    const txid = this.core.facts.closingTxid(channelPoint) ?? splitOutpoint(channelPoint).txid;
    const effect = this.core.begin();
    let local = channel.localUnits;
    for (const pieceId of channel.pieceIds) {
      const piece = this.core.state.pieces.get(pieceId);
      if (piece === undefined) continue;
      const toUs = local < piece.amount ? local : piece.amount;
      local -= toUs;
      this.#putClosed(effect, piece, `${txid}:2`, "local", toUs);
      this.#putClosed(effect, piece, `${txid}:3`, "peer", piece.amount - toUs);
      effect.put("pieces", piece.id, { ...piece, spentBy: txid, isSpendConfirmed: true });
    }
    effect.put("channels", channelPoint, { ...channel, localUnits: 0n, remoteUnits: 0n, state: "closed" });
    effect.commit();
  }

  #carries(channel: AssetChannel, specifier: AssetSpecifier): boolean {
    if (specifier.groupKey !== "") return this.#groupKeyOf(channel) === specifier.groupKey;
    return channel.pieceIds.every((id) => this.core.state.pieces.get(id)?.assetId === specifier.assetId);
  }

  #groupKeyOf(channel: AssetChannel): string {
    return channel.groupKey === "" ? this.wallet.genesisOf(channel.assetId).groupKey : channel.groupKey;
  }

  /** The wanted units to the channel; the rest of the pieces, and what shares their anchors, to a change anchor of their own. */
  #movePieces(effect: Effect, request: NewChannel, selected: readonly Piece[], channelPoint: string): string[] {
    const anchors = [...new Set(selected.map(({ outpoint }) => outpoint))];
    const passive = [...this.core.state.pieces.values()].filter(
      (piece) => anchors.includes(piece.outpoint) && piece.spentBy === "" && !selected.includes(piece),
    );
    const total = selected.reduce((sum, { amount }) => sum + amount, 0n);
    const txid = splitOutpoint(channelPoint).txid;
    const hasChange = total > request.units || passive.length > 0;
    const changePoint = hasChange ? this.#changeAnchor(anchors, request.satPerVbyte) : "";
    if (!hasChange) for (const anchor of anchors) this.core.lnd.releaseAnchor(anchor);
    let missing = request.units;
    const pieceIds: string[] = [];
    for (const piece of selected) {
      const toChannel = missing < piece.amount ? missing : piece.amount;
      missing -= toChannel;
      pieceIds.push(this.#putFunded(effect, piece, channelPoint, toChannel));
      if (toChannel < piece.amount) {
        this.#putMoved(
          effect,
          { ...piece, amount: piece.amount - toChannel, scriptKey: effect.nextScriptKey() },
          changePoint,
          piece.id,
        );
      }
      effect.put("pieces", piece.id, { ...piece, spentBy: txid });
    }
    for (const piece of passive) {
      this.#putMoved(effect, piece, changePoint, piece.id);
      effect.put("pieces", piece.id, { ...piece, spentBy: txid });
    }
    return pieceIds;
  }

  #changeAnchor(anchors: readonly string[], satPerVbyte: bigint): string {
    const { outpoints } = wrapping("error funding channel", () =>
      this.core.lnd.sendOutputs({
        outputs: [{ to: "anchor", amountSats: ANCHOR_SATS }],
        anchors,
        satPerVbyte,
        label: "tapd-channel-change",
        minConfs: 0,
      }),
    );
    return outpoints[0] ?? "";
  }

  #putFunded(effect: Effect, piece: Piece, channelPoint: string, amount: bigint): string {
    const scriptKey = effect.nextScriptKey();
    const id = pieceIdOf(channelPoint, piece.assetId, scriptKey);
    effect.put("pieces", id, {
      ...unspent(piece, effect),
      id,
      holder: "channel",
      amount,
      scriptKey,
      scriptKeyType: "channel",
      outpoint: channelPoint,
      anchorSats: FUNDING_SATS,
      inputs: [piece.id],
    });
    return id;
  }

  #putMoved(effect: Effect, piece: Piece, outpoint: string, from: string): void {
    const id = pieceIdOf(outpoint, piece.assetId, piece.scriptKey);
    effect.put("pieces", id, { ...unspent(piece, effect), id, outpoint, inputs: [from] });
  }

  #putClosed(effect: Effect, piece: Piece, outpoint: string, holder: "local" | "peer", amount: bigint): void {
    if (amount === 0n) return;
    const scriptKey = effect.nextScriptKey();
    const id = pieceIdOf(outpoint, piece.assetId, scriptKey);
    effect.put("pieces", id, {
      ...unspent(piece, effect),
      id,
      holder,
      amount,
      scriptKey,
      scriptKeyType: "bip86",
      outpoint,
      anchorSats: ANCHOR_SATS,
      height: this.core.lnd.height,
      confirmedAt: this.core.nowSeconds(),
      inputs: [piece.id],
    });
  }

  #channelOf(channelPoint: string): AssetChannel {
    const channel = this.core.state.channels.get(channelPoint);
    if (channel === undefined) throw new TapdError(`no asset channel ${channelPoint}`);
    return channel;
  }
}

/** The next piece in a chain: new, unconfirmed, live. */
function unspent(piece: Piece, effect: Effect): Piece {
  return { ...piece, seq: effect.nextSeq(), height: 0, confirmedAt: 0, spentBy: "", isSpendConfirmed: false };
}
