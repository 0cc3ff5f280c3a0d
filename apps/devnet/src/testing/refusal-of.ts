import type { ServiceError, status } from "@grpc/grpc-js";

import { AppError } from "@arkrelay/core/errors";

export interface Refusal {
  /** Of our error table. */
  readonly code: string;
  /** `daemon_name`, or `reason`. */
  readonly name: unknown;
  /** As the daemon said it. */
  readonly status: status | undefined;
  readonly text: string;
}

/** What a call of a gateway's client ended with, and what the daemon had said. */
export async function refusalOf(work: Promise<unknown>): Promise<Refusal> {
  try {
    await work;
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    const { code, details, cause } = thrown;
    return {
      code,
      name: details?.["daemon_name"] ?? details?.["reason"],
      status: isServiceError(cause) ? cause.code : undefined,
      text: isServiceError(cause) ? cause.details : "",
    };
  }
  throw new Error("nothing was refused");
}

function isServiceError(thrown: unknown): thrown is ServiceError {
  return thrown instanceof Error && "code" in thrown && "details" in thrown && typeof thrown.details === "string";
}
