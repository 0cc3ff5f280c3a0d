/** What a step did: moved the session on, or found nothing to do before `until` (undefined = until somebody wakes it). */
export type StepOutcome = { readonly kind: "moved" } | { readonly kind: "wait"; readonly until: Date | undefined };

export const MOVED: StepOutcome = { kind: "moved" };
