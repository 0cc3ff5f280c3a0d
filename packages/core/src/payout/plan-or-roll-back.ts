import type { Transactions, Tx } from "../ports/transactions";

/** Rolls the transaction back; never leaves this file. */
class CoinsShort extends Error {}

/** Runs a plan in one transaction. undefined from it = the gateway's coins are short: nothing of the plan is kept, and it is the answer. */
export async function planOrRollBack<T>(
  transactions: Transactions,
  plan: (tx: Tx) => Promise<T | undefined>,
): Promise<T | undefined> {
  try {
    return await transactions.run(async (tx) => {
      const planned = await plan(tx);
      if (planned === undefined) throw new CoinsShort();
      return planned;
    });
  } catch (thrown) {
    if (thrown instanceof CoinsShort) return undefined;
    throw thrown;
  }
}
