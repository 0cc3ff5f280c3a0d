import type { Response } from "express";
import { z } from "zod";

import type { Caller } from "@arkrelay/core/caller";
import type { KeyScope } from "@arkrelay/core/http/admin";
import { toRequestError } from "@arkrelay/core/http/request-error";
import type { Tx } from "@arkrelay/core/ports/transactions";
import type { Wake } from "@arkrelay/core/ports/waker";

import type { ApiDeps } from "../api-deps";
import type { RequestInfo } from "./request-info";

export type Method = "GET" | "POST" | "PATCH" | "DELETE";

/** Who may call (section 2 of the HTTP contract). Every class admits admin too, unless the route says `notAdmin`. */
export type AuthClass = "public" | "solver" | "owner" | "admin";

export interface Env {
  readonly deps: ApiDeps;
  readonly caller: Caller;
  readonly request: RequestInfo;
}

/** An answer whose status and body fit one of the route's replies. */
export type AnswerOf<R extends Replies> = {
  [S in keyof R & number]: { readonly status: S; readonly body: z.output<R[S]> } & AnswerExtras;
}[keyof R & number];

interface AnswerExtras {
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent after COMMIT. */
  readonly wakes?: readonly Wake[];
}

export interface Answer extends AnswerExtras {
  readonly status: number;
  /** undefined = no body (204). */
  readonly body: unknown;
}

export type Replies = Readonly<Record<number, z.ZodType>>;

const NoInput = z.object({});
type NoInput = typeof NoInput;
/** Reply of a 204. */
export const NoBody = z.undefined();

interface Common<P extends z.ZodType, Q extends z.ZodType> {
  /** Express path, `:name` for parameters. */
  readonly path: string;
  readonly summary: string;
  readonly auth: readonly AuthClass[];
  /** Admin is refused: the signature or the key itself is the point of the route. */
  readonly notAdmin?: boolean;
  /** Needed of API keys and of registered keys that act as solver. */
  readonly scope?: KeyScope;
  readonly params?: P;
  readonly query?: Q;
}

type Input<P extends z.ZodType, Q extends z.ZodType> = Env & {
  readonly params: z.output<P>;
  readonly query: z.output<Q>;
};

export interface ReadSpec<P extends z.ZodType, Q extends z.ZodType, R extends Replies> extends Common<P, Q> {
  readonly replies: R;
  /** `short` = lists and stats that may be 10 s old; everything else is never stored by anybody. */
  readonly cache?: "short";
  /** The body is exactly what handle returns: no `timestamp` is added. */
  readonly exact?: boolean;
}

/** How a 202 becomes the finished answer when the caller waits for it (`Prefer: wait=N`). */
export interface Later<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, R extends Replies> {
  /** Waits that long when the caller sends no Prefer. */
  readonly byDefaultSeconds?: number;
  /**
   * Looks at the row that the given answer names, again and again; undefined = not there yet. Also asked when a stored answer is
   * given again, so it may know nothing but what stands in the answer.
   */
  readonly look: (
    input: Input<P, Q> & { readonly body: z.output<B> },
    given: Readonly<Record<string, unknown>>,
  ) => Promise<AnswerOf<R> | undefined>;
}

export interface WriteSpec<
  P extends z.ZodType,
  Q extends z.ZodType,
  B extends z.ZodType,
  R extends Replies,
> extends Common<P, Q> {
  readonly method: Exclude<Method, "GET">;
  readonly replies: R;
  readonly body?: B;
  /** Largest body; 256 KiB when absent. */
  readonly bodyBytesMax?: number;
  readonly exact?: boolean;
  /** The body carries amounts: a number that is not written as an integer (`1.0`, `1e3`) is refused. */
  readonly integersOnly?: boolean;
  /** Counts against the caller's 30 new sessions a minute. */
  readonly opensSession?: boolean;
}

export interface StreamSpec<P extends z.ZodType, Q extends z.ZodType> extends Common<P, Q> {
  /** Media type of the success, for the document. */
  readonly produces: string;
  /** Writes the response itself; what it throws before the first byte is answered like any other error. */
  readonly handle: (input: Input<P, Q>, res: Response) => Promise<void>;
}

export interface RawInput {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
}

/** A call whose input was parsed: what is left is to run it. */
export type ParsedCall =
  | { readonly kind: "read"; readonly run: (env: Env) => Promise<Answer> }
  | {
      readonly kind: "write";
      /** What `run` is given as `prepared`. */
      readonly prepare?: (env: Env) => Promise<unknown>;
      readonly run: (env: Env, tx: Tx, prepared: unknown) => Promise<Answer>;
      /** Asked after COMMIT while the caller waits. */
      readonly look?: (env: Env, given: Answer) => Promise<Answer | undefined>;
    }
  | { readonly kind: "stream"; readonly run: (env: Env, res: Response) => Promise<void> };

/** A route with its types folded away, as the router, the pipeline and the OpenAPI document use it. */
export interface Route {
  readonly method: Method;
  readonly path: string;
  readonly summary: string;
  readonly auth: readonly AuthClass[];
  readonly notAdmin: boolean;
  readonly scope: KeyScope | undefined;
  readonly schemas: { readonly params?: z.ZodType; readonly query?: z.ZodType; readonly body?: z.ZodType };
  readonly replies: Replies;
  readonly produces: string;
  readonly exact: boolean;
  readonly cache: "no-store" | "short";
  readonly bodyBytesMax: number;
  readonly integersOnly: boolean;
  readonly opensSession: boolean;
  /** Whether `Prefer: wait=N` can bring more than the 202. */
  readonly canWait: boolean;
  readonly waitByDefaultSeconds: number;
  /** Throws `invalid_request` or `invalid_amount` naming each broken field. */
  readonly parse: (raw: RawInput) => ParsedCall;
}

