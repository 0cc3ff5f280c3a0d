import type { Socket } from "node:net";
import { type TLSSocket, createServer } from "node:tls";

import { ConnectionGate } from "./connection-gate";
import { openInnerPort } from "./inner-port";
import { type PingPolicy, enforcePingPolicy } from "./ping-policy";
import type { TlsIdentity } from "./tls-identity";

export interface TlsListener {
  readonly port: number;
  /** New connections get this certificate; the open ones are dropped, as by the restart that makes a real daemon take a new one. */
  setIdentity(identity: TlsIdentity): void;
  setDown(isDown: boolean): void;
  restart(downMs: number): void;
  dropConnections(): void;
  close(): Promise<void>;
}

/** A TLS port for HTTP/2 whose connections are handed on in plain, with the server's ping policy in force. */
export async function startTlsListener(options: {
  readonly port: number;
  readonly identity: TlsIdentity;
  readonly pingPolicy: PingPolicy;
  readonly onConnection: (connection: Socket) => void;
}): Promise<TlsListener> {
  const { identity, pingPolicy, onConnection } = options;
  const inner = await openInnerPort(onConnection);
  const tls = createServer({ ALPNProtocols: ["h2"], cert: identity.cert, key: identity.key });
  tls.on("secureConnection", (socket: TLSSocket) => inner.carry(enforcePingPolicy(socket, pingPolicy)));
  // A client that does not trust the certificate, or speaks no TLS at all, is not our error.
  tls.on("tlsClientError", (_error, socket) => socket.destroy());
  const gate = new ConnectionGate((socket) => tls.emit("connection", socket));
  const port = await gate.listen(options.port);
  return {
    port,
    setIdentity: ({ cert, key }) => {
      tls.setSecureContext({ cert, key });
      gate.dropConnections();
    },
    setDown: (isDown) => gate.setDown(isDown),
    restart: (downMs) => gate.restart(downMs),
    dropConnections: () => gate.dropConnections(),
    close: async () => {
      await gate.close();
      await inner.close();
    },
  };
}
