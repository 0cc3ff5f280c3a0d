import express, { type ErrorRequestHandler, type Express } from "express";
import { z } from "zod";

import type { DevnetParts } from "../devnet-parts";
import { arkdRoutes } from "./arkd-routes";
import { chainRoutes } from "./chain-routes";
import { faultRoutes } from "./fault-routes";
import { lightningRoutes } from "./lightning-routes";
import { lndRoutes } from "./lnd-routes";
import { lndView } from "./lnd-view";
import { InvalidRequestError, parseBody } from "./parse-body";
import { arkdConservation, driftSats, driftUnits } from "./state-view";
import { tapdRoutes } from "./tapd-routes";
import { tapdView } from "./tapd-view";
import { XOnlyKey } from "./x-only-key";

/** `pubkeys=<hex>,<hex>`: whose balances to name by key although they have only received so far. */
const StateQuery = z.strictObject({
  pubkeys: z
    .string()
    .default("")
    .transform((list) => list.split(",").filter((pubkey) => pubkey !== ""))
    .pipe(z.array(XOnlyKey).max(1_000)),
});

/** The control API: how tests and people steer devnet. */
export function controlApp(parts: DevnetParts): Express {
  const app = express();
  app.disable("x-powered-by");
  app.use(express.json());
  app.use(
    chainRoutes(parts),
    arkdRoutes(parts),
    lightningRoutes(parts),
    lndRoutes(parts),
    tapdRoutes(parts),
    faultRoutes(parts),
  );
  app.get("/state", (req, res) => {
    const { pubkeys } = parseBody(StateQuery, req.query);
    for (const pubkey of pubkeys) parts.engine.learnOwner(pubkey);
    res.json(describeState(parts));
  });
  app.post("/reset", async (_req, res) => {
    await parts.reset();
    res.status(204).end();
  });
  app.use((req, res) => {
    res.status(404).json({ code: "not_found", detail: `there is no ${req.method} ${req.path}`, errors: [] });
  });
  app.use(answerError);
  return app;
}

function describeState({ engine, lndEngine, tapdEngine, clock, relay, relayLog, faults, seed }: DevnetParts): unknown {
  engine.sweepExpired();
  lndEngine.sweep();
  const arkd = arkdConservation(engine.state);
  const lnd = lndView(lndEngine);
  const tapd = tapdView(tapdEngine);
  return {
    seed,
    now: clock.nowSeconds(),
    median_time: clock.medianTime(),
    height: engine.state.height,
    arkd: { ...arkd, digest: engine.info().digest },
    lnd,
    tapd,
    relay: { events: relayLog.store.size, connections: relay.connectionCount() },
    faults: faults.list().map(({ id, delayMs, ...fault }) => ({ fault_id: id, ...fault, delay_ms: delayMs })),
    drift: driftSats(arkd) + driftUnits(arkd) + lnd.drift_sats + tapd.drift_units,
  };
}

const answerError: ErrorRequestHandler = (error: unknown, _req, res, next) => {
  if (res.headersSent) return next(error);
  if (error instanceof InvalidRequestError) {
    res.status(400).json({ code: "invalid_request", detail: error.message, errors: error.errors });
    return;
  }
  const status = error instanceof Error && "status" in error && typeof error.status === "number" ? error.status : 500;
  const code = status === 500 ? "internal_error" : "invalid_json";
  res.status(status).json({ code, detail: error instanceof Error ? error.message : String(error), errors: [] });
};
