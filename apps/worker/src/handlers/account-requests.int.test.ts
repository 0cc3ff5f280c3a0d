import { processServiceRequest } from "@arkrelay/core/nostr-service/process-service-request";
import { serviceResponseSchema } from "@arkrelay/core/nostr/service-response";
import { ALICE, BOB } from "@arkrelay/core/testing/ark-transfer";
import { syncVtxos } from "@arkrelay/core/vtxo/sync-vtxos";
import { registerTestAsset } from "@arkrelay/db/testing/register-asset";
import { openTestDatabase, type TestDatabase } from "@arkrelay/db/testing/test-database";

import { openLiftWorld } from "../testing/lift-world";
import { openRequests, type Requests } from "../testing/request-world";

const GOLD = `${"01".repeat(32)}0000`;
const SILVER = `${"02".repeat(32)}0000`;
/** With the event around it a page stays below 64 KiB, which many relays take at most. */
const PAGE_BYTES_MAX = 41_200;
/** What NIP-44 takes. */
const EVENT_BYTES_MAX = 65_535;

let test: TestDatabase;
let world: Requests;

beforeAll(async () => {
  test = await openTestDatabase();
});
beforeEach(async () => {
  await test.empty();
  world = openRequests(test, await openLiftWorld(test));
});
afterAll(() => test.close());

function loseArkd(): void {
  world.arkd.fault = () => "unavailable";
}

interface Page {
  readonly user_vtxos: readonly { readonly vtxo_id: string; readonly asset_id: string; readonly amount: number }[];
  readonly user_balances: readonly { readonly asset_id: string; readonly balance: number }[];
  readonly next_cursor: string | null;
}

