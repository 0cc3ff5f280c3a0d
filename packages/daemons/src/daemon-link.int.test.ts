import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { PassThrough } from "node:stream";
import { inspect } from "node:util";

import { credentials, type ServerWritableStream, status } from "@grpc/grpc-js";

import { AppError } from "@arkrelay/core/errors";
import { createLogger } from "@arkrelay/runtime/logger";
import { until } from "@arkrelay/runtime/testing/until";

import type { CallLimits, DaemonEndpoint } from "./connection-config";
import { DaemonLink, type StreamSettings } from "./daemon-link";
import type { DaemonObserver } from "./daemon-observer";
import { InvoicesClient } from "./gen/invoicesrpc/invoices";
import {
  AddInvoiceResponse,
  Invoice,
  WalletBalanceResponse,
  type InvoiceSubscription,
  LightningClient,
  LightningService,
} from "./gen/lnrpc/lightning";
import { type GetStateResponse, StateClient, StateService, WalletState } from "./gen/lnrpc/stateservice";
import { failure } from "./testing/fake-arkd";
import { makeCertificate, TlsDaemon, type CertificateOptions } from "./testing/tls-daemon";
import { createTextClassifier } from "./text-classifier";

type InvoiceStream = ServerWritableStream<InvoiceSubscription, Invoice>;

const folder = mkdtempSync(path.join(tmpdir(), "arkrelay-link-"));
const MACAROON = "0201036c6e64020adeadbeef";

/** Answers of the daemon; a test changes them. */
const answers = {
  walletBalance: (): unknown => ({ totalBalance: 7n }),
  addInvoice: (): unknown => ({ addIndex: 1n }),
  subscribeInvoices: (_stream: InvoiceStream): void => undefined,
};
const calls: string[] = [];
const observed: string[] = [];
const observer: DaemonObserver = {
  callFinished: ({ method, code = "ok" }) => observed.push(`${method} ${code}`),
  streamBroke: ({ method, code }) => observed.push(`${method} broke ${code}`),
  breakerChanged: (_service, state) => observed.push(`breaker ${state}`),
};

type Done = (error: unknown, reply?: unknown) => void;
const REPLIES = {
  walletBalance: (reply: object) => WalletBalanceResponse.fromPartial(reply),
  addInvoice: (reply: object) => AddInvoiceResponse.fromPartial(reply),
};
const unary = (method: keyof typeof REPLIES) => (_call: unknown, done: Done) => {
  calls.push(method);
  new Promise((resolve) => resolve(answers[method]())).then(
    (reply) => done(null, REPLIES[method](reply as object)),
    (error: unknown) => done(error),
  );
};

// Invoices is left out: this lnd was built without it.
const daemon = new TlsDaemon(folder, [
  {
    definition: LightningService,
    handlers: {
      walletBalance: unary("walletBalance") as never,
      addInvoice: unary("addInvoice") as never,
      subscribeInvoices: ((stream: InvoiceStream) => answers.subscribeInvoices(stream)) as never,
    },
  },
  {
    definition: StateService,
    handlers: { getState: ((_call: unknown, done: Done) => done(null, { state: WalletState.LOCKED })) as never },
  },
]);

function openLink(change: Partial<DaemonEndpoint & CallLimits> = {}) {
  return new DaemonLink({
    service: "lnd",
    endpoint: { ...daemon.endpoint, ...change },
    limits: { ...daemon.limits, ...change },
    observer,
    openClients: (address, channelOverride) => {
      const unused = credentials.createInsecure();
      return {
        lightning: new LightningClient(address, unused, { channelOverride }),
        state: new StateClient(address, unused, { channelOverride }),
        invoices: new InvoicesClient(address, unused, { channelOverride }),
      };
    },
    requestId: () => "request-1",
    ...createTextClassifier("lnd", [{ contains: "already exists", verdict: "rejected", name: "invoice_exists" }]),
  });
}

let link: ReturnType<typeof openLink>;

