import type { AddressInfo } from "node:net";

import { fetchPins, fetchVtxoView } from "@arkrelay/sdk/ark-indexer";
import { GatewayClient } from "@arkrelay/sdk/gateway-client";
import { nodeWebSocket } from "@arkrelay/sdk/node-web-socket";
import { NostrGatewayClient } from "@arkrelay/sdk/nostr-client";
import { pinAssets } from "@arkrelay/sdk/pin-assets";
import { secretKeySigner } from "@arkrelay/sdk/secret-key-signer";
import { subscribeIntents } from "@arkrelay/sdk/solver-flows";

import { startHttpServer } from "./http-server.js";
import { readOrMakeKey } from "./key-file.js";
import type { Terms } from "./read-order.js";
import type { Settings } from "./settings.js";
import { SolverFile } from "./solver-file.js";
import { Solver } from "./solver.js";
import { UsageError } from "./usage-error.js";

const ORDER_TYPES = ["amm:swap", "atomic_swap"];

/** Runs the pool until the signal fires. */
export async function runSolver(settings: Settings, signal: AbortSignal, say: (line: string) => void): Promise<void> {
  const { gatewayPubkey, relays, arkdUrl, assetId, feeBps } = settings;
  const signer = secretKeySigner(readOrMakeKey(settings.keyFile));
  const solverPubkey = await signer.getPublicKey();
  const client = new GatewayClient(settings.gatewayUrl, { signer, retry: true });
  const file = await openFile(settings, client);
  const nostr = new NostrGatewayClient(relays, signer, gatewayPubkey, { webSocket: nodeWebSocket });
  const terms: Terms = { solverPubkey, poolId: `${assetId}-gBTC`, assetId, feeBps };
  const vtxoView = () => fetchVtxoView(arkdUrl, solverPubkey, file.pins);
  const solver = new Solver({ terms, signer, client, nostr, file, vtxoView, say });
  const server = await startHttpServer({
    solver,
    terms,
    file,
    port: settings.port,
    canSimulate: settings.canSimulate,
  });
  const filter = { types: ORDER_TYPES, solver: solverPubkey };
  const onOrder = (received: Parameters<Solver["take"]>[0]): void => void solver.take(received);
  const stopListening = subscribeIntents(relays, gatewayPubkey, filter, onOrder, { webSocket: nodeWebSocket, signer });
  const { port } = server.address() as AddressInfo;
  say(`address ${solverPubkey}`);
  say(`ready http://127.0.0.1:${port} pool ${terms.poolId}`);
  try {
    await solver.run(signal);
  } finally {
    stopListening();
    nostr.close();
    server.closeAllConnections();
    server.close();
  }
}

/** The solver's file with arkd's keys and the asset pinned. What was pinned once is never asked for again. */
async function openFile(
  { stateFile, gatewayPubkey, arkdUrl, assetId }: Settings,
  client: GatewayClient,
): Promise<SolverFile> {
  const file = await SolverFile.open(stateFile, () => fetchPins(arkdUrl, gatewayPubkey));
  if (file.pins.gatewayPubkey !== gatewayPubkey) throw new UsageError(`${stateFile} belongs to another gateway`);
  const pins = await pinAssets(file.pins, client, [assetId]);
  if (file.pins.assets?.[assetId] === undefined) file.pins = pins;
  return file;
}
