import { z } from "zod";

/** Port of a listening server; it has none before and after. */
export function portOf(server: { address(): unknown }): number {
  return z.looseObject({ port: z.int() }).parse(server.address()).port;
}

export const eventSchema = z.object({
  id: z.string(),
  pubkey: z.string(),
  created_at: z.int(),
  kind: z.int(),
  tags: z.array(z.array(z.string())),
  content: z.string(),
  sig: z.string(),
});

const words = z.array(z.string()).optional();
/** The fields of a filter the fake relay looks at. */
export const filterSchema = z.looseObject({
  kinds: z.array(z.int()).optional(),
  authors: words,
  ids: words,
  since: z.int().optional(),
});

export type ReceivedFilter = z.infer<typeof filterSchema>;
