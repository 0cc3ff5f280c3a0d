import { AppError } from "../errors";
import { collectInputs } from "./collect-inputs";
import { confirmSettlement } from "./confirm-settlement";
import { registerSettlement } from "./register-settlement";
import type { SettlementDeps, SettlementProgress, SettlementTurn } from "./settlement-deps";
import { startSettlement } from "./start-settlement";

/** A settlement takes a few turns; more than this means that steps undo each other. */
const TURNS_MAX = 20;

type Ended = Exclude<SettlementProgress, { readonly kind: "moved" }>;

/**
 * Goes on with the settlement that is under way, or begins one, as far as it goes. It can be killed anywhere and run again, by another
 * job too: one job drives it at a time, and what it does is read from its row. Throws the AppError of a step that should be tried again.
 */
export async function driveSettlement(deps: SettlementDeps, turn: SettlementTurn): Promise<Ended> {
  let isOurs = false;
  let batchId: string | undefined;
  for (let count = 0; count < TURNS_MAX; count++) {
    turn.signal.throwIfAborted();
    const progress = await takeStep(deps, turn, { isOurs, batchId });
    if (progress.kind !== "moved") return progress;
    isOurs = true;
    batchId = (await deps.settlements.findLive())?.batchId ?? batchId;
  }
  throw new AppError("internal_error", { internal: `settlement ${batchId} does not settle` });
}

async function takeStep(
  deps: SettlementDeps,
  turn: SettlementTurn,
  { isOurs, batchId }: { readonly isOurs: boolean; readonly batchId: string | undefined },
): Promise<SettlementProgress> {
  const settlement = await deps.settlements.findLive();
  if (settlement === undefined) {
    // What this run has driven to its end needs no other one behind it.
    if (isOurs) return { kind: "done", why: "The VTXOs are renewed", ...(batchId !== undefined && { batchId }) };
    return startSettlement(deps, turn);
  }
  const hasClaimed = await deps.transactions.run(async (tx) => {
    await turn.guard(tx);
    return deps.settlements.claim(tx, settlement, turn.jobId);
  });
  if (!hasClaimed) return { kind: "done", why: "Another run is at it", batchId: settlement.batchId };
  switch (settlement.status) {
    case "collecting":
      return collectInputs(deps, settlement, turn);
    case "registering":
      return registerSettlement(deps, settlement, turn);
    case "committed":
      return confirmSettlement(deps, settlement, turn);
    default:
      throw new AppError("internal_error", { internal: `settlement ${settlement.batchId} has ended and is live` });
  }
}
