import { readFileSync } from "node:fs";
import { connect, constants } from "node:http2";

import { Metadata, type ServiceError, credentials, status } from "@grpc/grpc-js";

import {
  AddressType,
  Invoice,
  LightningClient,
  ListChannelsRequest,
  ListInvoiceRequest,
  ListPaymentsRequest,
} from "@arkrelay/daemons/proto/lnrpc/lightning";
import { WalletState } from "@arkrelay/daemons/proto/lnrpc/stateservice";

import { RunningLnd, StreamReader, call, refusalOf } from "./testing/an-lnd";

let lnd: RunningLnd;
beforeEach(async () => {
  lnd = await RunningLnd.start();
});
afterEach(async () => {
  await lnd.stop();
});

function bareClient(): LightningClient {
  return new LightningClient(lnd.address, lnd.credentials());
}

function getInfo(client: LightningClient = lnd.lightning, metadata = new Metadata()): Promise<unknown> {
  return call((reply) => client.getInfo({}, metadata, reply));
}

/** A stream says nothing when it opens; a call behind it on the same connection is answered after that. */
async function subscribed(): Promise<StreamReader<Invoice>> {
  const reader = new StreamReader(lnd.lightning.subscribeInvoices({ addIndex: 0n, settleIndex: 0n }));
  await getInfo();
  return reader;
}

describe("lnd's macaroons", () => {
  it.each([
    ["no macaroon", [], "expected 1 macaroon, got 0"],
    ["two macaroons", ["00", "00"], "expected 1 macaroon, got 2"],
    ["bytes that are none", ["00ff"], "unmarshal macaroon: unsupported macaroon version"],
  ])("are missed in lnd's words when there is %s", async (_name, values, text) => {
    const client = bareClient();
    const metadata = new Metadata();
    for (const value of values) metadata.add("macaroon", value);
    expect(await refusalOf(getInfo(client, metadata))).toEqual([status.UNKNOWN, text]);
    client.close();
  });

  type Start = (reply: (error: ServiceError | null, answer: unknown) => void) => unknown;
  const requests = {
    addInvoice: (client, metadata) => (reply) => client.addInvoice(Invoice.fromPartial({}), metadata, reply),
    listInvoices: (client, metadata) => (reply) =>
      client.listInvoices(ListInvoiceRequest.fromPartial({}), metadata, reply),
    listPayments: (client, metadata) => (reply) =>
      client.listPayments(ListPaymentsRequest.fromPartial({}), metadata, reply),
    listChannels: (client, metadata) => (reply) =>
      client.listChannels(ListChannelsRequest.fromPartial({}), metadata, reply),
    listPeers: (client, metadata) => (reply) => client.listPeers({ latestError: false }, metadata, reply),
    newAddress: (client, metadata) => (reply) =>
      client.newAddress({ type: AddressType.TAPROOT_PUBKEY, account: "" }, metadata, reply),
    walletBalance: (client, metadata) => (reply) => client.walletBalance({ account: "", minConfs: 0 }, metadata, reply),
  } satisfies Record<string, (client: LightningClient, metadata: Metadata) => Start>;

  /** For every role: what it may do and what it may not, as the gateway relies on. */
  it.each([
    ["readonly", "listInvoices", true],
    ["readonly", "listPayments", true],
    ["readonly", "addInvoice", false],
    ["readonly", "newAddress", false],
    ["invoice", "addInvoice", true],
    ["invoice", "listChannels", false],
    ["gateway-invoice", "addInvoice", true],
    ["gateway-invoice", "listInvoices", true],
    ["gateway-invoice", "newAddress", true],
    ["gateway-invoice", "walletBalance", false],
    ["gateway-invoice", "listPayments", false],
    ["gateway-pay", "listPayments", true],
    ["gateway-pay", "addInvoice", false],
    ["gateway-pay", "listInvoices", false],
    ["gateway-pay", "walletBalance", false],
    ["gateway-channel", "walletBalance", true],
    ["gateway-channel", "listPeers", true],
    ["gateway-channel", "listInvoices", false],
    ["admin", "newAddress", true],
  ] as const)("of the file %s: %s allowed = %s", async (name, method, isAllowed) => {
    const client = bareClient();
    const outcome = await call(requests[method](client, lnd.macaroon(name))).then(
      () => "",
      (error: ServiceError) => error.details,
    );
    expect(outcome).toBe(isAllowed ? "" : "permission denied");
    client.close();
  });

  it("answer CheckMacaroonPermissions with yes, or with the reason as INVALID_ARGUMENT", async () => {
    const check = (name: string, action: string) =>
      call((reply) =>
        lnd.lightning.checkMacaroonPermissions(
          {
            macaroon: readFileSync(lnd.daemon.macaroonFiles[name] ?? ""),
            permissions: [{ entity: "invoices", action }],
            fullMethod: "",
            checkDefaultPermsFromFullMethod: false,
          },
          reply,
        ),
      );
    expect(await check("gateway-invoice", "write")).toEqual({ valid: true });
    expect(await refusalOf(check("readonly", "write"))).toEqual([status.INVALID_ARGUMENT, "permission denied"]);
  });

  it("are refused like revoked ones while the fault is on", async () => {
    lnd.fault("bad_macaroon");
    expect(await refusalOf(getInfo())).toEqual([
      status.UNKNOWN,
      "cannot retrieve macaroon: cannot get macaroon: root key with id 0 doesn't exist",
    ]);
    await getInfo();
  });
});

