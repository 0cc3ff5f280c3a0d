import { readFileSync } from "node:fs";

import { type ServiceError, credentials, status } from "@grpc/grpc-js";

import { MintAsset, MintClient } from "@arkrelay/daemons/proto/mintrpc/mint";
import {
  type ListAssetResponse,
  ListAssetRequest,
  NewAddrRequest,
  type ReceiveEvent,
  TaprootAssetsClient,
  TaprootAssetsService,
} from "@arkrelay/daemons/proto/taprpc/taprootassets";
import { SyncRequest } from "@arkrelay/daemons/proto/universerpc/universe";

import { plainAsset } from "./engine/check-new-asset";
import { type RunningTapd, aTapd, call, clientCredentials, messagesOf, refusalOf } from "./testing/a-tapd";
import { TAPD_PERMISSIONS } from "./transport/tapd-permissions";

let tapd: RunningTapd;

beforeEach(async () => {
  tapd = await aTapd();
});
afterEach(() => tapd.close());

const once = { target: "tapd", times: 1, probability: 1 } as const;

function getInfo(client = tapd.assets): Promise<unknown> {
  return call((reply) => client.getInfo({}, reply));
}

function newAddr(client = tapd.assets) {
  return call((reply) => client.newAddr(NewAddrRequest.fromPartial({ amt: 1n }), reply));
}

describe("macaroons", () => {
  it("are asked for by every call", async () => {
    const client = new TaprootAssetsClient(tapd.address, clientCredentials(tapd.daemon, ""));
    expect(await refusalOf(getInfo(client))).toEqual([status.UNKNOWN, "expected 1 macaroon, got 0"]);
    client.close();
  });

  it("of the readonly kind read and do not write", async () => {
    const creds = clientCredentials(tapd.daemon, "readonly");
    const [assets, mint] = [new TaprootAssetsClient(tapd.address, creds), new MintClient(tapd.address, creds)];
    await getInfo(assets);
    expect(await refusalOf(newAddr(assets))).toEqual([status.UNKNOWN, "permission denied"]);
    expect(await refusalOf(call((reply) => mint.cancelBatch({}, reply)))).toEqual([
      status.UNKNOWN,
      "permission denied",
    ]);
    assets.close();
    mint.close();
  });

  it("are known for every call of the service", () => {
    const paths = Object.values(TaprootAssetsService).map(({ path }) => path);
    expect(paths.filter((path) => !TAPD_PERMISSIONS.has(path))).toEqual([]);
  });

  it("can be revoked by a fault", async () => {
    tapd.faults.add({ ...once, method: "*", kind: "bad_macaroon" });
    expect(await refusalOf(getInfo())).toEqual([
      status.UNKNOWN,
      "cannot retrieve macaroon: cannot get macaroon: root key with id 0 doesn't exist",
    ]);
    await getInfo();
  });
});

describe("TLS", () => {
  it("is not served to who does not trust the certificate", async () => {
    const client = new TaprootAssetsClient(tapd.address, credentials.createSsl());
    const deadline = new Date(Date.now() + 3_000);
    const refused = call((reply) => client.waitForReady(deadline, (error) => reply(error as ServiceError, undefined)));
    await expect(refused).rejects.toThrow(/Failed to connect/);
    client.close();
  });

  it("changes its certificate; a client with the new file goes on", async () => {
    const before = readFileSync(tapd.daemon.tlsCertFile, "utf8");
    await tapd.daemon.rotateTls();
    expect(readFileSync(tapd.daemon.tlsCertFile, "utf8")).not.toBe(before);
    const client = new TaprootAssetsClient(tapd.address, clientCredentials(tapd.daemon, "admin"));
    await getInfo(client);
    client.close();
  });
});

describe("faults", () => {
  it("error_before answers the code and leaves nothing behind", async () => {
    tapd.faults.add({ ...once, method: "CancelBatch", kind: "error_before", code: "DEADLINE_EXCEEDED" });
    expect((await refusalOf(call((reply) => tapd.mint.cancelBatch({}, reply))))[0]).toBe(status.DEADLINE_EXCEEDED);
  });

  it("lose_reply has the effect and loses the answer", async () => {
    tapd.faults.add({ ...once, method: "MintAsset", kind: "lose_reply" });
    const asset = { name: "gold", amount: 5n };
    const mint = call((reply) => tapd.mint.mintAsset({ asset: aMintAsset(asset), shortResponse: true }, reply));
    expect((await refusalOf(mint))[0]).toBe(status.UNAVAILABLE);
    expect(tapd.engine.minter.list()).toMatchObject([{ state: "pending", seedlings: [asset] }]);
  });

  it("locked answers as a daemon that is still starting", async () => {
    const { id } = tapd.faults.add({ ...once, method: "*", kind: "locked" });
    expect(await refusalOf(getInfo())).toEqual([
      status.UNKNOWN,
      "the RPC server is in the process of starting up, but not yet ready to accept calls",
    ]);
    const sync = call((reply) => tapd.universe.syncUniverse(SyncRequest.fromPartial({}), reply));
    expect(await refusalOf(sync)).toEqual([status.UNAVAILABLE, "the RPC server is not ready to accept requests"]);
    tapd.faults.remove(id);
    await getInfo();
  });

  it("oversized_reply is more than a client of 4 MiB takes", async () => {
    tapd.faults.add({ ...once, method: "ListAssets", kind: "oversized_reply" });
    const list = call<ListAssetResponse>((reply) => tapd.assets.listAssets(ListAssetRequest.fromPartial({}), reply));
    expect((await refusalOf(list))[0]).toBe(status.RESOURCE_EXHAUSTED);
  });

  it("cut_stream ends an open stream with the code", async () => {
    const told = messagesOf<ReceiveEvent>(
      tapd.assets.subscribeReceiveEvents({ filterAddr: "", startTimestamp: 0n }),
      1,
    );
    await getInfo();
    tapd.faults.add({ ...once, method: "SubscribeReceiveEvents", kind: "cut_stream" });
    expect((await refusalOf(told))[0]).toBe(status.UNAVAILABLE);
  });

  it("down drops every connection until it is deleted", async () => {
    await getInfo();
    const { id } = tapd.faults.add({ ...once, method: "*", kind: "down" });
    expect((await refusalOf(getInfo()))[0]).toBe(status.UNAVAILABLE);
    tapd.faults.remove(id);
    const deadline = new Date(Date.now() + 10_000);
    await call((reply) =>
      tapd.assets.waitForReady(deadline, (error) => reply((error ?? null) as ServiceError, undefined)),
    );
    await getInfo();
  });
});

it("ends streams cleanly when it restarts, and keeps its state", async () => {
  tapd.engine.minter.queue(plainAsset("gold", 5n));
  const told = messagesOf<ReceiveEvent>(tapd.assets.subscribeReceiveEvents({ filterAddr: "", startTimestamp: 0n }), 1);
  await getInfo();
  await tapd.daemon.restart(0);
  expect(await told).toEqual([]);
  expect(tapd.engine.minter.list()).toMatchObject([{ state: "pending" }]);
});

function aMintAsset({ name, amount }: { readonly name: string; readonly amount: bigint }) {
  return MintAsset.fromPartial({ name, amount });
}
