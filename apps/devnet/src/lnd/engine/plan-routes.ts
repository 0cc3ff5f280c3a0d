import { type Channel, type End, type Party, canCarryHtlcs, endOf, otherEnd, partyAt, sendableMsat } from "./channel";
import type { LndContext } from "./lnd-context";
import { FORWARDING_CLTV_DELTA, type LndSettings, SENDER_BLOCK_PADDING } from "./lnd-settings";
import type { PaymentFailure, RouteHop } from "./payment";

export interface RouteRequest {
  readonly from: Party;
  /** undefined = a key that nobody here has. */
  readonly to: Party | undefined;
  readonly amountMsat: bigint;
  readonly feeLimitMsat: bigint;
  readonly finalCltvDelta: number;
  /** Blocks from now that the whole route may lock money; 0 = lnd's maximum. */
  readonly cltvLimit: number;
  readonly maxParts: number;
  readonly outgoingChanIds: readonly bigint[];
  readonly lastHopPubkey: string;
  /** What the first (ours) or the last channel carries instead, when assets move there. */
  readonly firstHopCarrierMsat: bigint | undefined;
  readonly lastHopCarrierMsat: bigint | undefined;
}

export interface PlannedRoute {
  readonly hops: readonly RouteHop[];
  readonly totalAmountMsat: bigint;
  readonly totalFeesMsat: bigint;
  readonly totalTimeLock: number;
}

export type RoutePlan =
  | { readonly ok: true; readonly routes: readonly PlannedRoute[] }
  | { readonly ok: false; readonly reason: PaymentFailure };

/** lnd's `max-cltv-expiry`. */
const CLTV_LIMIT_BLOCKS = 2_016;
const HOPS_MAX = 3;

interface Hop {
  readonly channel: Channel;
  readonly sender: End;
}
type Path = readonly Hop[];

/** Finds routes for a payment, in as many parts as it takes and may take. Changes nothing. */
export function planRoutes(context: LndContext, request: RouteRequest): RoutePlan {
  const { from, to, amountMsat } = request;
  const carried = request.firstHopCarrierMsat ?? amountMsat;
  if (totalSendableMsat(context, from) < carried) return { ok: false, reason: "insufficient_balance" };
  const paths = to === undefined ? [] : findPaths(context, request, from, to);
  const used = new Map<string, bigint>();
  const routes: PlannedRoute[] = [];
  let missingMsat = amountMsat;
  while (missingMsat > 0n) {
    if (routes.length >= request.maxParts) return { ok: false, reason: "no_route" };
    const route = bestRoute(context, request, paths, missingMsat, used);
    if (route === undefined) return { ok: false, reason: "no_route" };
    for (const hop of route.hops) {
      const key = usageKey(hop.channelPoint, hop.pubKey);
      used.set(key, (used.get(key) ?? 0n) + hop.htlcMsat);
    }
    routes.push(route);
    missingMsat -= route.hops.at(-1)?.amountToForwardMsat ?? missingMsat;
  }
  const feesMsat = routes.reduce((sum, route) => sum + route.totalFeesMsat, 0n);
  const blocks = Math.max(...routes.map((route) => route.totalTimeLock)) - context.store.meta.height;
  const isWithinLimits =
    feesMsat <= request.feeLimitMsat && blocks <= (request.cltvLimit === 0 ? CLTV_LIMIT_BLOCKS : request.cltvLimit);
  return isWithinLimits ? { ok: true, routes } : { ok: false, reason: "no_route" };
}

function totalSendableMsat({ store }: LndContext, from: Party): bigint {
  return [...store.channels.values()].reduce((sum, channel) => {
    const end = endOf(channel, from);
    return end === undefined || !canCarryHtlcs(channel) ? sum : sum + sendableMsat(channel, end);
  }, 0n);
}

function findPaths(context: LndContext, request: RouteRequest, from: Party, to: Party): readonly Path[] {
  const { store, keys } = context;
  const usable = [...store.channels.values()].filter(
    (channel) => canCarryHtlcs(channel) && (store.settings.isPeerOnline || endOf(channel, "peer") === undefined),
  );
  const paths: Path[] = [];
  const walk = (at: Party, path: Path): void => {
    for (const channel of usable) {
      const sender = endOf(channel, at);
      if (sender === undefined || path.some((hop) => hop.channel === channel)) continue;
      const longer = [...path, { channel, sender }];
      const next = partyAt(channel, otherEnd(sender));
      if (next === to) paths.push(longer);
      else if (longer.length < HOPS_MAX) walk(next, longer);
    }
  };
  walk(from, []);
  const { outgoingChanIds, lastHopPubkey } = request;
  return paths.filter((path) => {
    const [first, last] = [path[0], path.at(-1)];
    if (first === undefined || last === undefined) return false;
    const isFirstAllowed = outgoingChanIds.length === 0 || outgoingChanIds.includes(first.channel.chanId);
    const lastSender = keys.pubkeyOf(partyAt(last.channel, last.sender));
    return isFirstAllowed && (lastHopPubkey === "" || lastHopPubkey === lastSender);
  });
}

