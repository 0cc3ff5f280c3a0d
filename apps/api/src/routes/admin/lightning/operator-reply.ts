import type { JobChange } from "@arkrelay/core/jobs/job";

type Plan = Readonly<Record<string, unknown>>;

/** Nothing was done: the plan is for the operator to read. */
export function planned(plan: Plan) {
  return {
    status: 200 as const,
    body: { message: "Nothing was done (dry run)", dry_run: true as const, plan: { ...plan } },
  };
}

export function started({ jobId, wakes }: JobChange, plan: Plan, message: string) {
  return {
    status: 202 as const,
    body: { message, job_id: jobId, dry_run: false as const, plan: { ...plan } },
    headers: { location: `/jobs/${jobId}` },
    wakes,
  };
}

export function toRate(satPerVbyte: number | undefined): bigint | undefined {
  return satPerVbyte === undefined ? undefined : BigInt(satPerVbyte);
}