describe("lnd's certificate", () => {
  it("names this machine and nothing else", async () => {
    const client = new LightningClient(`127.0.0.1:${lnd.daemon.port}`, lnd.credentials());
    await call((reply) => client.getInfo({}, lnd.macaroon("readonly"), reply));
    client.close();
    const misnamed = new LightningClient(lnd.address, lnd.credentials(), {
      "grpc.ssl_target_name_override": "example.com",
    });
    const [code] = await refusalOf(getInfo(misnamed, lnd.macaroon("readonly")));
    expect(code).toBe(status.UNAVAILABLE);
    misnamed.close();
  });

  it("cuts off whoever trusts the old one after a rotation, and serves whoever reads the file again", async () => {
    const old = bareClient();
    await call((reply) => old.getInfo({}, lnd.macaroon("readonly"), reply));
    await lnd.daemon.rotateTls();
    expect((await refusalOf(getInfo(old, lnd.macaroon("readonly"))))[0]).toBe(status.UNAVAILABLE);
    const fresh = bareClient();
    await call((reply) => fresh.getInfo({}, lnd.macaroon("readonly"), reply));
    for (const client of [old, fresh]) client.close();
  });

  it("is refused by clients when it has expired", async () => {
    const yesterday = new Date(Date.now() - 86_400_000);
    await lnd.daemon.rotateTls({ notBefore: new Date(yesterday.getTime() - 86_400_000), notAfter: yesterday });
    const client = bareClient();
    const [code, text] = await refusalOf(getInfo(client, lnd.macaroon("readonly")));
    expect([code, text]).toEqual([status.UNAVAILABLE, expect.stringContaining("certificate has expired")]);
    client.close();
  });

  it("is asked for: a client without TLS gets nowhere", async () => {
    const client = new LightningClient(lnd.address, credentials.createInsecure());
    expect((await refusalOf(getInfo(client, lnd.macaroon("admin"))))[0]).toBe(status.UNAVAILABLE);
    client.close();
  });
});

describe("lnd's wallet states", () => {
  it.each([
    ["waiting_to_start", "waiting to start, RPC services not available", WalletState.WAITING_TO_START],
    ["non_existing", "wallet not created, create one to enable full RPC access", WalletState.NON_EXISTING],
    ["locked", "wallet locked, unlock it to enable full RPC access", WalletState.LOCKED],
    [
      "unlocked",
      "the RPC server is in the process of starting up, but not yet ready to accept calls",
      WalletState.UNLOCKED,
    ],
  ] as const)("refuse calls while %s, and are told without a macaroon", async (walletState, text, wire) => {
    lnd.engine.changeSettings({ walletState });
    expect(await refusalOf(getInfo())).toEqual([status.UNKNOWN, text]);
    expect(await call((reply) => lnd.state.getState({}, reply))).toEqual({ state: wire });
  });

  it("let a started RPC server serve reads before it can open channels", async () => {
    lnd.engine.changeSettings({ walletState: "rpc_active" });
    await getInfo();
    const connecting = call((reply) => lnd.lightning.connectPeer({ addr: undefined, perm: false, timeout: 0n }, reply));
    expect(await refusalOf(connecting)).toEqual([status.UNKNOWN, "server is still in the process of starting"]);
  });

  it("end every stream when a fault locks the wallet, and are followed by SubscribeState", async () => {
    const invoices = await subscribed();
    const before = new StreamReader(lnd.state.subscribeState({}));
    expect(await before.next()).toEqual({ state: WalletState.SERVER_ACTIVE });
    const fault = lnd.fault("locked");
    expect((await invoices.rest()).error).toBeUndefined();
    const locked = new StreamReader(lnd.state.subscribeState({}));
    expect(await locked.next()).toEqual({ state: WalletState.LOCKED });
    lnd.faults.remove(fault);
    expect(await locked.next()).toEqual({ state: WalletState.SERVER_ACTIVE });
    locked.stream.cancel();
  });

  it("answer UNIMPLEMENTED for sub-servers that the build lacks, and leave them out of the build tags", async () => {
    lnd.engine.changeSettings({ missingSubservers: ["invoicesrpc"] });
    const settling = call((reply) => lnd.invoices.settleInvoice({ preimage: Buffer.alloc(32) }, reply));
    expect(await refusalOf(settling)).toEqual([status.UNIMPLEMENTED, "unknown service invoicesrpc.Invoices"]);
    const version = await call<{ buildTags: string[] }>((reply) => lnd.versioner.getVersion({}, reply));
    expect(version.buildTags).not.toContain("invoicesrpc");
  });
});

