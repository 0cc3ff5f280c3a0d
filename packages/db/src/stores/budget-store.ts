import type { BudgetStore } from "@arkrelay/core/ports/lightning-stores";
import type { Tx } from "@arkrelay/core/ports/transactions";

import { readBigint } from "../row";
import { connectionOf } from "../transactions";

/** daily_budgets. */
export class DrizzleBudgetStore implements BudgetStore {
  async reserve(
    tx: Tx,
    budget: { readonly name: string; readonly day: string; readonly limit: bigint; readonly wanted: bigint },
  ): Promise<bigint> {
    const connection = connectionOf(tx);
    // Makes the row of the day and locks it, in one statement: nobody can take the rest between the read and the write.
    await connection.write(
      "INSERT INTO daily_budgets (name, day, used) VALUES (?, ?, 0) ON DUPLICATE KEY UPDATE used = used",
      [budget.name, budget.day],
    );
    const [row] = await connection.select("SELECT used FROM daily_budgets WHERE name = ? AND day = ? FOR UPDATE", [
      budget.name,
      budget.day,
    ]);
    const left = budget.limit - readBigint(row ?? {}, "used");
    const taken = budget.wanted < left ? budget.wanted : left;
    if (taken <= 0n) return 0n;
    await connection.write("UPDATE daily_budgets SET used = used + ? WHERE name = ? AND day = ?", [
      taken,
      budget.name,
      budget.day,
    ]);
    return taken;
  }

  async giveBack(
    tx: Tx,
    budget: { readonly name: string; readonly day: string; readonly amount: bigint },
  ): Promise<void> {
    if (budget.amount <= 0n) return;
    await connectionOf(tx).write("UPDATE daily_budgets SET used = GREATEST(used - ?, 0) WHERE name = ? AND day = ?", [
      budget.amount,
      budget.name,
      budget.day,
    ]);
  }
}
