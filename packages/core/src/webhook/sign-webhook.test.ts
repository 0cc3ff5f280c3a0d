import { readFileSync } from "node:fs";
import { join } from "node:path";

import { z } from "zod";

import { formatWebhookSecret, webhookHeaders } from "./sign-webhook";

/** Made with node:crypto; the first is the example that the specification publishes. */
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
  .parse(JSON.parse(readFileSync(join(__dirname, "../../test-vectors/webhooks.vectors.json"), "utf8")));

describe("the headers of a webhook", () => {
  it.each(vectors.map((vector) => [vector.name, vector] as const))("sign %s as Standard Webhooks does", (_, vector) => {
    const { id, timestamp, body, secret, signature } = vector;
    expect(webhookHeaders({ id, timestampSeconds: timestamp, body }, [secret])).toEqual({
      "webhook-id": id,
      "webhook-timestamp": String(timestamp),
      "webhook-signature": signature,
    });
  });

  it("carry one signature per secret, so that a receiver may know either", () => {
    const message = { id: "evt_1", timestampSeconds: 1_800_000_000, body: "{}" };
    const secrets = [1, 2].map((fill) => formatWebhookSecret(new Uint8Array(32).fill(fill)));
    const alone = secrets.map((secret) => webhookHeaders(message, [secret])["webhook-signature"]);
    expect(webhookHeaders(message, secrets)["webhook-signature"]).toBe(alone.join(" "));
  });
});
