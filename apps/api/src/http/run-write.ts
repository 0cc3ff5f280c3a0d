import { createHash } from "node:crypto";

import type { Response } from "express";

import { toAppError, type AppError } from "@arkrelay/core/errors";
import { invalidField } from "@arkrelay/core/http/request-error";
import type { Wake } from "@arkrelay/core/ports/waker";
import type { StoredAnswer } from "@arkrelay/db/stores/idempotency-store";

import { toErrorAnswer, type ErrorAnswer } from "./error-response";
import { parsePreferWait } from "./prefer-wait";
import type { Answer, Env, ParsedCall, Route } from "./route";
import { PROBLEM_JSON } from "./send-answer";
import { waitFor } from "./wait-for";

type WriteCall = Extract<ParsedCall, { kind: "write" }>;

/** Prepares a write, runs it in one transaction with its Idempotency-Key, wakes after COMMIT, and waits for its job if that is wanted. */
export async function runWrite(
  call: WriteCall,
  route: Route,
  env: Env,
  rawBody: Buffer,
  res: Response,
): Promise<Answer> {
  const { answer, wakes, replayed } = await execute(call, route, env, rawBody);
  // After COMMIT on purpose: a crash here loses only the wake-up, and the sweeper finds the row.
  await env.deps.waker.wake(wakes);
  env.deps.streams.hurry();
  const last = (await waitForMore(call, route, env, answer, res)) ?? answer;
  const headers = { ...answer.headers, ...last.headers, ...(replayed && { "idempotent-replayed": "true" }) };
  return { ...last, headers };
}

interface Executed {
  readonly answer: Answer;
  readonly wakes: readonly Wake[];
  readonly replayed: boolean;
}

async function execute(call: WriteCall, route: Route, env: Env, rawBody: Buffer): Promise<Executed> {
  const key = readKey(env);
  if (key === undefined) {
    const prepared = await call.prepare?.(env);
    const answer = await env.deps.transactions.run((tx) => call.run(env, tx, prepared));
    return { answer, wakes: answer.wakes ?? [], replayed: false };
  }
  let prepared: unknown;
  const { prepare } = call;
  let refusal: AppError | undefined;
  const outcome = await env.deps.idempotency.run(
    {
      principal: env.caller.principal,
      route: `${route.method} ${route.path}`,
      key,
      bodySha256: digestOf(env, rawBody),
    },
    {
      ...(prepare !== undefined && { prepare: async () => void (prepared = await prepare(env)) }),
      handle: async (tx) => {
        const answer = await call.run(env, tx, prepared);
        const given = { ...answer, body: stamped(route, env, answer.body) };
        return { answer: toStored(given), given };
      },
    },
    (error) => {
      refusal = error;
      return toStoredRefusal(toErrorAnswer(error, env.request));
    },
  );
  if (outcome.kind === "handled") {
    const { given } = outcome.result;
    return { answer: given, wakes: given.wakes ?? [], replayed: false };
  }
  if (outcome.kind === "refused" && refusal !== undefined) throw refusal;
  return { answer: fromStored(outcome.answer), wakes: [], replayed: true };
}

function toStored(answer: Answer): StoredAnswer {
  const body = answer.body === undefined ? "" : JSON.stringify(answer.body);
  return { status: answer.status, body, headers: answer.headers ?? {} };
}

function toStoredRefusal(answer: ErrorAnswer): StoredAnswer {
  const headers = { ...answer.headers, "content-type": PROBLEM_JSON };
  return { status: answer.status, body: JSON.stringify(answer.body), headers };
}

function fromStored(stored: StoredAnswer): Answer {
  const body: unknown = stored.body === "" ? undefined : JSON.parse(stored.body);
  return { status: stored.status, body, headers: stored.headers };
}

function readKey(env: Env): string | undefined {
  const key = env.request.header("idempotency-key");
  if (key !== undefined && !/^[\x20-\x7e]{1,128}$/.test(key)) {
    throw invalidField("Idempotency-Key", "must be 1 to 128 printable ASCII characters");
  }
  return key;
}

/** The target belongs to it: one key used on two sessions is a mistake, not a repetition. */
function digestOf(env: Env, rawBody: Buffer): string {
  return createHash("sha256").update(`${env.request.path}\n`).update(rawBody).digest("hex");
}

/** The stored answer is the one that was given, its time included. */
function stamped(route: Route, env: Env, body: unknown): unknown {
  if (route.exact || typeof body !== "object" || body === null) return body;
  return { ...body, timestamp: env.deps.clock.now().toISOString() };
}

/** The effect is committed: whatever goes wrong while waiting, the 202 stays the answer. */
async function waitForMore(
  call: WriteCall,
  route: Route,
  env: Env,
  given: Answer,
  res: Response,
): Promise<Answer | undefined> {
  const { look } = call;
  if (look === undefined || given.status !== 202) return undefined;
  const seconds = parsePreferWait(env.request.header("prefer")) ?? route.waitByDefaultSeconds;
  if (seconds === 0) return undefined;
  try {
    return await waitFor(() => look(env, given), { waitMs: seconds * 1000, isGivenUp: () => res.destroyed });
  } catch (error) {
    env.deps.logger.warn("waiting for a finished answer failed", {
      request_id: env.request.requestId,
      endpoint: route.path,
      error: toAppError(error).internal ?? toAppError(error).message,
    });
    return undefined;
  }
}