describe("sync_state", () => {
  const SYNC = { request_id: "sync-0001", action: "sync_state" };
  /** Every page of an account, as a wallet asks for them. */
  async function readPages(bytesMax: number): Promise<readonly Page[]> {
    const pages: Page[] = [];
    let cursor: string | null | undefined;
    do {
      const more = cursor === undefined ? {} : { cursor };
      await world.send(ALICE, { ...SYNC, request_id: `sync-p${pages.length + 1000}`, ...more });
      const answer = (await world.answersTo(ALICE)).at(-1);
      expect(serviceResponseSchema.safeParse(answer?.content).error).toBeUndefined();
      expect(answer?.plainText.length).toBeLessThanOrEqual(bytesMax);
      const page = answer?.content as unknown as Page;
      pages.push(page);
      cursor = page.next_cursor;
    } while (cursor !== null);
    return pages;
  }

  it("shows a wallet its VTXOs, balances and scripts, and whom it deals with", async () => {
    const vtxoId = world.arkd.fund(ALICE.pubkey, 30_000n);
    world.arkd.fund(BOB.pubkey, 9_000n);
    const content = await world.ask(ALICE, SYNC);
    expect(serviceResponseSchema.safeParse(content).error).toBeUndefined();
    const [land] = await world.deps.vtxos.listScriptsOfKind("land");
    const [own] = await world.deps.vtxos.listScripts(ALICE.pubkey);
    expect(content).toMatchObject({
      user_vtxos: [{ vtxo_id: vtxoId, amount_sats: 30_000, asset_id: "gBTC", locked: false, script: own?.script }],
      user_balances: [{ asset_id: "gBTC", balance: 30_000, reserved: 0 }],
      user_scripts: [{ script: own?.script }],
      server: { network: "regtest", land_script: land?.script, l2_fee: { asset_id: "gBTC", amount: 10 } },
      next_cursor: null,
    });
    expect(content).not.toHaveProperty("stale");
  });

  it("answers a key that was never here with nothing but its script and the server", async () => {
    const content = await world.ask(BOB, SYNC);
    expect(content).toMatchObject({
      user_vtxos: [],
      user_balances: [],
      user_scripts: [{ exit_delay: expect.any(Number) }],
    });
  });

  it("shows each asset on a VTXO by its own units", async () => {
    const gold = { assetId: GOLD, amount: 7n };
    const vtxoId = world.arkd.fund(ALICE.pubkey, 500n, [gold, { assetId: SILVER, amount: 9n }]);
    const both = await world.ask(ALICE, SYNC);
    expect(both["user_vtxos"]).toMatchObject([
      { vtxo_id: vtxoId, asset_id: GOLD, amount: 7, amount_sats: 500 },
      { vtxo_id: vtxoId, asset_id: SILVER, amount: 9, amount_sats: 500 },
    ]);
    const one = await world.ask(ALICE, { ...SYNC, request_id: "sync-0002", asset_id: SILVER });
    expect(one).toMatchObject({
      user_vtxos: [{ vtxo_id: vtxoId, asset_id: SILVER, amount: 9 }],
      user_balances: [{ asset_id: SILVER, balance: 9 }],
    });
  });

  it("names assets as the registry does, finds them by that name, and leaves arkd's id to the others", async () => {
    await registerTestAsset(test.database, "gold", GOLD);
    const vtxoId = world.arkd.fund(ALICE.pubkey, 500n, [
      { assetId: GOLD, amount: 7n },
      { assetId: SILVER, amount: 9n },
    ]);
    const all = await world.ask(ALICE, SYNC);
    expect((all["user_vtxos"] as Page["user_vtxos"]).map(({ asset_id }) => asset_id)).toEqual(["gold", SILVER]);
    const balances = (all["user_balances"] as Page["user_balances"]).map(({ asset_id }) => asset_id);
    expect(new Set(balances)).toEqual(new Set(["gold", SILVER, "gBTC"]));
    const one = await world.ask(ALICE, { ...SYNC, request_id: "sync-0002", asset_id: "gold" });
    expect(one).toMatchObject({
      user_vtxos: [{ vtxo_id: vtxoId, asset_id: "gold", amount: 7 }],
      user_balances: [{ asset_id: "gold", balance: 7 }],
    });
  });

  it("is paged so that no answer outgrows an event, and tells every VTXO and balance once", async () => {
    const sent: string[] = [];
    const assetOf = (index: number): string => `${index.toString(16).padStart(64, "0")}0000`;
    for (let index = 0; index < 130; index++) {
      sent.push(world.arkd.fund(ALICE.pubkey, 1_000n, [{ assetId: assetOf(index), amount: 5n }]));
    }
    for (let index = 0; index < 180; index++) sent.push(world.arkd.fund(ALICE.pubkey, 1_000n));
    const pages = await readPages(PAGE_BYTES_MAX);
    expect(pages.length).toBeGreaterThan(2);
    const vtxoIds = pages.flatMap((page) => page.user_vtxos.map((vtxo) => vtxo.vtxo_id));
    expect(vtxoIds.toSorted()).toEqual(sent.toSorted());
    const assets = pages.flatMap((page) => page.user_balances.map((balance) => balance.asset_id));
    expect(assets).toHaveLength(131);
    expect(new Set(assets).size).toBe(131);
  });

  it("has room for a VTXO with every asset that arkd lets it carry", async () => {
    const assets = Array.from({ length: 110 }, (_, index) => ({
      assetId: `${(index + 1).toString(16).padStart(64, "0")}0000`,
      amount: BigInt(Number.MAX_SAFE_INTEGER),
    }));
    world.arkd.fund(ALICE.pubkey, 1_000n, assets);
    const pages = await readPages(EVENT_BYTES_MAX);
    expect(pages.flatMap((page) => page.user_vtxos)).toHaveLength(110);
  });

  it("since an earlier answer tells what is new and what is gone, and nothing that stayed", async () => {
    const staying = world.arkd.fund(ALICE.pubkey, 1_000n);
    const leaving = world.arkd.fund(ALICE.pubkey, 2_000n);
    await syncVtxos(world.deps, { ownerPubkey: ALICE.pubkey });
    await test.database.write("UPDATE vtxos SET seen_at = seen_at - INTERVAL 1 HOUR");
    const since = Math.floor(world.clock.now().getTime() / 1000) - 600;
    world.arkd.spendElsewhere(leaving);
    const arriving = world.arkd.fund(ALICE.pubkey, 3_000n);
    world.clock.advance(120_000);
    const content = await world.ask(ALICE, { ...SYNC, since });
    expect(content["user_vtxos"]).toMatchObject([
      { vtxo_id: arriving, status: "assigned" },
      { vtxo_id: leaving, status: "spent" },
    ]);
    expect(JSON.stringify(content)).not.toContain(staying);
    expect(content["user_balances"]).toEqual([{ asset_id: "gBTC", balance: 4_000, reserved: 0 }]);
  });

  it("shows a VTXO whose time is over as expired", async () => {
    world.arkd.fund(ALICE.pubkey, 1_000n);
    await syncVtxos(world.deps, { ownerPubkey: ALICE.pubkey });
    world.clock.advance(8 * 86_400_000);
    const content = await world.ask(ALICE, SYNC);
    expect(content).toMatchObject({ user_vtxos: [{ status: "expired" }], user_balances: [] });
  });

  it("says that it is stale when arkd does not tell the VTXOs now", async () => {
    let reads = 0;
    // The first read is of arkd's parameters.
    world.arkd.fault = () => ((reads += 1) === 2 ? "unavailable" : undefined);
    const content = await world.ask(ALICE, SYNC);
    expect(content).toMatchObject({ status: "success", user_vtxos: [], last_sync: null, stale: true });
  });

  it("shows what was last known while arkd is away", async () => {
    world.arkd.fund(ALICE.pubkey, 30_000n);
    await syncVtxos(world.deps, { ownerPubkey: ALICE.pubkey });
    const lastSync = world.clock.now().toISOString();
    const info = await world.deps.arkInfo.current();
    loseArkd();
    world.clock.advance(120_000);
    const event = await world.store(ALICE, JSON.stringify(SYNC));
    await processServiceRequest({ ...world.deps, knownArkInfo: { find: async () => info } }, event);
    const [answer] = await world.answersTo(ALICE);
    expect(answer?.content).toMatchObject({
      user_balances: [{ asset_id: "gBTC", balance: 30_000 }],
      server: { signer_pubkey: info.signerPubkey },
      last_sync: lastSync,
      stale: true,
    });
  });

  it("waits for an arkd that was never seen", async () => {
    loseArkd();
    const event = await world.store(ALICE, JSON.stringify(SYNC));
    await expect(world.process(event)).rejects.toMatchObject({ code: "daemon_unavailable" });
  });

  it.each([
    ["a cursor that it never gave", { cursor: "the end" }],
    ["a time that is none", { since: "yesterday" }],
    ["a field that it does not have", { limit: 5 }],
  ])("refuses %s", async (_name, fields) => {
    expect(await world.ask(ALICE, { ...SYNC, ...fields })).toMatchObject({ status: "error", error_code: 1002 });
  });

  it("under a request_id that was answered sends that answer again, whatever has changed since", async () => {
    await world.ask(ALICE, SYNC);
    await test.database.write("UPDATE nostr_outbox SET status = 'done'");
    world.arkd.fund(ALICE.pubkey, 30_000n);
    world.clock.advance(120_000);
    await world.send(ALICE, SYNC);
    const answers = await world.answersTo(ALICE);
    expect(answers).toMatchObject([{ status: "pending", content: { user_vtxos: [] } }]);
  });
});

