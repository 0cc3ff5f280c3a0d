import { once } from "node:events";
import { connect } from "node:net";

import express from "express";

import { listen } from "./listen";

describe("the API's listener", () => {
  it("closes at once although a client holds a connection it never used", async () => {
    const listener = await listen(express(), "127.0.0.1", 0);
    const socket = connect(listener.port, "127.0.0.1");
    await once(socket, "connect");
    const closed = once(socket, "close");
    await listener.close();
    await closed;
  });

  it("lets a running request end and closes its connection then", async () => {
    const app = express();
    let finish: () => void = () => undefined;
    const arrived = new Promise<void>((resolve) => {
      app.get("/", (_req, res) => {
        finish = () => void res.send("done");
        resolve();
      });
    });
    const listener = await listen(app, "127.0.0.1", 0);
    const answer = fetch(`http://127.0.0.1:${listener.port}/`).then((response) => response.text());
    await arrived;
    const closed = listener.close();
    finish();
    expect(await answer).toBe("done");
    await closed;
  });
});
