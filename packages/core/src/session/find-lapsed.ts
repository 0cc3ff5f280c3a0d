import type { Tx } from "../ports/transactions";
import type { Challenge } from "./challenge";
import { readMembers } from "./members";
import type { Session } from "./session";
import type { SessionDeps } from "./session-deps";

/** An open challenge 1 of any member that ran out. The head was locked before. */
export async function findLapsed(deps: SessionDeps, tx: Tx, head: Session): Promise<Challenge | undefined> {
  for (const { id } of await readMembers(deps, head)) {
    const open = await deps.challenges.findOpen(tx, id);
    if (open !== undefined && open.stage === "ark_tx" && open.expiresAt <= deps.clock.now()) return open;
  }
  return undefined;
}
