import { readFileSync } from "node:fs";
import path from "node:path";

import { z } from "zod";

import { VerificationError } from "./errors.js";
import { verifyWebhook } from "./webhooks.js";

/** The gateway's own vectors, read as data; the first is the example that Standard Webhooks publishes. */
const file = path.join(__dirname, "../../core/test-vectors/webhooks.vectors.json");
const { vectors } = z
  .object({
    vectors: z.array(
      z.object({
        name: z.string(),
        secret: z.string(),
        id: z.string(),
        timestamp: z.int(),
        body: z.string(),
        signature: z.string(),
      }),
    ),
  })
  .parse(JSON.parse(readFileSync(file, "utf8")));

type Vector = (typeof vectors)[number];

const event = vectors.find(({ name }) => name === "an event");
if (event === undefined) throw new Error("the vectors have no event");
const other = vectors.find(({ name }) => name === "an empty body")?.secret ?? "";

const headersOf = ({ id, timestamp, signature }: Vector, over: Readonly<Record<string, string>> = {}) => ({
  "webhook-id": id,
  "webhook-timestamp": String(timestamp),
  "webhook-signature": signature,
  ...over,
});
const at = (vector: Vector, offset = 0) => ({ now: vector.timestamp + offset });

function reasonOf(act: () => unknown): string {
  try {
    act();
  } catch (thrown) {
    if (thrown instanceof VerificationError) return thrown.reason;
    throw thrown;
  }
  return "verified";
}

describe("a delivery of the gateway", () => {
  it("is the event that was signed, with its id", () => {
    expect(verifyWebhook(event.body, headersOf(event), event.secret, at(event))).toEqual({
      id: event.id,
      ...(JSON.parse(event.body) as object),
    });
  });

  it.each(vectors.map((vector) => [vector.name, vector] as const))(
    "is told from a forgery over the same bytes as the gateway signs: %s",
    (_, vector) => {
      // What is signed and no event gets as far as its body; what is not signed does not.
      const verdict = (secret: string) =>
        reasonOf(() => verifyWebhook(Buffer.from(vector.body), headersOf(vector), secret, at(vector)));
      expect(["verified", "payload"]).toContain(verdict(vector.secret));
      expect(verdict(vector.secret === other ? event.secret : other)).toBe("signature");
    },
  );

  it("is read from the headers of fetch, of Node, and however their names are written", () => {
    const headers = headersOf(event);
    const upper = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), [value]]));
    for (const form of [headers, new Headers(headers), upper])
      expect(verifyWebhook(event.body, form, event.secret, at(event)).id).toBe(event.id);
  });

  it("is accepted under either secret while one is being changed", () => {
    const both = [other, event.secret];
    expect(verifyWebhook(event.body, headersOf(event), both, at(event)).id).toBe(event.id);
    const wrong = `v1,${Buffer.alloc(32).toString("base64")}`;
    const signatures = { "webhook-signature": `${wrong} v1a,abc ${event.signature}` };
    expect(verifyWebhook(event.body, headersOf(event, signatures), event.secret, at(event)).id).toBe(event.id);
  });

  it("is accepted within five minutes of its time, either way, and not beyond", () => {
    const verdict = (offset: number, toleranceSeconds?: number) =>
      reasonOf(() =>
        verifyWebhook(event.body, headersOf(event), event.secret, {
          ...at(event, offset),
          ...(toleranceSeconds !== undefined && { toleranceSeconds }),
        }),
      );
    expect([-300, 0, 300].map((offset) => verdict(offset))).toEqual(["verified", "verified", "verified"]);
    expect([-301, 301].map((offset) => verdict(offset))).toEqual(["stale", "stale"]);
    expect(verdict(11, 10)).toBe("stale");
  });

  it.each([
    ["another body", { body: event.body.replace('"amount":1', '"amount":2') }],
    ["a body that was parsed and written again", { body: JSON.stringify(JSON.parse(event.body), null, 1) }],
    ["another id", { headers: { "webhook-id": "evt_other" } }],
    ["another time", { headers: { "webhook-timestamp": String(event.timestamp + 1) } }],
    ["no signature", { headers: { "webhook-signature": "" } }],
    ["another version of the signature", { headers: { "webhook-signature": event.signature.replace("v1,", "v2,") } }],
    ["half a signature", { headers: { "webhook-signature": event.signature.slice(0, 20) } }],
    ["no id", { headers: { "webhook-id": "" } }],
  ] as const)("is refused with %s", (_, change: { body?: string; headers?: Readonly<Record<string, string>> }) => {
    const verdict = reasonOf(() =>
      verifyWebhook(change.body ?? event.body, headersOf(event, change.headers), event.secret, at(event)),
    );
    expect(verdict).toBe("signature");
  });

  it("is never checked against nothing: a missing or foreign secret is the caller's mistake", () => {
    expect(() => verifyWebhook(event.body, headersOf(event), [], at(event))).toThrow(TypeError);
    expect(() => verifyWebhook(event.body, headersOf(event), "secret", at(event))).toThrow(TypeError);
  });
});
