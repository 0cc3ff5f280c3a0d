import { Server, ServerCredentials } from "@grpc/grpc-js";
import { generate } from "selfsigned";

import { GetInfoResponse, LightningService, WalletBalanceResponse } from "@arkrelay/daemons/proto/lnrpc/lightning";

/** The far end of both sides of the comparison: over TLS, and as fast as grpc-js can be. */
const INFO = GetInfoResponse.fromPartial({
  version: "0.20.0-beta",
  chains: [{ network: "regtest" }],
  syncedToChain: true,
});
const BALANCE = WalletBalanceResponse.fromPartial({ totalBalance: 1_000_000n, confirmedBalance: 1_000_000n });

async function main(): Promise<void> {
  const { cert, private: key } = await generate([{ name: "commonName", value: "localhost" }], {
    keyType: "ec",
    extensions: [{ name: "subjectAltName", altNames: [{ type: 2, value: "localhost" }] }],
  });
  const server = new Server();
  const notServed = (): never => {
    throw new Error("the measurement does not ask for this");
  };
  const names = Object.keys(LightningService);
  server.addService(LightningService, {
    ...Object.fromEntries(names.map((name) => [name, notServed])),
    getInfo: (_call: unknown, done: (error: null, reply: GetInfoResponse) => void) => done(null, INFO),
    walletBalance: (_call: unknown, done: (error: null, reply: WalletBalanceResponse) => void) => done(null, BALANCE),
  });
  const pair = { cert_chain: Buffer.from(cert), private_key: Buffer.from(key) };
  server.bindAsync("localhost:0", ServerCredentials.createSsl(null, [pair]), (error, port) => {
    if (error !== null) throw error;
    process.send?.({ port, cert });
  });
}

void main();
