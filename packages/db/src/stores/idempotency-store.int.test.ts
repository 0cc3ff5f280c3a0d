import { AppError } from "@arkrelay/core/errors";
import type { Tx } from "@arkrelay/core/ports/transactions";
import { createSealer } from "@arkrelay/runtime/sealing";

import { readText } from "../row";
import { openTestDatabase, type TestDatabase } from "../testing/test-database";
import { addCounters, sumCounters } from "./counter-store";
import { createIdempotency, type Idempotency, type StoredAnswer } from "./idempotency-store";

let test: TestDatabase;
beforeAll(async () => {
  test = await openTestDatabase({ poolSize: 20 });
});
afterAll(() => test.close());
beforeEach(() => test.empty());

/** Each is like a process of its own: it shares only the database with the others. */
function aProcess(): Idempotency {
  const sealer = createSealer({ key: Buffer.alloc(32, 7) });
  return createIdempotency({ database: test.database, sealer, ttlMs: 60_000 });
}

const call = { principal: "key:1", route: "post /things", key: "k1", bodySha256: "b1" };
const answer = (text: string): StoredAnswer => ({
  status: 202,
  body: JSON.stringify({ text }),
  headers: { location: "/x" },
});
const toAnswer = (error: AppError): StoredAnswer => ({
  status: 409,
  body: JSON.stringify({ code: error.code }),
  headers: {},
});

const effect = async (tx: Tx) => addCounters(tx, [{ scope: "effect", subject: "", name: "n", n: 1 }]);
const effects = async () => (await sumCounters(test.database, "effect"))[0]?.n ?? 0;

const succeed = (text: string) => ({
  handle: async (tx: Tx) => {
    await effect(tx);
    return { answer: answer(text), wakes: ["w"] };
  },
});

const refuse = (error: AppError) => ({
  handle: async (tx: Tx) => {
    await effect(tx);
    throw error;
  },
});