function connect(change: Partial<DaemonEndpoint & CallLimits> = {}): void {
  link?.close();
  link = openLink(change);
}

const read = () =>
  link.read<{ totalBalance: bigint }>("WalletBalance", ({ lightning }, ...rest) =>
    lightning.walletBalance({ account: "", minConfs: 0 }, ...rest),
  );
const write = () =>
  link.write<{ addIndex: bigint }>(
    "AddInvoice",
    ({ lightning }, ...rest) => lightning.addInvoice(Invoice.fromPartial({ value: 1n }), ...rest),
    { role: "invoice" },
  );
const follow = (settings?: StreamSettings) =>
  link.stream<Invoice>(
    "SubscribeInvoices",
    ({ lightning }, ...rest) => lightning.subscribeInvoices({ addIndex: 0n, settleIndex: 0n }, ...rest),
    settings,
  );

async function rejectionOf(work: Promise<unknown>): Promise<AppError> {
  try {
    await work;
  } catch (thrown) {
    if (thrown instanceof AppError) return thrown;
    throw thrown;
  }
  throw new Error("expected an AppError, nothing was thrown");
}

const verdictOf = async (work: Promise<unknown>): Promise<string> => {
  const { code, details } = await rejectionOf(work);
  const name = details?.["reason"] ?? details?.["daemon_name"];
  return typeof name === "string" ? `${code} ${name}` : code;
};

async function restartWith(options: CertificateOptions, isTrusted = true): Promise<void> {
  const certificate = await makeCertificate(options);
  daemon.stop();
  if (isTrusted) daemon.trust(certificate);
  await daemon.start(certificate);
}

beforeEach(async () => {
  answers.walletBalance = () => ({ totalBalance: 7n });
  answers.addInvoice = () => ({ addIndex: 1n });
  answers.subscribeInvoices = () => undefined;
  calls.length = 0;
  observed.length = 0;
  daemon.arrived.length = 0;
  daemon.writeMacaroon(MACAROON);
  await restartWith({});
  connect();
});

afterEach(() => {
  link.close();
  daemon.stop();
});

afterAll(() => rmSync(folder, { recursive: true }));

describe("a certificate", () => {
  test.each<[string, CertificateOptions, string]>([
    ["that has expired", { expiresInDays: -1 }, "certificate_expired"],
    ["for another name", { name: "elsewhere" }, "certificate_name_mismatch"],
  ])(
    "%s is an operator's matter: named, not retried, not counted by the breaker, and nothing is sent",
    async (_what, options, reason) => {
      await restartWith(options);
      connect({ breakerThreshold: 1 });
      expect(await verdictOf(read())).toBe(`daemon_auth_failed ${reason}`);
      expect(await verdictOf(write())).toBe(`daemon_auth_failed ${reason}`);
      expect(observed).toEqual([`WalletBalance ${reason}`, `AddInvoice ${reason}`]);
      expect([link.breaker, link.lastErrorCode, daemon.arrived]).toEqual(["closed", reason, []]);
    },
  );

  test("with another name is accepted where that name is configured", async () => {
    await restartWith({ name: "elsewhere" });
    connect({ tlsServerName: "elsewhere" });
    await expect(read()).resolves.toMatchObject({ totalBalance: 7n });
  });

  test("that was rotated together with its file is taken by the next call, reads and writes alike", async () => {
    await read();
    await restartWith({});
    await expect(read()).resolves.toMatchObject({ totalBalance: 7n });
    connect();
    await restartWith({});
    await expect(write()).resolves.toMatchObject({ addIndex: 1n });
  });

  test("that the daemon rotated alone is not trusted until the file follows", async () => {
    await read();
    await restartWith({}, false);
    await until(() => link.connectionState !== "ready");
    expect(await verdictOf(read())).toBe("daemon_auth_failed certificate_untrusted");
    await restartWith({});
    await expect(read()).resolves.toMatchObject({ totalBalance: 7n });
  });

  test("of our own is shown to a daemon that asks for one, and named when it is missing", async () => {
    const [server, client] = await Promise.all([makeCertificate(), makeCertificate({ name: "gateway" })]);
    daemon.stop();
    daemon.trust(server);
    await daemon.start(server, client);
    connect({ retryAttemptsMax: 0 });
    expect(await verdictOf(read())).toBe("daemon_auth_failed client_certificate_refused");
    connect({
      tlsClientCertFile: daemon.writeFile("client.pem", client.cert),
      tlsClientKeyFile: daemon.writeFile("client.key", client.key),
    });
    await expect(read()).resolves.toMatchObject({ totalBalance: 7n });
  });
});

