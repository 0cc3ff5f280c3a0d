import { PassThrough } from "node:stream";

import { withLogContext } from "./log-context";
import { createLogger } from "./logger";

async function linesOf(write: (logger: ReturnType<typeof createLogger>) => void): Promise<Record<string, unknown>[]> {
  const stream = new PassThrough();
  const chunks: string[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk.toString()));
  const logger = createLogger({ service: "api", level: "info", format: "json", stream });
  write(logger);
  await logger.close();
  const text = chunks.join("").trim();
  return text === "" ? [] : text.split("\n").map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe("a log line", () => {
  it("carries the ids of the work it belongs to, nested ones added", async () => {
    const [line] = await linesOf((logger) => {
      withLogContext({ requestId: "r1" }, () =>
        withLogContext({ jobId: "j1" }, () => logger.forModule("queue").info("enqueued", { count: 2 })),
      );
    });
    expect(line).toMatchObject({
      level: "info",
      logger: "api",
      module: "queue",
      message: "enqueued",
      request_id: "r1",
      job_id: "j1",
      count: 2,
    });
  });

  it("hides secrets by the name of their field, however it is spelt", async () => {
    const fields = {
      "X-Admin-Key": "s1",
      nostrPrivateKey: "s2",
      macaroon_hex: "s3",
      nested: { preimage: "s4", list: [{ api_key: "s5" }] },
      authorization: "s6",
      GATEWAY_WALLET_SEED: "s7",
    };
    const [line] = await linesOf((logger) => logger.info("x", fields));
    expect(JSON.stringify(line)).not.toMatch(/"s\d"/);
  });

  it("hides secrets by their form, in messages, fields and errors", async () => {
    const nsec = `nsec1${"q".repeat(58)}`;
    const apiKey = "ark_abc_0123456789abcdef";
    const [line] = await linesOf((logger) => {
      const error = new Error(`connect mysql://app:geheim@db failed`, { cause: new Error(`Bearer ${apiKey}`) });
      logger.error(`key ${nsec}`, { note: `Authorization: Nostr ${"eyJ".repeat(20)}`, error });
    });
    const text = JSON.stringify(line);
    for (const secret of [nsec, apiKey, "geheim", "eyJeyJeyJ"]) expect(text).not.toContain(secret);
    expect(text).toContain("mysql://app:[redacted]@db");
  });

  it("keeps amounts exact, bytes out, and an error's code and cause", async () => {
    const error = Object.assign(new Error("outer", { cause: new Error("inner") }), { code: "E1" });
    const [line] = await linesOf((logger) =>
      logger.warn("x", { sats: 9007199254740993n, raw: Buffer.alloc(3), error }),
    );
    expect(line).toMatchObject({
      sats: "9007199254740993",
      raw: "[3 bytes]",
      error: { message: "outer", code: "E1", cause: { message: "inner" } },
    });
  });

  it("below the level is not written", async () => {
    expect(await linesOf((logger) => logger.debug("quiet"))).toEqual([]);
  });
});
