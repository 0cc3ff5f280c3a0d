import type { Transactions } from "@arkrelay/core/ports/transactions";
import type { CeremonyDeps } from "@arkrelay/core/session/session-deps";

import { Crash } from "./crash";

/** Where a process dies: at its n-th commit or its n-th call of a daemon, before or after that took effect. */
export interface Death {
  readonly crashAt: number | null;
  readonly after: boolean;
  /** `commit` unless told. */
  readonly at?: "commit" | "call";
}

/** These dependencies as a process sees them that dies at some point: from then on it reaches neither database nor daemons. */
export function mortalDeps<
  Deps extends Pick<CeremonyDeps, "transactions" | "arkd"> & {
    readonly lightning?: object | undefined;
    readonly tapd?: object | undefined;
  },
>(deps: Deps, { crashAt, after, at = "commit" }: Death): Deps {
  const { transactions: real } = deps;
  let passed = 0;
  let isDead = false;
  const live = async <T>(kind: "commit" | "call", act: () => Promise<T>): Promise<T> => {
    if (isDead) throw new Crash();
    const dies = kind === at && passed++ === crashAt;
    isDead = dies;
    if (dies && !after) throw new Crash();
    const result = await act();
    if (dies) throw new Crash();
    return result;
  };
  const transactions: Transactions = {
    savepoint: (tx, work) => real.savepoint(tx, work),
    afterEnd: (tx, work) => real.afterEnd(tx, work),
    run: (work) => live("commit", () => real.run(work)),
  };
  const call = <T>(act: () => Promise<T>): Promise<T> => live("call", act);
  const lightning = deps.lightning && reachable(deps.lightning, call);
  const tapd = deps.tapd && reachable(deps.tapd, call);
  return {
    ...deps,
    transactions,
    arkd: reachable(deps.arkd, call),
    ...(lightning !== undefined && { lightning }),
    ...(tapd !== undefined && { tapd }),
  };
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