describe("a macaroon", () => {
  const refused = (text: string) => () => {
    throw failure(status.UNKNOWN, text);
  };

  test("goes along as one value in hex, the role's own where there is one", async () => {
    connect({ roleMacaroonFiles: { invoice: daemon.writeFile("invoice.macaroon", "\u0002abc"), pay: undefined } });
    await read();
    await write();
    const sent = daemon.arrived.map((metadata) => metadata.get("macaroon"));
    expect(sent).toEqual([[MACAROON], ["02616263"]]);
  });

  test.each([
    ["verification failed: signature mismatch after caveat verification", "macaroon_invalid"],
    ["expected 1 macaroon, got 0", "macaroon_missing"],
    ["permission denied", "macaroon_scope"],
    ["cannot retrieve macaroon: cannot get macaroon: root key with id 1 doesn't exist", "macaroon_revoked"],
  ])(
    "that is refused with '%s' is asked once, counts for no breaker and waits for an operator",
    async (text, reason) => {
      connect({ breakerThreshold: 1 });
      answers.walletBalance = refused(text);
      const error = await rejectionOf(read());
      expect([error.code, error.details]).toEqual(["daemon_auth_failed", { service: "lnd", reason }]);
      expect([error.retry, error.retryAfterSeconds]).toEqual(["backoff", 60]);
      expect([calls, link.breaker, observed]).toEqual([["walletBalance"], "closed", [`WalletBalance ${reason}`]]);
    },
  );

  test("that was replaced on disk is read again after a refusal, and the call made once more, also a write", async () => {
    await read();
    daemon.writeMacaroon("02cafe");
    answers.addInvoice = () => {
      if (daemon.arrived.at(-1)?.get("macaroon")[0] === "02cafe") return { addIndex: 2n };
      throw failure(status.UNKNOWN, "verification failed: signature mismatch after caveat verification");
    };
    await expect(write()).resolves.toMatchObject({ addIndex: 2n });
  });

  test("never shows in an error, however deep one looks, nor in the log of one", async () => {
    const lines: string[] = [];
    const stream = new PassThrough().on("data", (chunk: Buffer) => lines.push(chunk.toString()));
    const log = createLogger({ service: "test", level: "debug", stream });
    for (const text of ["permission denied", "something new"]) {
      answers.walletBalance = refused(text);
      const error = await rejectionOf(read());
      expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(MACAROON);
      log.error("a call failed", { error });
    }
    daemon.stop();
    log.error("a call failed", { error: await rejectionOf(read()) });
    await until(() => lines.length === 3);
    expect(lines.join("")).not.toContain(MACAROON);
  });
});

