import type { ErrorRequestHandler, Request, RequestHandler, Response } from "express";

import { AppError, toAppError } from "@arkrelay/core/errors";
import { admit, ANONYMOUS, toCaller } from "@arkrelay/core/http/access";
import { requireWrittenIntegers } from "@arkrelay/core/http/integer-body";

import type { ApiDeps } from "../api-deps";
import { authenticate, type Authenticated } from "./authenticate";
import { callOf, type Call } from "./call-log";
import { toErrorAnswer } from "./error-response";
import { parseJsonBody, readBody } from "./read-body";
import { ipBucket } from "./request-info";
import type { Answer, Env, ParsedCall, Route } from "./route";
import { runWrite } from "./run-write";
import { sendAnswer, sendProblem } from "./send-answer";

/** What happens to every call, in this order, whatever the route. */
export function createHandler(deps: ApiDeps): (route: Route) => RequestHandler {
  return (route) => (req, res, next) => {
    const call = callOf(res);
    call.endpoint = route.path;
    answer(deps, route, call, req, res).catch(next);
  };
}

async function answer(deps: ApiDeps, route: Route, call: Call, req: Request, res: Response): Promise<void> {
  const rawBody = await readBody(req, route.bodyBytesMax);
  const identity = await identify(deps, route, call, req, rawBody);
  const caller = { ...toCaller(identity.proof, deps.settings.solverAuth), address: ipBucket(call.request.ip) };
  const env: Env = { deps, caller, request: call.request };
  call.principal = env.caller.principal;
  const answered = await audited(route, env, () => serve(route, env, identity, rawBody, req, res));
  if (answered !== undefined) sendAnswer(route, env, req, res, answered);
}

/** undefined = the route has written its answer itself. */
async function serve(
  route: Route,
  known: Env,
  identity: Authenticated,
  rawBody: Buffer,
  req: Request,
  res: Response,
): Promise<Answer | undefined> {
  const { deps, request } = known;
  const env: Env = { ...known, caller: admit(known.caller, route) };
  await deps.limits.takeForCall(route, env.caller, identity.key, request, res);
  if (identity.singleUse !== undefined) await useOnce(deps, identity.singleUse);
  const parsed = route.parse({
    params: req.params,
    query: req.query,
    body: route.method === "GET" ? {} : parseJsonBody(rawBody, req.headers["content-type"]),
  });
  // Behind the schema, which names every other broken field too.
  if (route.integersOnly) requireWrittenIntegers(rawBody.toString());
  return run(parsed, route, env, rawBody, res);
}

async function run(
  parsed: ParsedCall,
  route: Route,
  env: Env,
  rawBody: Buffer,
  res: Response,
): Promise<Answer | undefined> {
  switch (parsed.kind) {
    case "read":
      return parsed.run(env);
    case "stream":
      await parsed.run(env, res);
      return undefined;
    case "write":
      return runWrite(parsed, route, env, rawBody, res);
  }
}

async function identify(
  deps: ApiDeps,
  route: Route,
  call: Call,
  req: Request,
  rawBody: Buffer,
): Promise<Authenticated> {
  deps.limits.assertNotBlocked(call.request.ip, req);
  const adminOnly = route.auth.every((kind) => kind === "admin");
  const credentials = { method: req.method, target: req.originalUrl, rawBody, request: call.request };
  try {
    return await authenticate(deps.auth, credentials, adminOnly);
  } catch (error) {
    if (error instanceof AppError && isFailedCredential(error)) {
      await deps.limits.countFailure(call.request.ip);
      // A guess at the admin key is what an operator looks for first; above the limit of failures nothing is written.
      if (call.request.header("x-admin-key") !== undefined) {
        await writeAudit(route, { deps, caller: ANONYMOUS, request: call.request }, error.code);
      }
    }
    throw error;
  }
}

function isFailedCredential(error: AppError): boolean {
  return error.code === "auth_invalid" || error.code === "admin_key_invalid";
}

/** In its own commit before the handler: a crash in between costs the caller a signature, never a second effect. */
async function useOnce(deps: ApiDeps, singleUse: { readonly eventId: string; readonly until: Date }): Promise<void> {
  if (await deps.nip98Seen.markSeen(singleUse.eventId, singleUse.until)) return;
  throw new AppError("auth_invalid", { message: "This signed request was used before; sign a new one." });
}

/** Every call with the admin key leaves a row before its answer goes out, refused ones included. */
async function audited<T extends Answer | undefined>(route: Route, env: Env, work: () => Promise<T>): Promise<T> {
  if (!env.caller.isAdmin) return work();
  try {
    const answered = await work();
    await writeAudit(route, env, String(answered?.status ?? 200));
    return answered;
  } catch (error) {
    await writeAudit(route, env, toAppError(error).code);
    throw error;
  }
}

/** The effect is committed by now, so a row that cannot be written must not turn the answer into a failure. */
async function writeAudit(route: Route, env: Env, outcome: string): Promise<void> {
  try {
    await env.deps.admin.audit.insert(toAuditEntry(route, env, outcome));
  } catch (error) {
    env.deps.logger.error("an audit row was not written", {
      ...toAuditEntry(route, env, outcome),
      error: toAppError(error).internal ?? toAppError(error).message,
    });
  }
}

function toAuditEntry(route: Route, env: Env, outcome: string) {
  return {
    actor: env.caller.principal,
    action: `${route.method} ${route.path}`,
    target: env.request.path.slice(0, 191),
    requestId: env.request.requestId,
    ip: env.request.ip,
    outcome,
  };
}

/** Nothing matched: an unknown route is a missing thing like any other. */
export const notFoundHandler: RequestHandler = (_req, _res, next) => {
  next(new AppError("not_found"));
};

/** The last handler: everything thrown becomes a problem document, and what is our fault goes to the log. */
export function createErrorHandler(deps: Pick<ApiDeps, "logger">): ErrorRequestHandler {
  return (thrown: unknown, _req, res, next) => {
    const call = callOf(res);
    const error = toRequestFault(thrown) ?? toAppError(thrown);
    call.errorCode = error.code;
    if (error.kind === "internal") {
      deps.logger.error("request failed", {
        request_id: call.request.requestId,
        endpoint: call.endpoint,
        error: error.internal ?? error.message,
        stack: error.cause instanceof Error ? error.cause.stack : error.stack,
      });
    }
    // Too late for a status: cutting the connection is the only honest answer left.
    if (res.headersSent) return next(thrown);
    return sendProblem(res, toErrorAnswer(error, call.request));
  };
}

/** Express refuses a path it cannot decode with an error that carries status 400. */
function toRequestFault(thrown: unknown): AppError | undefined {
  if (!(thrown instanceof URIError)) return undefined;
  return new AppError("invalid_request", { message: "The path is not valid percent-encoded UTF-8.", cause: thrown });
}
