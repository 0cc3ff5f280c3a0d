import { z } from "zod";

/** RFC 9457 problem document: the body of every answer that is not a success (`GET /health` and `/ready` aside). */
export const Problem = z
  .object({
    type: z.url().meta({ example: "https://arkrelay.dev/errors/vtxo_locked" }),
    title: z.string(),
    status: z.int(),
    detail: z.string().meta({ description: "For people; never an exception text." }),
    instance: z.string().meta({ description: "Path of the call." }),
    code: z.string().meta({ description: "Stable; switch on this.", example: "vtxo_locked" }),
    request_id: z.string(),
    retryable: z.boolean().meta({ description: "true: repeat with the same Idempotency-Key after Retry-After." }),
    errors: z.array(z.object({ path: z.string(), code: z.string(), message: z.string() })),
    error: z.string().meta({ description: "Same text as `detail`, for older clients." }),
    nostr_code: z.int().optional(),
    details: z.record(z.string(), z.unknown()).optional(),
  })
  .meta({ id: "Problem" });

export type Problem = z.output<typeof Problem>;