describe("what the daemon says about itself", () => {
  test.each([
    ["wallet locked, unlock it to enable full RPC access", "wallet_locked"],
    ["wallet not created, create one to enable full RPC access", "wallet_not_created"],
    ["waiting to start, RPC services not available", "waiting_to_start"],
    ["the RPC server is in the process of starting up, but not yet ready to accept calls", "starting"],
  ])("'%s' leaves a write undone, to be tried later", async (text, reason) => {
    answers.addInvoice = () => {
      throw failure(status.UNKNOWN, text);
    };
    const error = await rejectionOf(write());
    expect([error.code, error.details]).toEqual(["daemon_unavailable", { service: "lnd", reason }]);
    expect(link.breaker).toBe("closed");
  });

  test("its wallet state is answered while the wallet is locked", async () => {
    const { state } = await link.read<GetStateResponse>("GetState", (clients, ...rest) =>
      clients.state.getState({}, ...rest),
    );
    expect(state).toBe(WalletState.LOCKED);
  });

  test("a UNAVAILABLE of its own is an answer: not repeated, not counted", async () => {
    connect({ breakerThreshold: 1 });
    answers.walletBalance = () => {
      throw failure(status.UNAVAILABLE, "the RPC server is not ready to accept requests");
    };
    expect(await verdictOf(read())).toBe("daemon_unavailable starting");
    expect([calls.length, link.breaker]).toEqual([1, "closed"]);
  });

  test("a sub-server that this build lacks is named", async () => {
    const cancel = link.write("CancelInvoice", ({ invoices }, ...rest) =>
      invoices.cancelInvoice({ paymentHash: Buffer.alloc(32) }, ...rest),
    );
    const error = await rejectionOf(cancel);
    expect([error.code, error.retry, error.message]).toEqual([
      "daemon_rejected",
      "never",
      "This lnd does not serve invoicesrpc.Invoices",
    ]);
  });

  test("a text that a rule knows is a refusal; one that none knows leaves a write open", async () => {
    answers.addInvoice = () => {
      throw failure(status.UNKNOWN, "invoice with payment hash already exists");
    };
    expect(await verdictOf(write())).toBe("daemon_rejected invoice_exists");
    answers.addInvoice = answers.walletBalance = () => {
      throw failure(status.UNKNOWN, "something new");
    };
    expect(await verdictOf(write())).toBe("outcome_unknown");
    expect(await verdictOf(read())).toBe("internal_error");
  });
});

test("a call that its caller gives up says nothing about the daemon, and is unknown when it is a write", async () => {
  connect({ breakerThreshold: 1, retryAttemptsMax: 0 });
  answers.walletBalance = answers.addInvoice = () => new Promise(() => undefined);
  const giveUp = new AbortController();
  const { signal } = giveUp;
  const reading = link.read(
    "WalletBalance",
    (c, ...rest) => c.lightning.walletBalance({ account: "", minConfs: 0 }, ...rest),
    {
      signal,
    },
  );
  const writing = link.write("AddInvoice", (c, ...rest) => c.lightning.addInvoice(Invoice.fromPartial({}), ...rest), {
    signal,
  });
  const ended = Promise.all([verdictOf(reading), verdictOf(writing)]);
  await until(() => calls.length === 2);
  giveUp.abort();
  expect(await ended).toEqual(["daemon_unavailable", "outcome_unknown"]);
  expect(link.breaker).toBe("closed");
});

describe("a reply of 5 MiB", () => {
  const large = () => ({ paymentRequest: "x".repeat(5 * 1024 * 1024), addIndex: 1n });

  test("is read", async () => {
    answers.addInvoice = large;
    await expect(write()).resolves.toMatchObject({ addIndex: 1n });
  });

  test("above the limit is named with the setting that allows it; a write's outcome is unknown", async () => {
    connect({ maxReplyBytes: 1_048_576 });
    answers.addInvoice = large;
    expect(await verdictOf(write())).toBe("outcome_unknown");
    const error = await rejectionOf(
      link.read("AddInvoice", ({ lightning }, ...rest) => lightning.addInvoice(Invoice.fromPartial({}), ...rest)),
    );
    expect([error.code, error.details?.["daemon_name"]]).toEqual(["daemon_rejected", "reply_too_large"]);
    expect(error.message).toContain("GRPC_MAX_REPLY_LENGTH");
  });
});

