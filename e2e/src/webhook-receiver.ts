import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { verifyWebhook, type WebhookEvent } from "@arkrelay/sdk/webhooks";

/** A solver's receiver on loopback: keeps what it could verify, and what it could not. */
export async function openReceiver() {
  const events: WebhookEvent[] = [];
  const forged: unknown[] = [];
  let secret = "";
  let refuses: (event: WebhookEvent) => boolean = () => false;
  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on("data", (chunk: Buffer) => chunks.push(chunk));
    req.on("end", () => {
      try {
        const event = verifyWebhook(Buffer.concat(chunks), req.headers, secret);
        events.push(event);
        res.writeHead(refuses(event) ? 503 : 204).end();
      } catch (error) {
        forged.push(error);
        res.writeHead(400).end();
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hooks`,
    /** Every call that was verified, repetitions too. */
    events,
    forged,
    /** Each event once, as a solver handles them. */
    handled: (): readonly WebhookEvent[] => [...new Map(events.map((event) => [event.id, event])).values()],
    verifyWith: (value: string): void => void (secret = value),
    refuseWhen: (condition: (event: WebhookEvent) => boolean): void => void (refuses = condition),
    close: async (): Promise<void> => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

export type Receiver = Awaited<ReturnType<typeof openReceiver>>;
