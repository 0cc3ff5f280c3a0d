import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  type Response,
} from "express";

import {
  GetSubscriptionRequest,
  GetVirtualTxsRequest,
  GetVtxosRequest,
  SubscribeForScriptsRequest,
  UnsubscribeForScriptsRequest,
} from "@arkrelay/daemons/proto/ark/v1/indexer";
import {
  ConfirmRegistrationRequest,
  DeleteIntentRequest,
  EstimateIntentFeeRequest,
  FinalizeTxRequest,
  GetEventStreamRequest,
  GetPendingTxRequest,
  RegisterIntentRequest,
  SubmitSignedForfeitTxsRequest,
  SubmitTreeNoncesRequest,
  SubmitTreeSignaturesRequest,
  SubmitTxRequest,
  UpdateStreamTopicsRequest,
} from "@arkrelay/daemons/proto/ark/v1/service";

import type { ArkCalls } from "../calls/ark-calls";
import type { IndexerCalls } from "../calls/indexer-calls";
import type { StreamRpc, UnaryRpc } from "../calls/rpc";
import { PlainStatusError } from "../engine/arkd-error";
import type { CallGate, RawSink } from "./call-gate";
import { InjectedFault, STATUSES, toCallStatus, toErrorBody } from "./call-status";
import { toGatewayJson } from "./to-gateway-json";

/** A signed transfer with the most inputs arkd takes has about 100 KB; this leaves room for anything its weight limit refuses. */
const BODY_LIMIT = "5mb";

/** arkd's REST and SSE face, as its grpc-gateway serves it beside gRPC. */
export function restApp(ark: ArkCalls, indexer: IndexerCalls, gate: CallGate): Express {
  const app = express();
  app.disable("x-powered-by");
  app.use((_req, res, next) => {
    res.set("Access-Control-Allow-Origin", "*").set("Access-Control-Allow-Headers", "*");
    next();
  });
  app.use(express.json({ limit: BODY_LIMIT }));
  const unary = <Q, A>(rpc: UnaryRpc<Q, A>, read: (req: Request) => Q) => unaryRoute(gate, rpc, read);
  const stream = <Q, A>(rpc: StreamRpc<Q, A>, read: (req: Request) => Q) => streamRoute(gate, rpc, read);

  app.get("/healthz", (_req, res) => void res.json({ status: "SERVING" }));
  app.get(
    "/v1/info",
    unary(ark.getInfo, () => ({})),
  );
  app.post("/v1/tx/submit", unary(ark.submitTx, bodyAs(SubmitTxRequest)));
  app.post("/v1/tx/finalize", unary(ark.finalizeTx, bodyAs(FinalizeTxRequest)));
  app.post("/v1/tx/pending", unary(ark.getPendingTx, bodyAs(GetPendingTxRequest)));
  app.post("/v1/batch/registerIntent", unary(ark.registerIntent, bodyAs(RegisterIntentRequest)));
  app.post("/v1/batch/estimateFee", unary(ark.estimateIntentFee, bodyAs(EstimateIntentFeeRequest)));
  app.post("/v1/batch/deleteIntent", unary(ark.deleteIntent, bodyAs(DeleteIntentRequest)));
  app.post("/v1/batch/ack", unary(ark.confirmRegistration, bodyAs(ConfirmRegistrationRequest)));
  app.post("/v1/batch/tree/submitNonces", unary(ark.submitTreeNonces, bodyAs(SubmitTreeNoncesRequest)));
  app.post("/v1/batch/tree/submitSignatures", unary(ark.submitTreeSignatures, bodyAs(SubmitTreeSignaturesRequest)));
  app.post("/v1/batch/submitForfeitTxs", unary(ark.submitSignedForfeitTxs, bodyAs(SubmitSignedForfeitTxsRequest)));
  app.post("/v1/batch/updateTopics", unary(ark.updateStreamTopics, bodyAs(UpdateStreamTopicsRequest)));
  app.get("/v1/batch/events", stream(ark.getEventStream, queryAs(GetEventStreamRequest)));
  app.get(
    "/v1/txs",
    stream(ark.getTransactionsStream, () => ({})),
  );

  app.get("/v1/indexer/vtxos", unary(indexer.getVtxos, queryAs(GetVtxosRequest)));
  app.get(
    "/v1/indexer/virtualTx/:txids",
    unary(indexer.getVirtualTxs, (req) => ({
      ...queryAs(GetVirtualTxsRequest)(req),
      txids: param(req, "txids").split(","),
    })),
  );
  app.get(
    "/v1/indexer/vtxo/:txid/:vout/chain",
    unary(indexer.getVtxoChain, (req) => ({ vtxoId: `${param(req, "txid")}:${param(req, "vout")}` })),
  );
  app.get(
    "/v1/indexer/commitmentTx/:txid",
    unary(indexer.getCommitmentTx, (req) => ({ txid: param(req, "txid") })),
  );
  app.get(
    "/v1/indexer/asset/:assetId",
    unary(indexer.getAsset, (req) => ({ assetId: param(req, "assetId") })),
  );
  app.post("/v1/indexer/script/subscribe", unary(indexer.subscribeForScripts, bodyAs(SubscribeForScriptsRequest)));
  app.post(
    "/v1/indexer/script/unsubscribe",
    unary(indexer.unsubscribeForScripts, bodyAs(UnsubscribeForScriptsRequest)),
  );
  const readSubscription = (req: Request): GetSubscriptionRequest => ({
    ...queryAs(GetSubscriptionRequest)(req),
    subscriptionId: param(req, "id"),
  });
  app.get("/v1/indexer/script/subscription/:id", stream(indexer.getSubscription, readSubscription));
  app.get("/v1/indexer/script/subscription", stream(indexer.getSubscription, queryAs(GetSubscriptionRequest)));

  app.use(
    (_req, res) => void res.status(404).json({ code: STATUSES.NOT_FOUND.code, message: "Not Found", details: [] }),
  );
  app.use(answerError);
  return app;
}