describe("a stream", () => {
  const first = Invoice.fromPartial({ addIndex: 1n });
  const two = [first, Invoice.fromPartial({ addIndex: 2n })];
  const collect = async (stream: AsyncIterable<Invoice>) => {
    const seen: bigint[] = [];
    for await (const { addIndex } of stream) seen.push(addIndex);
    return seen;
  };

  test("ends after its messages when the daemon ends it cleanly", async () => {
    answers.subscribeInvoices = (stream) => {
      for (const invoice of two) stream.write(invoice);
      stream.end();
    };
    await expect(collect(follow({ role: "invoice" }))).resolves.toEqual([1n, 2n]);
    expect(observed).toEqual(["SubscribeInvoices ok"]);
    expect(daemon.arrived[0]?.get("macaroon")).toEqual([MACAROON]);
    expect(daemon.arrived[0]?.get("x-request-id")).toEqual(["request-1"]);
  });

  test("that breaks after a message is daemon_unavailable for a subscription and outcome_unknown for a write", async () => {
    answers.subscribeInvoices = (stream) => {
      stream.write(first, () => daemon.stop());
    };
    expect(await verdictOf(collect(follow()))).toBe("daemon_unavailable");
    expect(observed.at(-1)).toMatch(/^SubscribeInvoices broke (UNAVAILABLE|CANCELLED)$/);
    await restartWith({});
    expect(await verdictOf(collect(follow({ kind: "write" })))).toBe("outcome_unknown");
  });

  test("to a daemon that is away was certainly not sent", async () => {
    connect({ timeoutMs: 100 });
    daemon.stop();
    expect(await verdictOf(collect(follow({ kind: "write", timeoutMs: 100 })))).toBe("daemon_unavailable");
  });

  test("that the daemon refuses is read like any refusal", async () => {
    answers.subscribeInvoices = (stream) => {
      stream.emit("error", failure(status.UNKNOWN, "permission denied"));
    };
    expect(await verdictOf(collect(follow()))).toBe("daemon_auth_failed macaroon_scope");
    expect(observed).toEqual(["SubscribeInvoices macaroon_scope"]);
  });

  test("ends quietly when its reader gives up; a write given up is unknown", async () => {
    let cancelled = 0;
    answers.subscribeInvoices = (stream) => {
      stream.on("cancelled", () => (cancelled += 1));
      stream.write(first);
    };
    for (const kind of ["read", "write"] as const) {
      const giveUp = new AbortController();
      const messages = follow({ kind, signal: giveUp.signal });
      expect((await messages.next()).value).toMatchObject({ addIndex: 1n });
      giveUp.abort();
      const end = messages.next();
      if (kind === "read") await expect(end).resolves.toMatchObject({ done: true });
      else expect(await verdictOf(end)).toBe("outcome_unknown");
    }
    await until(() => cancelled === 2);
  });

  test("is cancelled at the daemon when its reader leaves", async () => {
    let isCancelled = false;
    answers.subscribeInvoices = (stream) => {
      stream.on("cancelled", () => (isCancelled = true));
      stream.write(first);
    };
    for await (const _ of follow()) break;
    await until(() => isCancelled);
  });

  test("is broken by a reconnect, so that it is opened anew on the new connection; unary calls end by themselves", async () => {
    let release = (_reply: unknown): void => undefined;
    answers.subscribeInvoices = (stream) => stream.write(first);
    const messages = follow();
    await messages.next();
    answers.addInvoice = () => ({ addIndex: 3n });
    const held = new Promise((resolve) => (release = resolve));
    answers.walletBalance = () => held;
    const reading = read();
    link.reconnect();
    expect(await verdictOf(messages.next())).toBe("daemon_unavailable");
    release({ totalBalance: 9n });
    await expect(write()).resolves.toMatchObject({ addIndex: 3n });
    await expect(reading).resolves.toMatchObject({ totalBalance: 9n });
  });

  test("with a deadline ends there", async () => {
    answers.subscribeInvoices = (stream) => stream.write(first);
    expect(await verdictOf(collect(follow({ kind: "write", timeoutMs: 50 })))).toBe("outcome_unknown");
  });

  const fail = (stream: InvoiceStream) => stream.emit("error", failure(status.UNAVAILABLE));

  test("that fails after it was opened counts like any other call, and as many as the threshold open the breaker", async () => {
    connect({ breakerThreshold: 3, retryAttemptsMax: 0 });
    answers.subscribeInvoices = fail;
    answers.walletBalance = () => {
      throw failure(status.UNAVAILABLE);
    };
    for (const call of [() => collect(follow()), read, () => collect(follow({ kind: "write" }))]) {
      expect(link.breaker).toBe("closed");
      await rejectionOf(call());
    }
    expect(link.breaker).toBe("open");
  });

  test("that brings nothing within a deadline as short as a unary call's counts as well", async () => {
    connect({ breakerThreshold: 2 });
    for (const breaker of ["closed", "open"]) {
      expect(await verdictOf(collect(follow({ timeoutMs: 50 })))).toBe("daemon_unavailable");
      expect(link.breaker).toBe(breaker);
    }
  });

  test("that the daemon answers, with a message, an end or a refusal, clears what was counted", async () => {
    const starts: ((stream: InvoiceStream) => unknown)[] = [
      (stream) => stream.write(first, () => fail(stream)),
      (stream) => stream.end(),
      (stream) => stream.emit("error", failure(status.UNKNOWN, "permission denied")),
    ];
    for (const start of starts) {
      connect({ breakerThreshold: 2 });
      for (const answer of [fail, start, fail]) {
        answers.subscribeInvoices = answer;
        await collect(follow()).catch(() => undefined);
      }
      expect(link.breaker).toBe("closed");
    }
  });

  test("that is the probe opens the breaker again when it fails, and closes it when the daemon answers", async () => {
    connect({ breakerThreshold: 1, breakerTimeoutMs: 0 });
    answers.subscribeInvoices = fail;
    await rejectionOf(collect(follow()));
    await rejectionOf(collect(follow()));
    answers.subscribeInvoices = (stream) => stream.end();
    await collect(follow());
    expect(observed.filter((line) => line.startsWith("breaker"))).toEqual([
      "breaker open",
      "breaker half_open",
      "breaker open",
      "breaker half_open",
      "breaker closed",
    ]);
  });

  test("that is the probe and stays quiet gives way to the next call, and is read on when its news come", async () => {
    connect({ breakerThreshold: 1, breakerTimeoutMs: 0, timeoutMs: 200 });
    answers.subscribeInvoices = fail;
    await rejectionOf(collect(follow()));
    let tell = (): void => undefined;
    answers.subscribeInvoices = (stream) => (tell = () => stream.write(first));
    const news = follow().next();
    await until(() => link.breaker === "half_open");
    expect(await verdictOf(read())).toBe("daemon_unavailable");
    await until(() => link.breaker === "open");
    await expect(read()).resolves.toMatchObject({ totalBalance: 7n });
    expect(link.breaker).toBe("closed");
    tell();
    expect((await news).value).toMatchObject({ addIndex: 1n });
  });

  test("that its reader gives up as the probe leaves the probe to the next call", async () => {
    connect({ breakerThreshold: 1, breakerTimeoutMs: 0 });
    answers.subscribeInvoices = fail;
    await rejectionOf(collect(follow()));
    answers.subscribeInvoices = () => undefined;
    const giveUp = new AbortController();
    const end = collect(follow({ signal: giveUp.signal }));
    await until(() => daemon.arrived.length === 2);
    giveUp.abort();
    await expect(end).resolves.toEqual([]);
    expect(link.breaker).toBe("open");
    await read();
    expect(link.breaker).toBe("closed");
  });

  test("is not opened while the breaker is open", async () => {
    connect({ breakerThreshold: 1, retryAttemptsMax: 0 });
    answers.walletBalance = () => {
      throw failure(status.UNAVAILABLE);
    };
    await rejectionOf(read());
    expect(await verdictOf(collect(follow()))).toBe("daemon_unavailable");
    expect(daemon.arrived).toHaveLength(1);
  });
});