const BODY_BYTES_MAX = 256 * 1024;

/**
 * A route that changes nothing: `readRoute({...}).handle(...)`. In two steps, so that the compiler knows the replies when it
 * reads the handler and holds every literal of its answer to them.
 */
export function readRoute<R extends Replies, P extends z.ZodType = NoInput, Q extends z.ZodType = NoInput>(
  spec: ReadSpec<P, Q, R>,
) {
  return {
    handle: (handle: (input: Input<P, Q>) => Promise<AnswerOf<R>>): Route => ({
      ...base(spec),
      method: "GET",
      replies: spec.replies,
      exact: spec.exact ?? false,
      cache: spec.cache ?? "no-store",
      parse: (raw) => {
        const input = parseInput(spec, raw);
        return { kind: "read", run: (env) => handle({ ...env, ...input }) };
      },
    }),
  };
}

/**
 * A route that changes something: `writeRoute({...}).handle(...)`. `handle` runs inside the transaction that also holds the
 * Idempotency-Key and the stored answer, and again when the database asks for it: nothing outside the transaction may happen
 * there. What needs more than its rows, like a daemon's word, is asked in `writeRoute({...}).prepare(...).handle(...)`: once, before
 * the transaction opens, and only when no answer is stored under the key. `later` says how a caller that waits gets more than the 202.
 */
export function writeRoute<
  R extends Replies,
  P extends z.ZodType = NoInput,
  Q extends z.ZodType = NoInput,
  B extends z.ZodType = NoInput,
>(spec: WriteSpec<P, Q, B, R>) {
  type WriteInput = Input<P, Q> & { readonly body: z.output<B> };
  const prepareWith = <T>(prepare: ((input: WriteInput) => Promise<T>) | undefined) => ({
    handle: (
      handle: (input: WriteInput & { readonly tx: Tx; readonly prepared: T }) => Promise<AnswerOf<R>>,
      later?: Later<P, Q, B, R>,
    ): Route => ({
      ...base(spec),
      method: spec.method,
      schemas: { ...schemasOf(spec), ...(spec.body !== undefined && { body: spec.body }) },
      replies: spec.replies,
      exact: spec.exact ?? false,
      bodyBytesMax: spec.bodyBytesMax ?? BODY_BYTES_MAX,
      integersOnly: spec.integersOnly ?? false,
      opensSession: spec.opensSession ?? false,
      canWait: later !== undefined,
      waitByDefaultSeconds: later?.byDefaultSeconds ?? 0,
      parse: (raw) => {
        const body = parse<B>(spec.body, raw.body);
        const input = { ...parseInput(spec, raw), body };
        return {
          kind: "write",
          ...(prepare !== undefined && { prepare: (env: Env) => prepare({ ...env, ...input }) }),
          run: (env, tx, prepared) => handle({ ...env, ...input, tx, prepared: prepared as T }),
          ...(later !== undefined && {
            look: (env: Env, given: Answer) =>
              later.look({ ...env, ...input }, given.body as Readonly<Record<string, unknown>>),
          }),
        };
      },
    }),
  });
  return {
    ...prepareWith<undefined>(undefined),
    prepare: <T>(prepare: (input: WriteInput) => Promise<T>) => prepareWith(prepare),
  };
}

export function streamRoute<P extends z.ZodType = NoInput, Q extends z.ZodType = NoInput>(
  spec: StreamSpec<P, Q>,
): Route {
  return {
    ...base(spec),
    method: "GET",
    produces: spec.produces,
    parse: (raw) => {
      const input = parseInput(spec, raw);
      return { kind: "stream", run: (env, res) => spec.handle({ ...env, ...input }, res) };
    },
  };
}

function base(spec: Common<z.ZodType, z.ZodType>) {
  return {
    path: spec.path,
    summary: spec.summary,
    auth: spec.auth,
    notAdmin: spec.notAdmin ?? false,
    scope: spec.scope,
    schemas: schemasOf(spec),
    replies: {} as Replies,
    produces: "application/json",
    exact: false,
    cache: "no-store" as const,
    bodyBytesMax: BODY_BYTES_MAX,
    integersOnly: false,
    opensSession: false,
    canWait: false,
    waitByDefaultSeconds: 0,
  };
}

function schemasOf(spec: Common<z.ZodType, z.ZodType>) {
  return {
    ...(spec.params !== undefined && { params: spec.params }),
    ...(spec.query !== undefined && { query: spec.query }),
  };
}

function parseInput<P extends z.ZodType, Q extends z.ZodType>(spec: Common<P, Q>, raw: RawInput) {
  return { params: parse<P>(spec.params, raw.params), query: parse<Q>(spec.query, raw.query) };
}

function parse<S extends z.ZodType>(schema: S | undefined, raw: unknown): z.output<S> {
  // A route without a schema takes nothing: what is sent all the same is ignored, as unknown query parameters are.
  const result = (schema ?? NoInput).safeParse(raw);
  if (result.success) return result.data as z.output<S>;
  throw toRequestError(result.error);
}