describe("query_balances", () => {
  const BALANCES = { request_id: "bal-00001", action: "query_balances" };

  it("answers for the assets asked for, those without a VTXO with zero", async () => {
    world.arkd.fund(ALICE.pubkey, 30_000n);
    const content = await world.ask(ALICE, { ...BALANCES, asset_ids: ["BTC", "gUSD"] });
    expect(serviceResponseSchema.safeParse(content).error).toBeUndefined();
    expect(content["balances"]).toEqual([
      { asset_id: "gBTC", balance: 30_000, reserved: 0, available: 30_000, vtxo_count: 1 },
      { asset_id: "gUSD", balance: 0, reserved: 0, available: 0, vtxo_count: 0 },
    ]);
    expect(content).not.toHaveProperty("vtxos");
  });

  it("answers for all there is when no asset is named, and leaves the carriers' sats out of what can be spent", async () => {
    world.arkd.fund(ALICE.pubkey, 30_000n);
    world.arkd.fund(ALICE.pubkey, 1_000n, [{ assetId: GOLD, amount: 7n }]);
    const content = await world.ask(ALICE, { ...BALANCES, include_vtxos: true });
    expect(serviceResponseSchema.safeParse(content).error).toBeUndefined();
    expect(content["balances"]).toEqual([
      { asset_id: GOLD, balance: 7, reserved: 0, available: 7, vtxo_count: 1 },
      { asset_id: "gBTC", balance: 31_000, reserved: 0, available: 30_670, vtxo_count: 2 },
    ]);
    expect(content["vtxos"]).toHaveLength(2);
  });

  it("answers by the name that was asked for, and shows the VTXOs of that asset alone", async () => {
    await registerTestAsset(test.database, "gold", GOLD);
    world.arkd.fund(ALICE.pubkey, 30_000n);
    const vtxoId = world.arkd.fund(ALICE.pubkey, 1_000n, [
      { assetId: GOLD, amount: 7n },
      { assetId: SILVER, amount: 9n },
    ]);
    expect(await world.ask(ALICE, { ...BALANCES, asset_ids: ["gold"], include_vtxos: true })).toMatchObject({
      balances: [{ asset_id: "gold", balance: 7, reserved: 0, available: 7, vtxo_count: 1 }],
      vtxos: [{ vtxo_id: vtxoId, asset_id: "gold", amount: 7 }],
    });
  });

  it("shows nobody the VTXOs of another key", async () => {
    world.arkd.fund(BOB.pubkey, 9_000n);
    const content = await world.ask(ALICE, { ...BALANCES, user_pubkey: BOB.pubkey, include_vtxos: true });
    expect(content).toMatchObject({ balances: [], vtxos: [] });
  });

  it("refuses VTXOs that do not fit into one event, and says where they are paged", async () => {
    for (let index = 0; index < 260; index++) world.arkd.fund(ALICE.pubkey, 1_000n);
    const content = await world.ask(ALICE, { ...BALANCES, include_vtxos: true });
    expect(content).toMatchObject({ error_code: 1002, details: { code: "payload_too_large", use: "sync_state" } });
    expect(await world.ask(ALICE, { ...BALANCES, request_id: "bal-00002" })).toMatchObject({ status: "success" });
  });

  it("refuses more assets than a request may name", async () => {
    const assetIds = Array.from({ length: 51 }, (_, index) => `asset-${index}`);
    expect(await world.ask(ALICE, { ...BALANCES, asset_ids: assetIds })).toMatchObject({ error_code: 1002 });
  });
});
