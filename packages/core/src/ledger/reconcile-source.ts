import type { AccountKey, AccountPosition, LedgerBooks } from "../ports/ledger-books";
import type { LedgerStore } from "../ports/ledger-store";
import type {
  ExplainedPart,
  Reconciliation,
  ReconciliationSource,
  ReconciliationStore,
} from "../ports/reconciliation-store";
import type { Transactions, Tx } from "../ports/transactions";
import { decideDrift, RUNS_APART_MS, unexplainedOf } from "./decide-drift";
import { balanced, POSTING_KINDS } from "./postings";

/** What a daemon has of one account. */
export interface ExternalBalance extends AccountKey {
  /** gBTC in msat, other assets in units. */
  readonly external: bigint;
  readonly explained: readonly ExplainedPart[];
  readonly rounding: bigint;
}

export interface ExternalSource {
  readonly source: Exclude<ReconciliationSource, "ledger">;
  /** Accounts that one reading covers; what it says of others has no cut and is left out. */
  listAccounts(): Promise<readonly AccountKey[]>;
  /** Asks the daemon, then the database for what explains the answer. Throws when it is not complete. */
  read(): Promise<readonly ExternalBalance[]>;
}

export interface ReconcileDeps {
  readonly transactions: Transactions;
  readonly ledger: LedgerStore;
  readonly books: LedgerBooks;
  readonly reconciliations: ReconciliationStore;
  /** Rejects `daemon_unavailable` when the work takes longer than posting may be paused. */
  bounded<T>(work: Promise<T>): Promise<T>;
}

/** Readings without a pause, before one with a pause: a quiet ledger needs none. */
const READINGS_WITHOUT_PAUSE = 2;

/**
 * Compares one daemon with the ledger at one cut: nothing was posted to these accounts while the daemon was read, either because
 * nothing was there to post or because posting is paused meanwhile (the transaction holds the accounts' rows). Writes one row per
 * account; corrects nothing. The first run books what the gateway already has as the operator's.
 */
export async function reconcileSource(
  deps: ReconcileDeps,
  source: ExternalSource,
): Promise<readonly Omit<Reconciliation, "at">[]> {
  const accounts = await source.listAccounts();
  for (let reading = 1; reading <= READINGS_WITHOUT_PAUSE; reading++) {
    const before = await deps.books.readPositions(accounts);
    const balances = await source.read();
    const rows = await deps.transactions.run(async (tx) => {
      const positions = await deps.books.lockPositions(tx, accounts);
      return hasMoved(before, positions) ? undefined : record(deps, tx, source, balances, positions);
    });
    if (rows !== undefined) return rows;
  }
  return deps.transactions.run(async (tx) => {
    const positions = await deps.books.lockPositions(tx, accounts);
    return record(deps, tx, source, await deps.bounded(source.read()), positions);
  });
}

function hasMoved(before: readonly AccountPosition[], after: readonly AccountPosition[]): boolean {
  return before.some((position, index) => position.postingId !== after[index]?.postingId);
}

async function record(
  deps: ReconcileDeps,
  tx: Tx,
  source: ExternalSource,
  balances: readonly ExternalBalance[],
  positions: readonly AccountPosition[],
): Promise<readonly Omit<Reconciliation, "at">[]> {
  const rows: Omit<Reconciliation, "at">[] = [];
  for (const balance of balances) {
    const { account, assetId, external, explained } = balance;
    const compared = positions.filter((each) => each.assetId === assetId && isComparedWith(each.account, account));
    if (compared.length === 0) continue;
    const ledger = compared.reduce((sum, each) => sum + each.balance, 0n);
    const postingId = compared.reduce((newest, each) => (each.postingId > newest ? each.postingId : newest), 0n);
    const comparison = { ...balance, ledger, postingId };
    const earlier = {
      newest: await deps.reconciliations.findNewest(tx, account, assetId),
      apart: await deps.reconciliations.findNewest(tx, account, assetId, RUNS_APART_MS),
    };
    const row = { source: source.source, account, assetId, external, ledger, explained, postingId };
    if (earlier.newest === undefined)
      rows.push({ ...row, ...(await open(deps, tx, source, balance, ledger)), drift: 0n });
    else rows.push({ ...row, delta: external - ledger, drift: decideDrift(comparison, earlier) });
  }
  await deps.reconciliations.insert(tx, rows);
  return rows;
}

/** Frozen VTXOs are still arkd's to show, so they are compared together with the free ones. */
function isComparedWith(account: string, compared: string): boolean {
  return account === compared || (account === "suspense:frozen" && compared === "asset:ark");
}

/** What was there before the ledger began is the operator's; parts under way are posted by their own operations. */
async function open(
  deps: ReconcileDeps,
  tx: Tx,
  source: ExternalSource,
  balance: ExternalBalance,
  ledger: bigint,
): Promise<{ readonly ledger: bigint; readonly delta: bigint }> {
  const { account, assetId, external } = balance;
  const amount = unexplainedOf({ ...balance, ledger, rounding: 0n });
  await deps.ledger.post(tx, {
    kind: POSTING_KINDS.openingBalance,
    businessId: `${account}:${assetId}`,
    memo: `what ${source.source} had at the first reconciliation`,
    postings:
      amount === 0n
        ? []
        : balanced([
            { account, assetId, amount },
            { account: "equity:operator", assetId, amount: -amount },
          ]),
  });
  return { ledger: ledger + amount, delta: external - ledger - amount };
}
