import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

export interface ReceivedCall {
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
  /** Number of the connection it came over. */
  readonly connection: number;
}

type Answer = (res: ServerResponse, call: ReceivedCall) => void;

const OK: Answer = (res) => res.writeHead(204).end();

/** A solver's receiver on loopback that can be made slow, wrong or gone; it keeps what it was sent. */
export async function openWebhookReceiver() {
  const calls: ReceivedCall[] = [];
  const watchers = new Set<() => void>();
  const connections = new Map<Socket, number>();
  let answer = OK;
  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on("data", (chunk: Buffer) => chunks.push(chunk));
    req.on("end", () => {
      const call = {
        path: req.url ?? "",
        headers: req.headers,
        body: Buffer.concat(chunks).toString("utf8"),
        connection: connections.get(req.socket) ?? 0,
      };
      calls.push(call);
      answer(res, call);
      for (const watch of watchers) watch();
    });
  });
  server.on("connection", (socket: Socket) => connections.set(socket, connections.size + 1));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;

  return {
    calls,
    port,
    url: `http://127.0.0.1:${String(port)}/hooks`,
    /** How it answers from now on. */
    answers: (how: Answer): void => void (answer = how),
    answersWith: (status: number, body = "", headers: Readonly<Record<string, string>> = {}): void => {
      answer = (res) => res.writeHead(status, headers).end(body);
    },
    /** Resolves when that many calls have come. */
    until: (count: number): Promise<void> =>
      new Promise((resolve) => {
        const watch = (): void => {
          if (calls.length < count) return;
          watchers.delete(watch);
          resolve();
        };
        watchers.add(watch);
        watch();
      }),
    types: (): readonly string[] => calls.map(({ body }) => (JSON.parse(body) as { type: string }).type),
    close: async (): Promise<void> => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

export type WebhookReceiver = Awaited<ReturnType<typeof openWebhookReceiver>>;
