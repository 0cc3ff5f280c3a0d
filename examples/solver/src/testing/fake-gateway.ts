import { z } from "zod";

const submission = z.looseObject({
  intent_data: z.looseObject({
    batch_id: z.string(),
    intents: z.array(z.looseObject({ id: z.string(), pubkey: z.string(), content: z.string() })),
    allocations: z.array(z.looseObject({ receive: z.array(z.looseObject({ amount: z.int() })) })).optional(),
    expires_at: z.int(),
  }),
});
export type Submission = z.infer<typeof submission>["intent_data"];

/** What the gateway does with the next batches, one after the other; `settle` when nothing is said. */
export type Behaviour = "settle" | "fail" | "refuse" | "lose_answer";

/** The gateway's routes that a solver calls, as `fetchImpl` of a client. It settles batches by itself: nobody is asked to sign. */
export class FakeGateway {
  /** Every submission that arrived, repeated ones included. */
  readonly submissions: Submission[] = [];
  readonly behaviours: Behaviour[] = [];
  /** Called when a submission arrives. */
  onSubmit: () => void = () => undefined;
  readonly #ends = new Map<string, "completed" | "failed">();

  readonly fetch: typeof fetch = async (input, init) => {
    const { pathname } = new URL(input instanceof Request ? input.url : input);
    if (pathname === "/sessions/create") return this.#submit(await new Response(init?.body).text());
    const [, sessionId = ""] = /^\/signing\/ceremony\/(.+)\/status$/.exec(pathname) ?? [];
    if (sessionId === "") return problem(pathname.endsWith("/challenge") ? 409 : 404, "wrong_state");
    const session_status = this.#ends.get(sessionId.replace("session-", "")) ?? "initiated";
    const error = session_status === "failed" ? { error_code: "batch_invalid" } : { txid: "7e".repeat(32) };
    return json(200, { session_id: sessionId, session_status, ...error });
  };

  #submit(body: string): Response {
    const { intent_data: batch } = submission.parse(JSON.parse(body));
    this.submissions.push(batch);
    this.onSubmit();
    const { batch_id, expires_at } = batch;
    const isKnown = this.#ends.has(batch_id);
    const behaviour = isKnown ? "settle" : (this.behaviours.shift() ?? "settle");
    if (behaviour === "refuse") return problem(422, "insufficient_balance");
    if (!isKnown) this.#ends.set(batch_id, behaviour === "fail" ? "failed" : "completed");
    if (behaviour === "lose_answer") throw new TypeError("connection reset");
    const members = batch.intents.map(({ content }, index) => ({
      action_id: z.looseObject({ action_id: z.string() }).parse(JSON.parse(content)).action_id,
      session_id: index === 1 ? `session-${batch_id}` : "session-of-the-user",
    }));
    const time = new Date(expires_at * 1_000).toISOString();
    const session = {
      session_id: `session-${batch_id}`,
      user_pubkey: "",
      session_type: "atomic_swap",
      intent_data: {},
    };
    return json(201, { ...session, status: "initiated", expires_at: time, created_at: time, batch_id, members });
  }
}

function json(status: number, body: unknown): Response {
  return new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } });
}

function problem(status: number, code: string): Response {
  return json(status, { status, code, detail: code, retryable: false });
}
