import type { LightningDeps } from "@arkrelay/core/lightning/lightning-deps";
import type { Transactions } from "@arkrelay/core/ports/transactions";

import { Crash } from "./crash-process";

/** Where a process dies: at its n-th commit, before or after it took effect. */
export interface Death {
  readonly crashAt: number | null;
  readonly after: boolean;
}

/** These dependencies as a process sees them that dies at some commit: from then on it reaches neither database nor daemons. */
export function mortalDeps(deps: LightningDeps, { crashAt, after }: Death): LightningDeps {
  const { transactions: real } = deps;
  let commits = 0;
  let isDead = false;
  const live = <T>(act: () => Promise<T>): Promise<T> => (isDead ? Promise.reject(new Crash()) : act());
  const transactions: Transactions = {
    savepoint: (tx, work) => real.savepoint(tx, work),
    afterEnd: (tx, work) => real.afterEnd(tx, work),
    run: (work) =>
      live(async () => {
        const dies = commits++ === crashAt;
        isDead = dies;
        if (dies && !after) throw new Crash();
        const result = await real.run(work);
        if (dies) throw new Crash();
        return result;
      }),
  };
  return { ...deps, transactions, arkd: reachable(deps.arkd, live), lightning: reachable(deps.lightning, live) };
}

/** A daemon that a dead process no longer reaches. */
function reachable<T extends object>(daemon: T, live: <R>(act: () => Promise<R>) => Promise<R>): T {
  return new Proxy(daemon, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      return (...args: unknown[]) => live(() => Promise.resolve(Reflect.apply(member, target, args)));
    },
  });
}
