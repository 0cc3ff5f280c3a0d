import type { Wake } from "../ports/waker";
import type { Session } from "../session/session";

/**
 * What a step did: moved the session on, or found nothing to do before `until` (undefined = until somebody wakes it). A step
 * after which nobody else can have anything to write tells the session as it left it, which saves reading it again. `wakes` are other
 * rows that became runnable with it.
 */
export type StepOutcome =
  | { readonly kind: "moved"; readonly session?: Session; readonly wakes?: readonly Wake[] }
  | { readonly kind: "wait"; readonly until: Date | undefined };

export const MOVED: StepOutcome = { kind: "moved" };
