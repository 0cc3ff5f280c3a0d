import type { AssetChannels } from "./asset-channels";
import { type AssetRate, msatToUnitsRoundedUp } from "./asset-rate";
import type { AssetSpecifier, Quote } from "./rows";
import type { TapdCore } from "./tapd-core";
import { TapdError } from "./tapd-error";

export interface BuyOrder extends AssetSpecifier {
  readonly maxUnits: bigint;
  readonly minUnits: bigint | undefined;
  readonly peer: string;
  readonly metadata: string;
  /** The least units per bitcoin that we accept; 0.8 and later. */
  readonly rateLimit: AssetRate | undefined;
  readonly isFillOrKill: boolean;
  readonly isChannelCheckSkipped: boolean;
}

export interface SellOrder extends AssetSpecifier {
  readonly maxMsat: bigint;
  readonly peer: string;
  readonly metadata: string;
  /** The most units per bitcoin that we accept; 0.8 and later. */
  readonly rateLimit: AssetRate | undefined;
  readonly isChannelCheckSkipped: boolean;
}

/** One bitcoin in whole US dollars: the price of an asset nobody has set a rate for, taken as a dollar with its decimals. */
const DEFAULT_UNITS_PER_BTC = 100_000n;

/** Negotiates with the edge node, which accepts every order at the rate of the price feed. */
export class RfqDesk {
  constructor(
    private readonly core: TapdCore,
    private readonly channels: AssetChannels,
  ) {}

  /** Units for one bitcoin. */
  rateOf(specifier: AssetSpecifier): AssetRate {
    const { rates } = this.core.state.currentSettings;
    const groupAnchor = this.core.state.groups.get(specifier.groupKey)?.anchorAssetId;
    const genesis = this.core.state.genesis.get(specifier.assetId === "" ? (groupAnchor ?? "") : specifier.assetId);
    const set = rates[specifier.assetId] ?? rates[specifier.groupKey] ?? rates[genesis?.groupKey ?? ""];
    return set ?? { coefficient: DEFAULT_UNITS_PER_BTC * 10n ** BigInt(genesis?.decimalDisplay ?? 0), scale: 0 };
  }

  buy(order: BuyOrder): Quote {
    this.#checkPeer(order, "buy");
    const rate = this.rateOf(order);
    const isBelowLimit = order.rateLimit !== undefined && isLess(rate, order.rateLimit);
    if (isBelowLimit) throw rejected(order.peer, "RATE_BOUND_MISS");
    const fillable = this.#fillableUnits(order);
    if (order.minUnits !== undefined && fillable < order.minUnits) throw rejected(order.peer, "MIN_FILL_NOT_MET");
    if (order.isFillOrKill && fillable < order.maxUnits) throw rejected(order.peer, "FOK_NOT_VIABLE");
    return this.#accept({
      kind: "buy",
      ...specifierOf(order),
      peer: order.peer,
      rate,
      maxAmount: order.maxUnits,
      assetAmount: 0n,
      metadata: order.metadata,
    });
  }

  sell(order: SellOrder): Quote {
    this.#checkPeer(order, "sell");
    const rate = this.rateOf(order);
    const isAboveLimit = order.rateLimit !== undefined && isLess(order.rateLimit, rate);
    if (isAboveLimit) throw rejected(order.peer, "RATE_BOUND_MISS");
    return this.#accept({
      kind: "sell",
      ...specifierOf(order),
      peer: order.peer,
      rate,
      maxAmount: order.maxMsat,
      assetAmount: msatToUnitsRoundedUp(order.maxMsat, rate),
      metadata: order.metadata,
    });
  }

  /** Accepted and not yet expired, in no order tapd promises. */
  list(kind: Quote["kind"]): readonly Quote[] {
    return [...this.core.state.quotes.values()].filter((quote) => quote.kind === kind && this.isLive(quote));
  }

  find(id: string): Quote | undefined {
    return this.core.state.quotes.get(id);
  }

  isLive(quote: Quote): boolean {
    return quote.expiry > this.core.nowSeconds();
  }

  /** What the edge node can still send us, at most what was asked for. */
  #fillableUnits(order: BuyOrder): bigint {
    const [channel] = this.channels.find(order, order.peer, "receive");
    const available = channel?.remoteUnits ?? order.maxUnits;
    return available < order.maxUnits ? available : order.maxUnits;
  }

  #checkPeer(order: BuyOrder | SellOrder, kind: Quote["kind"]): void {
    if (order.peer === "") throw new TapdError(`${kind} order peer must be specified`);
    if (order.isChannelCheckSkipped) return;
    try {
      this.channels.get(order, order.peer, "any");
    } catch (error) {
      throw new TapdError(
        `error checking peer channel: error checking asset channel: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }

  #accept(quote: Omit<Quote, "id" | "seq" | "scid" | "expiry">): Quote {
    const effect = this.core.begin();
    const id = effect.nextHash();
    const accepted: Quote = {
      ...quote,
      id,
      seq: effect.nextSeq(),
      // tapd makes the alias of the last eight bytes of the id.
      scid: BigInt(`0x${id.slice(-16)}`),
      expiry: this.core.nowSeconds() + this.core.state.currentSettings.quoteLifetimeSeconds,
    };
    effect.put("quotes", id, accepted);
    effect.commit();
    this.core.emit({ kind: "quote", quote: accepted });
    return accepted;
  }
}

function specifierOf({ assetId, groupKey }: AssetSpecifier): AssetSpecifier {
  return { assetId, groupKey };
}

function rejected(peer: string, why: string): TapdError {
  return new TapdError(`peer ${peer} rejected quote ${why}`);
}

function isLess(left: AssetRate, right: AssetRate): boolean {
  return left.coefficient * 10n ** BigInt(right.scale) < right.coefficient * 10n ** BigInt(left.scale);
}