describe("an Idempotency-Key", () => {
  it("gives the stored answer to the same call, with one effect and no wakes the second time", async () => {
    const first = await aProcess().run(call, succeed("one"), toAnswer);
    expect(first).toEqual({ kind: "handled", result: { answer: answer("one"), wakes: ["w"] } });
    const second = await aProcess().run(call, succeed("two"), toAnswer);
    expect(second).toEqual({ kind: "replayed", answer: answer("one") });
    expect(await effects()).toBe(1);
  });

  it("has one effect when many send it at once, in one process and in several", async () => {
    const processes = [aProcess(), aProcess()];
    const runs = Array.from({ length: 8 }, (_, i) =>
      (processes[i % 2] as Idempotency).run(call, succeed(`${i}`), toAnswer),
    );
    const results = await Promise.allSettled(runs);
    const kinds = results.map((result) =>
      result.status === "fulfilled" ? result.value.kind : (result.reason as AppError).code,
    );
    expect(kinds.filter((kind) => kind === "handled")).toHaveLength(1);
    expect(kinds.filter((kind) => !["handled", "replayed", "idempotency_in_progress"].includes(kind))).toEqual([]);
    expect(await effects()).toBe(1);
  });

  it("answers 409 with Retry-After while another process works on it, without waiting for its end", async () => {
    let finish: () => void = () => undefined;
    let isIn: () => void = () => undefined;
    const inside = new Promise<void>((resolve) => (isIn = resolve));
    const held = new Promise<void>((resolve) => (finish = resolve));
    const first = aProcess().run(
      call,
      {
        handle: async (tx) => {
          isIn();
          await held;
          return succeed("one").handle(tx);
        },
      },
      toAnswer,
    );
    await inside;
    await expect(aProcess().run(call, succeed("two"), toAnswer)).rejects.toMatchObject({
      code: "idempotency_in_progress",
      retryAfterSeconds: 1,
    });
    finish();
    expect((await first).kind).toBe("handled");
    expect(await effects()).toBe(1);
  });

  it("refuses another body, and is another key for another principal or route", async () => {
    await aProcess().run(call, succeed("one"), toAnswer);
    await expect(aProcess().run({ ...call, bodySha256: "b2" }, succeed("two"), toAnswer)).rejects.toMatchObject({
      code: "idempotency_mismatch",
    });
    expect((await aProcess().run({ ...call, principal: "key:2" }, succeed("three"), toAnswer)).kind).toBe("handled");
    expect((await aProcess().run({ ...call, route: "post /others" }, succeed("four"), toAnswer)).kind).toBe("handled");
  });

  it("stores a final refusal and undoes what the handler wrote before it", async () => {
    const refusal = refuse(new AppError("wrong_state"));
    const refused = { status: 409, body: '{"code":"wrong_state"}', headers: {} };
    expect(await aProcess().run(call, refusal, toAnswer)).toEqual({ kind: "refused", answer: refused });
    expect(await aProcess().run(call, succeed("late"), toAnswer)).toEqual({ kind: "replayed", answer: refused });
    expect(await effects()).toBe(0);
  });

  it.each(["vtxo_locked", "forbidden", "internal_error", "database_unavailable", "daemon_rejected"] as const)(
    "is free again after %s, which the same call need not meet twice",
    async (code) => {
      await expect(aProcess().run(call, refuse(new AppError(code)), toAnswer)).rejects.toMatchObject({ code });
      expect((await aProcess().run(call, succeed("again"), toAnswer)).kind).toBe("handled");
      expect(await effects()).toBe(1);
    },
  );

  it("is free again after it expired", async () => {
    await aProcess().run(call, succeed("one"), toAnswer);
    await test.database.write("UPDATE idempotency_keys SET expires_at = NOW(3) - INTERVAL 1 SECOND");
    expect((await aProcess().run({ ...call, bodySha256: "b2" }, succeed("two"), toAnswer)).kind).toBe("handled");
  });

  describe("of a call that prepares itself", () => {
    const prepared: string[] = [];
    const prepare = (text: string) => () => {
      prepared.push(text);
      return Promise.resolve();
    };
    beforeEach(() => void prepared.splice(0));

    it("prepares before any transaction holds the key, so that nobody waits for it", async () => {
      const other = { ...succeed("two"), prepare: prepare("two") };
      const first = await aProcess().run(
        call,
        {
          ...succeed("one"),
          prepare: async () => {
            expect((await aProcess().run(call, other, toAnswer)).kind).toBe("handled");
          },
        },
        toAnswer,
      );
      expect(first).toEqual({ kind: "replayed", answer: answer("two") });
      expect(await effects()).toBe(1);
    });

    it("prepares once for one effect, and not at all for a stored answer or another body", async () => {
      const work = { ...succeed("one"), prepare: prepare("one") };
      await aProcess().run(call, work, toAnswer);
      expect((await aProcess().run(call, work, toAnswer)).kind).toBe("replayed");
      const mismatch = aProcess().run({ ...call, bodySha256: "b2" }, work, toAnswer);
      await expect(mismatch).rejects.toMatchObject({ code: "idempotency_mismatch" });
      expect(prepared).toEqual(["one"]);
    });

    it("prepares once for calls at once in one process", async () => {
      const process = aProcess();
      const work = { ...succeed("one"), prepare: prepare("one") };
      await Promise.all(Array.from({ length: 4 }, () => process.run(call, work, toAnswer)));
      expect(prepared).toEqual(["one"]);
    });

    it("stores a final refusal of the preparation like the handler's, and releases the key after any other", async () => {
      const refuseAs = (code: "not_found" | "daemon_unavailable") => ({
        ...succeed("never"),
        prepare: () => Promise.reject(new AppError(code)),
      });
      const away = aProcess().run(call, refuseAs("daemon_unavailable"), toAnswer);
      await expect(away).rejects.toMatchObject({ code: "daemon_unavailable" });
      const refused = { status: 409, body: '{"code":"not_found"}', headers: {} };
      expect(await aProcess().run(call, refuseAs("not_found"), toAnswer)).toEqual({ kind: "refused", answer: refused });
      expect(await aProcess().run(call, succeed("late"), toAnswer)).toEqual({ kind: "replayed", answer: refused });
      expect(await effects()).toBe(0);
    });
  });

  it("keeps the stored answer unreadable in the database", async () => {
    await aProcess().run(call, succeed("top secret"), toAnswer);
    const [row] = await test.database.select("SELECT response_body FROM idempotency_keys");
    expect(row === undefined ? "" : readText(row, "response_body")).not.toContain("secret");
  });
});
