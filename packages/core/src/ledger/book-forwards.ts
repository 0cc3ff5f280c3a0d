import type { Clock } from "../ports/clock";
import type { LedgerStore } from "../ports/ledger-store";
import type { LightningForward, LightningNode } from "../ports/lightning-node";
import type { ReconciliationStore } from "../ports/reconciliation-store";
import type { StreamCursors } from "../ports/stream-cursors";
import type { Transactions } from "../ports/transactions";
import { GBTC } from "../vtxo/vtxo";
import { forwardPostings, POSTING_KINDS } from "./postings";

export interface BookForwardsDeps {
  readonly clock: Clock;
  readonly transactions: Transactions;
  readonly ledger: LedgerStore;
  readonly cursors: StreamCursors;
  readonly reconciliations: Pick<ReconciliationStore, "findNewest">;
  readonly lightning: Pick<LightningNode, "listForwards">;
}

/** Row of stream_cursors; the cursor is the newest booked forward's time, nanoseconds since 1970. */
export const FORWARDS_STREAM = "lnd:forwards";

/** No lease stands behind the job, and two runs at once do no harm: each forward is booked under its own key. */
const NO_LEASE = 0;
const PAGE = 200;
/** Pages per run; the next run goes on. */
const PAGES_MAX = 25;
const NS_PER_MS = 1_000_000n;

/**
 * Books what the node earned with payments of others, each forward once, and returns how many there were. The books begin with what
 * the channels hold at the first reconciliation, so what was forwarded before that is part of it.
 */
export async function bookForwards(deps: BookForwardsDeps): Promise<number> {
  const cursor = await deps.cursors.find(FORWARDS_STREAM);
  if (cursor === undefined || !(await isOpen(deps))) {
    await save(deps, BigInt(deps.clock.now().getTime()) * NS_PER_MS);
    return 0;
  }
  let booked = 0;
  let newestNs = BigInt(cursor);
  // lnd takes whole seconds, so a run begins with what it knows of the cursor's own second.
  const since = new Date(Number(newestNs / NS_PER_MS));
  for (let page = 0; page < PAGES_MAX; page++) {
    const forwards = await deps.lightning.listForwards({ since, offset: page * PAGE, limit: PAGE });
    const news = forwards.filter(({ settledAtNs }) => settledAtNs > newestNs);
    booked += await bookPage(deps, news);
    newestNs = news.at(-1)?.settledAtNs ?? newestNs;
    if (forwards.length < PAGE) break;
  }
  return booked;
}

function isOpen({ transactions, reconciliations }: BookForwardsDeps): Promise<boolean> {
  return transactions.run(async (tx) => (await reconciliations.findNewest(tx, "asset:ln", GBTC)) !== undefined);
}

async function bookPage(deps: BookForwardsDeps, forwards: readonly LightningForward[]): Promise<number> {
  const newest = forwards.at(-1);
  if (newest === undefined) return 0;
  return deps.transactions.run(async (tx) => {
    await deps.cursors.save(tx, FORWARDS_STREAM, String(newest.settledAtNs), NO_LEASE);
    let booked = 0;
    for (const { settledAtNs, inChanId, outChanId, feeMsat } of forwards) {
      const isNew = await deps.ledger.post(tx, {
        kind: POSTING_KINDS.forward,
        businessId: `${settledAtNs}:${inChanId}:${outChanId}`,
        memo: "forwarded for others",
        postings: forwardPostings(feeMsat),
      });
      if (isNew) booked++;
    }
    return booked;
  });
}

function save({ transactions, cursors }: BookForwardsDeps, ns: bigint): Promise<void> {
  return transactions.run((tx) => cursors.save(tx, FORWARDS_STREAM, String(ns), NO_LEASE));
}
