import type { Clock } from "../ports/clock";
import type { CheckpointSet, LedgerBooks, LedgerCheckpoint } from "../ports/ledger-books";
import type { Reconciliation, ReconciliationStore } from "../ports/reconciliation-store";
import type { Transactions } from "../ports/transactions";

export interface CheckLedgerDeps {
  readonly clock: Clock;
  readonly transactions: Transactions;
  readonly books: LedgerBooks;
  readonly reconciliations: Pick<ReconciliationStore, "insert">;
}

export interface LedgerCheck {
  readonly upToPostingId: bigint;
  /** The first check of a month sums everything anew; the others go on from the checkpoints of the one before. */
  readonly fromZero: boolean;
  /** ledger_transactions that are not zero per asset. */
  readonly unbalanced: readonly bigint[];
  /** Accounts whose checkpoint is not what their postings sum to (`checkpoint:<account>`), and assets that do not sum to zero (`*`). */
  readonly differences: readonly Omit<Reconciliation, "at">[];
}

/** Postings summed in one statement. */
const STEP = 200_000n;
const UNBALANCED_MAX = 20;

/**
 * Sums the ledger up to a cut and writes checkpoints there when everything is zero that must be. Otherwise none are written, so that
 * the next check finds it again.
 */
export async function checkLedger(deps: CheckLedgerDeps, signal: AbortSignal): Promise<LedgerCheck> {
  const previous = await deps.books.findNewestCheckpoints();
  const upToPostingId = await deps.books.takeCut();
  const fromZero = previous === undefined || !isSameMonth(previous.at, deps.clock.now());
  const old = fromZero
    ? await sumRange(deps, 0n, previous?.upToPostingId ?? 0n, signal)
    : { accounts: toMap(previous), unbalanced: [] };
  const young = await sumRange(deps, previous?.upToPostingId ?? 0n, upToPostingId, signal);
  const accounts = addAll(old.accounts, young.accounts);
  const unbalanced = [...old.unbalanced, ...young.unbalanced];
  const differences = [
    ...(fromZero ? compareCheckpoints(old.accounts, previous, upToPostingId) : []),
    ...assetSums([...accounts.values()], upToPostingId),
  ];
  const isSound = unbalanced.length === 0 && differences.every((row) => row.drift === 0n);
  await deps.transactions.run(async (tx) => {
    await deps.reconciliations.insert(tx, differences);
    if (isSound) await deps.books.insertCheckpoints(tx, [...accounts.values()], upToPostingId);
  });
  return { upToPostingId, fromZero, unbalanced, differences: differences.filter((row) => row.drift !== 0n) };
}

type Accounts = ReadonlyMap<bigint, LedgerCheckpoint>;

function isSameMonth(a: Date, b: Date): boolean {
  return a.toISOString().slice(0, 7) === b.toISOString().slice(0, 7);
}

function toMap(set: CheckpointSet): Accounts {
  return new Map(set.checkpoints.map((each) => [each.accountId, each]));
}

async function sumRange(deps: CheckLedgerDeps, afterId: bigint, upToId: bigint, signal: AbortSignal) {
  let accounts: Accounts = new Map();
  const unbalanced: bigint[] = [];
  for (let from = afterId; from < upToId; from += STEP) {
    signal.throwIfAborted();
    const to = from + STEP < upToId ? from + STEP : upToId;
    accounts = addAll(accounts, toSums(await deps.books.sumPostings(from, to)));
    unbalanced.push(...(await deps.books.listUnbalanced(from, to, UNBALANCED_MAX)));
  }
  return { accounts, unbalanced: unbalanced.slice(0, UNBALANCED_MAX) };
}

function toSums(sums: readonly LedgerCheckpoint[]): Accounts {
  return new Map(sums.map((each) => [each.accountId, each]));
}

function addAll(a: Accounts, b: Accounts): Accounts {
  const all = new Map(a);
  for (const [id, each] of b) all.set(id, { ...each, balance: each.balance + (all.get(id)?.balance ?? 0n) });
  return all;
}

/** One row per account, sound or not, of a check that summed from zero what the checkpoints say. */
function compareCheckpoints(
  summed: Accounts,
  previous: CheckpointSet | undefined,
  postingId: bigint,
): readonly Omit<Reconciliation, "at">[] {
  if (previous === undefined) return [];
  const kept = toMap(previous);
  return [...new Map([...summed, ...kept]).values()].map(({ accountId, key }) => {
    const external = summed.get(accountId)?.balance ?? 0n;
    const ledger = kept.get(accountId)?.balance ?? 0n;
    return toRow({ account: `checkpoint:${key.account}`, assetId: key.assetId, external, ledger }, postingId);
  });
}

/** One row per asset, sound or not, so that a difference that is gone does not stay the newest row. */
function assetSums(accounts: readonly LedgerCheckpoint[], postingId: bigint): readonly Omit<Reconciliation, "at">[] {
  const sums = new Map<string, bigint>();
  for (const { key, balance } of accounts) sums.set(key.assetId, (sums.get(key.assetId) ?? 0n) + balance);
  return [...sums].map(([assetId, ledger]) => toRow({ account: "*", assetId, external: 0n, ledger }, postingId));
}

function toRow(
  { account, assetId, external, ledger }: Pick<Reconciliation, "account" | "assetId" | "external" | "ledger">,
  postingId: bigint,
): Omit<Reconciliation, "at"> {
  const delta = external - ledger;
  return { source: "ledger", account, assetId, external, ledger, delta, explained: [], drift: delta, postingId };
}