describe("lnd under faults", () => {
  it("refuses before the effect, or loses the reply after it", async () => {
    lnd.fault("error_before", "NewAddress", { code: "UNAVAILABLE" });
    lnd.fault("lose_reply", "NewAddress", { code: "DEADLINE_EXCEEDED" });
    const ask = () =>
      call((reply) => lnd.lightning.newAddress({ type: AddressType.TAPROOT_PUBKEY, account: "" }, reply));
    const count = () => lnd.engine.store.addresses.size;
    const before = count();
    expect((await refusalOf(ask()))[0]).toBe(status.UNAVAILABLE);
    expect(count()).toBe(before);
    expect((await refusalOf(ask()))[0]).toBe(status.DEADLINE_EXCEEDED);
    expect(count()).toBe(before + 1);
  });

  it("answers with a reply that is larger than clients take by default", async () => {
    lnd.fault("oversized_reply", "GetInfo", { times: 2 });
    const client = bareClient();
    const [code, text] = await refusalOf(getInfo(client, lnd.macaroon("readonly")));
    expect([code, text]).toEqual([status.RESOURCE_EXHAUSTED, expect.stringContaining("larger than max")]);
    expect(await getInfo()).toMatchObject({ alias: "devnet" });
    client.close();
  });

  it("lets an open stream go silent without ending it", async () => {
    const reader = await subscribed();
    lnd.engine.addInvoice({ valueMsat: 0n });
    await reader.next();
    lnd.fault("stall", "SubscribeInvoices");
    lnd.engine.addInvoice({ valueMsat: 0n });
    // The connection lives: other calls are answered.
    await getInfo();
    reader.stream.cancel();
    const { messages } = await reader.rest();
    expect(messages).toEqual([]);
  });

  it("cuts streams with a status, and doubles or drops their events", async () => {
    const reader = await subscribed();
    lnd.engine.addInvoice({ valueMsat: 0n });
    await reader.next();
    lnd.fault("drop", "SubscribeInvoices");
    lnd.engine.addInvoice({ valueMsat: 0n });
    lnd.fault("duplicate", "SubscribeInvoices");
    lnd.engine.addInvoice({ valueMsat: 0n });
    lnd.fault("cut_stream", "SubscribeInvoices", { code: "CANCELLED" });
    const { messages, error } = await reader.rest();
    expect([messages.map(({ addIndex }) => addIndex), error?.code]).toEqual([[3n, 3n], status.CANCELLED]);
  });

  it("ends streams cleanly when it restarts, drops the connection and keeps its state", async () => {
    const { paymentHash } = lnd.engine.addInvoice({ valueMsat: 5_000n });
    const reader = await subscribed();
    lnd.engine.addInvoice({ valueMsat: 0n });
    await reader.next();
    await lnd.daemon.restart(0);
    expect((await reader.rest()).error).toBeUndefined();
    const lookUp = () =>
      call<Invoice>((reply) =>
        lnd.lightning.lookupInvoice(
          { rHash: Buffer.from(paymentHash, "hex"), rHashStr: "" },
          new Metadata({ waitForReady: true }),
          { deadline: Date.now() + 10_000 },
          reply,
        ),
      );
    // A client that has not noticed the drop yet notices it by its next call.
    const found = await lookUp().catch(lookUp);
    expect(found).toMatchObject({ valueMsat: 5_000n });
  });

  it("is gone while it is down", async () => {
    const fault = lnd.fault("down");
    expect((await refusalOf(getInfo()))[0]).toBe(status.UNAVAILABLE);
    lnd.faults.remove(fault);
    lnd.lightning.waitForReady(Date.now() + 10_000, () => undefined);
    const metadata = new Metadata({ waitForReady: true });
    await call((reply) => lnd.lightning.getInfo({}, metadata, { deadline: Date.now() + 10_000 }, reply));
  });
});

describe("lnd's ping policy", () => {
  it("says too_many_pings to a client that pings without calls, and ends the connection", async () => {
    const session = connect(`https://${lnd.address}`, { ca: readFileSync(lnd.daemon.tlsCertFile) });
    const goaway = new Promise<readonly [number, string]>((resolve) =>
      session.on("goaway", (code, _stream, data: Buffer) => resolve([code, data.toString()])),
    );
    const closed = new Promise((resolve) => session.on("close", resolve));
    // The connection ends under the last pings.
    session.on("error", () => undefined);
    await new Promise((resolve) => session.on("remoteSettings", resolve));
    for (let count = 0; count < 4; count += 1) session.ping(() => undefined);
    expect(await goaway).toEqual([constants.NGHTTP2_ENHANCE_YOUR_CALM, "too_many_pings"]);
    await closed;
  });
});
