import type { Channel, Party } from "./channel";
import type { LndContext } from "./lnd-context";
import { LndError } from "./lnd-error";
import type { OpenChannel } from "./lnd-node";
import { CHANNEL_MAX_SATS, CHANNEL_MAX_WUMBO_SATS, CHANNEL_MIN_SATS, COMMIT_FEE_SATS } from "./lnd-settings";
import {
  checkReserve,
  DEFAULT_TARGET_CONF,
  feerateFor,
  newAddress,
  newTxid,
  recordTransaction,
  selectCoins,
  spendCoins,
} from "./wallet";

const MEMO_LENGTH_MAX = 500;

/** Funds a channel from the wallet. It may be used once its transaction has enough confirmations. Throws lnd's refusals. */
export function openChannel(context: LndContext, request: OpenChannel): Channel {
  const party = checkOpenChannel(context, request);
  const { localFundingSats: capacitySats, satPerVbyte = feerateFor(DEFAULT_TARGET_CONF), minConfs = 1 } = request;
  const selection = selectCoins(
    context,
    { outputSats: [capacitySats], satPerVbyte, minConfs },
    (neededSats, availableSats) =>
      new LndError(
        `not enough witness outputs to create funding transaction, need ${toBtc(neededSats)} BTC only have ` +
          `${toBtc(availableSats)} BTC available`,
      ),
  );
  checkReserve(context, selection);
  const { store } = context;
  return store.transact(() => {
    const txid = newTxid(context);
    const channel: Channel = {
      ...aNewChannel(`${txid}:0`, ["node", party], capacitySats),
      pushSats: request.pushSats ?? 0n,
      isPrivate: request.isPrivate ?? false,
      memo: request.memo ?? "",
      balancesMsat: [
        (capacitySats - COMMIT_FEE_SATS - (request.pushSats ?? 0n)) * 1_000n,
        (request.pushSats ?? 0n) * 1_000n,
      ],
      commitmentType: request.commitmentType ?? "anchors",
      confirmationsNeeded: store.settings.channelConfirmations,
    };
    const outputs = [{ address: "", amountSats: capacitySats, isOurs: false }];
    if (selection.changeSats > 0n) {
      const address = newAddress(context, "p2tr");
      const coin = { outpoint: `${txid}:1`, amountSats: selection.changeSats, address, height: 0 };
      store.putCoin({ ...coin, spentBy: "", isAnchor: false });
      outputs.push({ address, amountSats: selection.changeSats, isOurs: true });
    }
    spendCoins(context, txid, selection.coins);
    recordTransaction(context, { txid, selection, outputs, satPerVbyte, label: "" });
    store.putChannel(channel);
    store.emit({ kind: "transaction", change: "published", txid });
    store.emit({ kind: "channel", change: "pending_open", channelPoint: channel.channelPoint });
    return channel;
  });
}

/** A channel with all its money at the opener. */
export function aNewChannel(channelPoint: string, ends: readonly [Party, Party], capacitySats: bigint): Channel {
  return {
    channelPoint,
    chanId: 0n,
    capacitySats,
    ends,
    balancesMsat: [(capacitySats - COMMIT_FEE_SATS) * 1_000n, 0n],
    sentMsat: [0n, 0n],
    commitFeeSats: COMMIT_FEE_SATS,
    pushSats: 0n,
    isPrivate: false,
    memo: "",
    commitmentType: "anchors",
    status: "pending_open",
    fundingHeight: 0,
    confirmationsNeeded: 1,
    htlcs: [],
    updateCount: 0n,
    nextHtlcIndex: 0n,
    openedAt: 0,
    closing: undefined,
  };
}

function checkOpenChannel({ store, keys }: LndContext, request: OpenChannel): Party {
  const { nodePubkey, localFundingSats, pushSats = 0n, isPrivate = false, memo = "" } = request;
  const { settings } = store;
  if (!settings.isSyncedToChain) throw new LndError("channels cannot be created before the wallet is fully synced");
  const maxSats = settings.isWumbo ? CHANNEL_MAX_WUMBO_SATS : CHANNEL_MAX_SATS;
  if (localFundingSats > maxSats) {
    throw new LndError(`funding amount is too large, the max channel size is: ${toBtc(maxSats)} BTC`);
  }
  if (localFundingSats < CHANNEL_MIN_SATS) {
    throw new LndError(`channel is too small, the minimum channel size is: ${CHANNEL_MIN_SATS} SAT`);
  }
  if (pushSats >= localFundingSats - COMMIT_FEE_SATS) {
    throw new LndError("amount pushed to remote peer for initial state must be below the local funding amount");
  }
  if (memo.length > MEMO_LENGTH_MAX) {
    throw new LndError(`provided memo (${memo}) is of length ${memo.length}, exceeds ${MEMO_LENGTH_MAX}`);
  }
  if ((request.commitmentType ?? "anchors") !== "anchors" && !isPrivate) {
    throw new LndError("taproot channels must be private");
  }
  if (nodePubkey === keys.pubkeyOf("node")) throw new LndError("cannot open channel to self");
  const party = keys.partyOf(nodePubkey);
  const isOnline = store.peers.has(nodePubkey) && (party !== "peer" || settings.isPeerOnline);
  if (party === undefined || !isOnline) throw new LndError(`peer ${nodePubkey} is not online`);
  return party;
}

function toBtc(sats: bigint): string {
  const digits = sats.toString().padStart(9, "0");
  return `${digits.slice(0, -8)}.${digits.slice(-8)}`.replace(/\.?0+$/, "");
}