interface JsonReader<Q> {
  fromJSON(object: unknown): Q;
}

function bodyAs<Q>(reader: JsonReader<Q>): (req: Request) => Q {
  return (req) => readAs(reader, typeof req.body === "object" && req.body !== null ? req.body : {});
}

/** Query parameters in grpc-gateway's form: repeated names make a list, dots go into messages (`page.size`). */
function queryAs<Q>(reader: JsonReader<Q>): (req: Request) => Q {
  return (req) => {
    const nested: Record<string, unknown> = {};
    const { searchParams } = new URL(req.originalUrl, "http://arkd");
    for (const name of new Set(searchParams.keys())) {
      const values = searchParams.getAll(name);
      setPath(nested, name.split("."), LIST_PARAMETERS.has(name) ? values : toScalar(values.at(-1) ?? ""));
    }
    return readAs(reader, nested);
  };
}

const LIST_PARAMETERS: ReadonlySet<string> = new Set([
  "scripts",
  "outpoints",
  "topics",
  "filter.expressions",
  "filter.scripts.add",
  "filter.scripts.remove",
]);

function toScalar(value: string): unknown {
  return value === "true" || (value === "false" ? false : value);
}

function setPath(target: Record<string, unknown>, [name = "", ...rest]: readonly string[], value: unknown): void {
  if (rest.length === 0) {
    target[name] = value;
    return;
  }
  const child = target[name];
  const object: Record<string, unknown> = isRecord(child) ? child : {};
  target[name] = object;
  setPath(object, rest, value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function readAs<Q>(reader: JsonReader<Q>, object: unknown): Q {
  try {
    return reader.fromJSON(object);
  } catch (error) {
    throw new PlainStatusError("INVALID_ARGUMENT", error instanceof Error ? error.message : "malformed request");
  }
}

function param(req: Request, name: string): string {
  const value = req.params[name];
  return typeof value === "string" ? value : "";
}

function unaryRoute<Q, A>(gate: CallGate, rpc: UnaryRpc<Q, A>, read: (req: Request) => Q): RequestHandler {
  return async (req, res) => {
    res.json(toGatewayJson(await gate.runUnary(rpc, read(req), req.get("x-digest"))));
  };
}

function streamRoute<Q, A>(gate: CallGate, rpc: StreamRpc<Q, A>, read: (req: Request) => Q): RequestHandler {
  return async (req, res) => {
    const request = read(req);
    const sink = toEventSource<A>(res);
    await gate.openStream(rpc, request, req.get("x-digest"), sink);
    // Headers only now: an open that failed is answered with an HTTP status.
    sink.start();
  };
}

/** Server-sent events: one `data:` line per message. Messages before `start` wait for the headers. */
function toEventSource<A>(res: Response): RawSink<A> & { start(): void } {
  const listeners: (() => void)[] = [];
  const start = (): void => {
    if (res.headersSent) return;
    res.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-cache", Connection: "keep-alive" });
    res.flushHeaders();
  };
  res.on("close", () => {
    for (const listener of listeners) listener();
  });
  return {
    start,
    write: (message) => {
      if (res.writableEnded || res.destroyed) return;
      start();
      res.write(`data: ${JSON.stringify(toGatewayJson(message))}\n\n`);
    },
    end: (error) => void (error === undefined ? res.end() : res.destroy()),
    onClose: (listener) => void listeners.push(listener),
  };
}

const answerError: ErrorRequestHandler = (error: unknown, _req, res, next) => {
  // A lost reply is no answer at all: the client sees the connection break after the effect.
  if ((error instanceof InjectedFault && error.isReplyLost) || res.headersSent) {
    res.destroy();
    return;
  }
  if (isBodyError(error)) {
    res.status(error.status).json({ code: STATUSES.INVALID_ARGUMENT.code, message: error.message, details: [] });
    return;
  }
  const status = toCallStatus(error);
  res.status(STATUSES[status.status].http).json(toErrorBody(status));
  void next;
};

/** What express.json throws: malformed JSON or too large a body. */
function isBodyError(error: unknown): error is Error & { readonly status: number } {
  return error instanceof Error && "status" in error && typeof error.status === "number";
}
