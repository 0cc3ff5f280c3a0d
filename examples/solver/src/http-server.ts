import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";

import { z } from "zod";

import { GatewayClientError } from "@arkrelay/sdk/errors";
import { intentSchema } from "@arkrelay/sdk/event-schemas";
import { verifyEvent } from "@arkrelay/sdk/nostr-utils";

import { decideOrder } from "./decide-order.js";
import { quoteTrade } from "./pool.js";
import { readOrder, type Terms } from "./read-order.js";
import type { SolverFile } from "./solver-file.js";
import type { Solver } from "./solver.js";

export interface HttpOptions {
  readonly solver: Pick<Solver, "reserves">;
  readonly terms: Terms;
  readonly file: SolverFile;
  readonly port: number;
  /** Serve /simulate/*; for development only. */
  readonly canSimulate: boolean;
}

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

const BODY_BYTES_MAX = 64 * 1024;
const HEX64 = /^[0-9a-f]{64}$/;
const event = z.object({
  id: z.string(),
  pubkey: z.string(),
  created_at: z.int(),
  kind: z.int(),
  tags: z.array(z.array(z.string())),
  content: z.string(),
  sig: z.string(),
});

/** Serves the pool's price and the state of orders on loopback. Port 0 = any free one. */
export async function startHttpServer(options: HttpOptions): Promise<Server> {
  const server = createServer((req, res) => {
    void answer(req, options)
      .catch(toProblem)
      .then((reply) => send(res, reply));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, "127.0.0.1", resolve);
  });
  return server;
}

async function answer(req: IncomingMessage, options: HttpOptions): Promise<Answer> {
  const { pathname, searchParams } = new URL(req.url ?? "/", "http://solver");
  const route = `${req.method} ${pathname}`;
  const { file } = options;
  if (route === "GET /health") return { status: 200, body: { status: "ok", swaps: file.countByStatus() } };
  if (route === "GET /pool") return { status: 200, body: await pool(options) };
  if (route === "GET /quote") return quote(options, searchParams);
  if (req.method === "GET" && pathname.startsWith("/swaps/")) return swapOf(file, pathname.slice("/swaps/".length));
  if (options.canSimulate && route === "POST /simulate/intent") return simulate(options, await readBody(req));
  return problem(404, "not_found");
}

async function pool({ solver, terms }: HttpOptions): Promise<Readonly<Record<string, unknown>>> {
  const { sats, units } = await solver.reserves();
  const { poolId: pool_id, assetId: asset_id, solverPubkey: solver_id } = terms;
  const reserves = { gBTC: Number(sats), [asset_id]: Number(units) };
  return { pool_id, asset_id, solver_id, reserves, fee_bps: Number(terms.feeBps) };
}

/** `?in_asset=&in_amount=`: what the pool would pay right now. No promise: an order says the least that it takes. */
async function quote({ solver, terms }: HttpOptions, query: URLSearchParams): Promise<Answer> {
  const [inAsset, inAmount] = [query.get("in_asset"), query.get("in_amount") ?? ""];
  const { assetId, poolId: pool_id, solverPubkey: solver_id } = terms;
  if (inAsset !== "gBTC" && inAsset !== assetId) return problem(422, "unknown_pool");
  if (!/^[1-9]\d{0,15}$/.test(inAmount)) return problem(400, "invalid_request");
  const direction = inAsset === "gBTC" ? "sats_in" : "units_in";
  const quoted = quoteTrade(await solver.reserves(), { direction, amountIn: BigInt(inAmount) }, terms.feeBps);
  if (!quoted.ok) return problem(422, quoted.reason);
  const out_asset = direction === "sats_in" ? assetId : "gBTC";
  const [in_amount, out_amount] = [Number(inAmount), Number(quoted.amountOut)];
  return { status: 200, body: { pool_id, solver_id, in_asset: inAsset, in_amount, out_asset, out_amount } };
}

/** What became of the order of a 31510, by the id of its event: the gateway tells a user nothing of an order that no solver took. */
function swapOf(file: SolverFile, eventId: string): Answer {
  const swap = HEX64.test(eventId) ? file.findByEvent(eventId) : undefined;
  if (swap === undefined) return problem(404, "not_found");
  const { actionId: action_id, status, reason, amountOut: out_amount, txid, confirmationId: confirmation_id } = swap;
  return { status: 200, body: { action_id, status, reason, out_amount, txid, confirmation_id } };
}

/** What would become of a signed 31510, without doing it. */
async function simulate({ solver, terms }: HttpOptions, body: unknown): Promise<Answer> {
  const parsed = event.safeParse(body);
  if (!parsed.success || !verifyEvent(parsed.data).ok) return problem(400, "invalid_event");
  const intent = intentSchema.safeParse(parseJson(parsed.data.content));
  if (!intent.success) return problem(400, "invalid_intent");
  const read = readOrder({ event: parsed.data, intent: intent.data }, terms);
  if (!read.ok) return { status: 200, body: { taken: false, reason: read.reason } };
  const decision = decideOrder(read.order, await solver.reserves(), terms, Math.floor(Date.now() / 1000));
  if (!decision.ok) return { status: 200, body: { taken: false, reason: decision.reason } };
  return { status: 200, body: { taken: true, out_amount: Number(decision.amountOut) } };
}

async function readBody(req: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_BYTES_MAX) return undefined;
    chunks.push(chunk);
  }
  return parseJson(Buffer.concat(chunks).toString("utf8"));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function toProblem(error: unknown): Answer {
  // The pool's reserves are arkd's word; while arkd is away there is no price.
  if (error instanceof GatewayClientError) return problem(503, error.code);
  return problem(500, "internal_error");
}

function problem(status: number, code: string): Answer {
  return { status, body: { status, code } };
}

function send(res: ServerResponse, { status, body }: Answer): void {
  const type = status < 400 ? "application/json" : "application/problem+json";
  res.writeHead(status, { "content-type": type }).end(JSON.stringify(body));
}
