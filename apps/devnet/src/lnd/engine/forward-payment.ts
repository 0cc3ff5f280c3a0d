import { type Channel, canCarryHtlcs, endOf, otherEnd, sendableMsat, withBalanceChange } from "./channel";
import type { LndContext } from "./lnd-context";
import { LndError } from "./lnd-error";
import type { Forward } from "./lnd-store";

/** A payment that comes in from the peer over one channel and goes out to it over another; the node keeps its fee. */
export function forwardForPeer(context: LndContext, outMsat: bigint): Forward {
  const { store, clock } = context;
  const { feeBaseMsat, feePpm } = store.settings;
  const inMsat = outMsat + feeBaseMsat + (outMsat * feePpm) / 1_000_000n;
  const channels = [...store.channels.values()].filter(
    (channel) => canCarryHtlcs(channel) && endOf(channel, "node") !== undefined && endOf(channel, "peer") !== undefined,
  );
  const incoming = channels.find((channel) => canSend(channel, "peer", inMsat));
  const outgoing = channels.find((channel) => channel !== incoming && canSend(channel, "node", outMsat));
  if (incoming === undefined || outgoing === undefined) throw new LndError("no two channels can carry it");
  return store.transact(() => {
    move(context, incoming, "peer", inMsat);
    move(context, outgoing, "node", outMsat);
    const newestNs = [...store.forwards.values()].at(-1)?.settledAtNs ?? 0n;
    const nowNs = BigInt(clock.nowMs()) * 1_000_000n;
    const settledAtNs = nowNs > newestNs ? nowNs : newestNs + 1n;
    const forward = { settledAtNs, inChanId: incoming.chanId, outChanId: outgoing.chanId, inMsat, outMsat };
    store.putForward(forward);
    return forward;
  });
}

function canSend(channel: Channel, party: "peer" | "node", amountMsat: bigint): boolean {
  const end = endOf(channel, party);
  return end !== undefined && sendableMsat(channel, end) >= amountMsat;
}

function move({ store }: LndContext, channel: Channel, sender: "peer" | "node", amountMsat: bigint): void {
  const end = endOf(channel, sender);
  if (end === undefined) return;
  const [first, second] = channel.sentMsat;
  store.putChannel({
    ...withBalanceChange(withBalanceChange(channel, end, -amountMsat), otherEnd(end), amountMsat),
    sentMsat: end === 0 ? [first + amountMsat, second] : [first, second + amountMsat],
    updateCount: channel.updateCount + 2n,
  });
}
