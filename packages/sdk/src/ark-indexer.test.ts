import { type Server, createServer } from "node:http";

import { fetchPins, fetchVtxoView } from "./ark-indexer.js";
import { vtxoScriptHex } from "./ark-script.js";
import { SchemaValidationError, UnavailableError } from "./errors.js";
import { alice, bob, gateway, pins } from "./testing/fake-gateway.js";
import { portOf } from "./testing/test-server.js";

let server: Server;
let answer: (url: URL) => unknown;

beforeEach(async () => {
  server = createServer((req, res) => {
    res.setHeader("content-type", "application/json");
    res.end(JSON.stringify(answer(new URL(req.url ?? "", "http://arkd"))));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const url = (): string => `http://127.0.0.1:${portOf(server)}/`;
const script = vtxoScriptHex(alice.pubkey, pins);

/** As arkd writes it: 64-bit integers as strings. */
function row(index: number, over: Record<string, unknown> = {}): Record<string, unknown> {
  const outpoint = { txid: index.toString(16).padStart(64, "0"), vout: 1 };
  return { outpoint, amount: "9007199254740993", script, expiresAt: "1900000000", isSpent: false, ...over };
}

it("reads the wallet's VTXOs with exact amounts, pending ones as spent, other scripts left out", async () => {
  const strange = row(3, { script: vtxoScriptHex(bob.pubkey, pins) });
  const pending = row(2, { assets: [{ assetId: "aa", amount: "7" }] });
  answer = ({ searchParams }) => ({ vtxos: searchParams.has("pendingOnly") ? [pending] : [row(1), strange] });
  const view = await fetchVtxoView(url(), alice.pubkey, pins);
  expect([...view.values()]).toEqual([
    {
      vtxoId: `${"1".padStart(64, "0")}:1`,
      amountSats: 9007199254740993n,
      script,
      assets: [],
      isSpent: false,
      expiresAt: 1_900_000_000,
    },
    expect.objectContaining({ isSpent: true, assets: [{ assetId: "aa", amount: 7n }] }),
  ]);
});

it("reads every page", async () => {
  answer = ({ searchParams }) => {
    if (searchParams.has("pendingOnly")) return {};
    const current = Math.max(Number(searchParams.get("page.index")), 1);
    const vtxos = Array.from({ length: current === 3 ? 20 : 100 }, (_, i) => row(current * 100 + i));
    return { vtxos, page: { current, next: Math.min(current + 1, 3), total: 3 } };
  };
  expect((await fetchVtxoView(url(), alice.pubkey, pins)).size).toBe(220);
});

it("takes the pins from arkd's info, the key x-only", async () => {
  const info = {
    signerPubkey: `02${pins.signer}`,
    checkpointTapscript: pins.checkpointTapscript,
    unilateralExitDelay: "86400",
  };
  answer = () => info;
  expect(await fetchPins(url(), gateway.pubkey)).toEqual(pins);
});

it("never makes up a view: an unknown answer or a dead server throws", async () => {
  answer = () => ({ vtxos: [row(1, { amount: 1.5 })] });
  await expect(fetchVtxoView(url(), alice.pubkey, pins)).rejects.toThrow(SchemaValidationError);
  await expect(fetchVtxoView("http://127.0.0.1:1", alice.pubkey, pins)).rejects.toThrow(UnavailableError);
});
