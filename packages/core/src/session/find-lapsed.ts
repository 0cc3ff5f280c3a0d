import type { Tx } from "../ports/transactions";
import type { Challenge } from "./challenge";
import { readMembers } from "./members";
import type { Session } from "./session";
import type { SessionDeps } from "./session-deps";

/** An open challenge of any member that ran out; one over checkpoints never does. The head was locked before. */
export async function findLapsed(deps: SessionDeps, tx: Tx, head: Session): Promise<Challenge | undefined> {
  for (const { id } of await readMembers(deps, head)) {
    const open = await deps.challenges.findOpen(tx, id);
    if (open !== undefined && open.stage !== "checkpoint_txs" && open.expiresAt <= deps.clock.now()) return open;
  }
  return undefined;
}
