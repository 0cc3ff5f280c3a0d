import { AppError } from "../errors";
import { LEDGER_ACCOUNTS, type LedgerAccount, type LedgerStore, type Posting } from "../ports/ledger-store";
import type { Transactions } from "../ports/transactions";
import { POSTING_KINDS } from "./postings";

/** A booking that only a person can explain: a deposit, a withdrawal, what a closed channel left behind. */
export interface OperatorEntry {
  /** Unique: the same entry sent twice is booked once. */
  readonly reference: string;
  readonly memo: string;
  readonly postings: readonly Posting[];
}

const REFERENCE = /^[A-Za-z0-9._:-]{1,100}$/;
const LINE = /^([a-z:_0-9]+)=([+-]?\d{1,18})$/;

/**
 * Reads `account=amount` lines of one asset, gBTC in msat and other assets in units, debit positive. Throws `invalid_request` for an
 * unknown account, an amount that is no whole number, and lines that do not sum to zero.
 */
export function parseOperatorEntry(
  input: { readonly reference: string; readonly assetId: string; readonly memo: string },
  lines: readonly string[],
): OperatorEntry {
  if (!REFERENCE.test(input.reference)) throw refused(`${input.reference}: not a reference`);
  const postings = lines.map((line): Posting => {
    const [, account = "", amount = ""] = LINE.exec(line) ?? [];
    if (!isAccount(account)) throw refused(`${line}: not of the form account=amount with an account of the ledger`);
    return { account, assetId: input.assetId, amount: BigInt(amount) };
  });
  const sum = postings.reduce((total, posting) => total + posting.amount, 0n);
  if (sum !== 0n) throw refused(`the lines sum to ${sum}, not to 0`);
  if (postings.length < 2) throw refused("an entry has two lines at least");
  return { reference: input.reference, memo: input.memo.slice(0, MEMO_LENGTH), postings };
}

/** Width of the column. */
const MEMO_LENGTH = 500;

/** false = this reference was booked before. */
export function bookOperatorEntry(
  deps: { readonly transactions: Transactions; readonly ledger: LedgerStore },
  { reference, memo, postings }: OperatorEntry,
): Promise<boolean> {
  return deps.transactions.run((tx) =>
    deps.ledger.post(tx, { kind: POSTING_KINDS.operatorEntry, businessId: reference, memo, postings }),
  );
}

function isAccount(text: string): text is LedgerAccount {
  return LEDGER_ACCOUNTS.some((account) => account === text);
}

function refused(message: string): AppError {
  return new AppError("invalid_request", { message });
}
