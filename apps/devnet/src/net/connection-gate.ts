import { type Server, type Socket, createServer } from "node:net";

import { hasErrorCode } from "./has-error-code";

/** A taken port moves to the next free one; after this many the machine has another problem. */
const PORTS_TRIED_MAX = 100;

/**
 * A listening socket on loopback that can be taken down and brought back while it keeps its port: while down, a connection is
 * closed the moment it is made, as by a daemon that is just restarting.
 */
export class ConnectionGate {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isDown = false;
  #restart: NodeJS.Timeout | undefined;

  constructor(onConnection: (socket: Socket) => void) {
    this.#server = createServer((socket) => {
      if (this.#isDown || this.#restart !== undefined) {
        socket.destroy();
        return;
      }
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
      // A reset by the peer is an ordinary end of a connection here; without a listener it would end the process.
      socket.on("error", () => socket.destroy());
      onConnection(socket);
    });
  }

  /** Listens on this port or the next free one; 0 = any free one. Resolves to the port. */
  async listen(port: number): Promise<number> {
    for (let candidate = port; ; candidate += 1) {
      try {
        return await this.#listenOn(candidate);
      } catch (error) {
        const isTaken = hasErrorCode(error, "EADDRINUSE");
        if (!isTaken || port === 0 || candidate >= port + PORTS_TRIED_MAX) throw error;
      }
    }
  }

  setDown(isDown: boolean): void {
    this.#isDown = isDown;
    if (isDown) this.dropConnections();
  }

  /** Drops every connection and refuses new ones for a while. */
  restart(downMs: number): void {
    this.dropConnections();
    clearTimeout(this.#restart);
    this.#restart = downMs === 0 ? undefined : setTimeout(() => (this.#restart = undefined), downMs);
  }

  dropConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    clearTimeout(this.#restart);
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.dropConnections();
    await closed;
  }

  #listenOn(port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ port, host: "127.0.0.1", exclusive: true }, () => {
        this.#server.off("error", reject);
        const address = this.#server.address();
        if (typeof address === "object" && address !== null) resolve(address.port);
        else reject(new Error("the socket has no port"));
      });
    });
  }
}
