import { AppError } from "@arkrelay/core/errors";

/** What a daemon called its refusal (`daemon_name`); undefined for every other error. */
export function rejectionName(thrown: unknown): string | undefined {
  if (!(thrown instanceof AppError) || thrown.code !== "daemon_rejected") return undefined;
  const name = thrown.details?.["daemon_name"];
  return typeof name === "string" ? name : undefined;
}