/** The shortest path that takes all of it, which is the cheapest, or else the one that takes most. */
function bestRoute(
  context: LndContext,
  request: RouteRequest,
  paths: readonly Path[],
  missingMsat: bigint,
  used: ReadonlyMap<string, bigint>,
): PlannedRoute | undefined {
  const candidates = paths.map((path) => ({ path, mostMsat: deliverableMsat(context, request, path, used) }));
  const whole = candidates.filter(({ mostMsat }) => mostMsat >= missingMsat);
  const [cheapest] = whole.toSorted((left, right) => left.path.length - right.path.length);
  if (cheapest !== undefined) return toRoute(context, request, cheapest.path, missingMsat);
  const [largest] = candidates.toSorted((left, right) => (left.mostMsat < right.mostMsat ? 1 : -1));
  // Parts of an asset payment would need a carrier each; one path has to do.
  const isWholeNeeded = request.firstHopCarrierMsat !== undefined || request.lastHopCarrierMsat !== undefined;
  if (largest === undefined || largest.mostMsat === 0n || isWholeNeeded) return undefined;
  return toRoute(context, request, largest.path, largest.mostMsat);
}

/** More than there will ever be. */
const UNLIMITED_MSAT = 2_100_000_000_000_000_000n;

/** The most that can arrive at the end of a path, by what its channels can still send. */
function deliverableMsat(
  context: LndContext,
  request: RouteRequest,
  path: Path,
  used: ReadonlyMap<string, bigint>,
): bigint {
  let amountMsat = UNLIMITED_MSAT;
  for (const [index, { channel, sender }] of path.entries()) {
    const receiver = context.keys.pubkeyOf(partyAt(channel, otherEnd(sender)));
    const freeMsat = sendableMsat(channel, sender) - (used.get(usageKey(channel.channelPoint, receiver)) ?? 0n);
    const carrierMsat = carrierAt(request, path.length, index);
    if (freeMsat < (carrierMsat ?? 1n)) return 0n;
    if (index > 0) amountMsat = lessFee(amountMsat, context.store.settings);
    // A carrier says nothing about the value that it stands for.
    if (carrierMsat === undefined && freeMsat < amountMsat) amountMsat = freeMsat;
  }
  return amountMsat;
}

function lessFee(amountMsat: bigint, { feeBaseMsat, feePpm }: LndSettings): bigint {
  const rest = amountMsat - feeBaseMsat;
  return rest <= 0n ? 0n : (rest * 1_000_000n) / (1_000_000n + feePpm);
}

function toRoute(context: LndContext, request: RouteRequest, path: Path, amountMsat: bigint): PlannedRoute {
  const { settings, meta } = context.store;
  let [forwardMsat, expiryHeight] = [amountMsat, meta.height + request.finalCltvDelta + SENDER_BLOCK_PADDING];
  let feeMsat = 0n;
  const hops: RouteHop[] = [];
  for (const [index, { channel, sender }] of [...path.entries()].toReversed()) {
    const htlcMsat = forwardMsat + feeMsat;
    hops.unshift({
      channelPoint: channel.channelPoint,
      chanId: channel.chanId,
      pubKey: context.keys.pubkeyOf(partyAt(channel, otherEnd(sender))),
      amountToForwardMsat: forwardMsat,
      feeMsat,
      htlcMsat: carrierAt(request, path.length, index) ?? htlcMsat,
      expiryHeight,
    });
    forwardMsat = htlcMsat;
    feeMsat = settings.feeBaseMsat + (htlcMsat * settings.feePpm) / 1_000_000n;
    expiryHeight += FORWARDING_CLTV_DELTA;
  }
  return {
    hops,
    totalAmountMsat: forwardMsat,
    totalFeesMsat: forwardMsat - amountMsat,
    totalTimeLock: hops[0]?.expiryHeight ?? expiryHeight,
  };
}

function carrierAt(request: RouteRequest, hopCount: number, index: number): bigint | undefined {
  if (index === 0 && request.firstHopCarrierMsat !== undefined) return request.firstHopCarrierMsat;
  return index === hopCount - 1 ? request.lastHopCarrierMsat : undefined;
}

function usageKey(channelPoint: string, receiverPubkey: string): string {
  return `${channelPoint}>${receiverPubkey}`;
}
