import { openWebhookReceiver, type WebhookReceiver } from "../testing/webhook-receiver";
import { createWebhookSender, type ResolvedAddress } from "./http-webhook-sender";

const LOOPBACK: ResolvedAddress = { address: "127.0.0.1", family: 4 };
const PUBLIC: ResolvedAddress = { address: "93.184.215.14", family: 4 };
const DEVELOPMENT = { allowHttp: true, allowPrivate: true };
/** As in production, but for plain http, which a receiver in a test speaks. */
const GUARDED = { allowHttp: true, allowPrivate: false };

let receiver: WebhookReceiver;
beforeEach(async () => {
  receiver = await openWebhookReceiver();
});
afterEach(() => receiver.close());

async function send(url: string, options: Partial<Parameters<typeof createWebhookSender>[0]>) {
  const sender = createWebhookSender({ timeoutMs: 2_000, urlRules: GUARDED, ...options });
  try {
    return await sender.send({ url, headers: {}, body: "{}", signal: new AbortController().signal });
  } finally {
    sender.close();
  }
}

describe("a call to a name", () => {
  const NAME = "hooks.solver.example";

  it.each([
    ["loopback", [LOOPBACK]],
    ["cloud metadata", [{ address: "169.254.169.254", family: 4 }]],
    ["a private range", [{ address: "10.0.0.7", family: 4 }]],
    ["IPv6 loopback", [{ address: "::1", family: 6 }]],
    ["loopback in IPv6", [{ address: "::ffff:127.0.0.1", family: 6 }]],
    ["a public address beside a private one", [PUBLIC, LOOPBACK]],
    ["nothing", []],
  ])("that points to %s connects to nobody", async (_, addresses) => {
    const answer = await send(`http://${NAME}:${receiver.port}/`, { resolve: () => Promise.resolve(addresses) });
    expect(answer).toMatchObject({ status: undefined, error: "The name points to an address that is not public" });
    expect(receiver.calls).toEqual([]);
  });

  it("goes to the very address that was looked at, whatever the name says a moment later", async () => {
    const asked: string[] = [];
    const resolve = (host: string): Promise<readonly ResolvedAddress[]> => {
      asked.push(host);
      return Promise.resolve(asked.length === 1 ? [LOOPBACK] : [PUBLIC]);
    };
    const answer = await send(`http://${NAME}:${receiver.port}/in`, { urlRules: DEVELOPMENT, resolve });
    expect(answer.status).toBe(204);
    expect(asked).toEqual([NAME]);
    expect(receiver.calls[0]?.headers.host).toBe(`${NAME}:${receiver.port}`);
  });

  it("that does not resolve says so, and nothing of our resolver", async () => {
    const resolve = () =>
      Promise.reject(Object.assign(new Error("getaddrinfo ENOTFOUND at 10.0.0.2"), { code: "ENOTFOUND" }));
    expect(await send(`http://${NAME}/`, { resolve })).toMatchObject({ error: "The name does not resolve" });
  });
});

describe("a call to an address in the URL", () => {
  it.each(["127.0.0.1", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]", "localhost"])(
    "of this machine (%s) is never made, though no resolver sees it",
    async (host) => {
      const resolve = () => Promise.resolve([PUBLIC]);
      const answer = await send(`http://${host}:${receiver.port}/`, { resolve });
      expect(answer.status).toBeUndefined();
      expect(answer.error).toMatch(/^The URL points to/);
      expect(receiver.calls).toEqual([]);
    },
  );

  it("over plain http is not made where only https is allowed, though the endpoint was made before", async () => {
    const urlRules = { allowHttp: false, allowPrivate: true };
    const answer = await send(receiver.url, { urlRules });
    expect(answer.error).toBe("The URL needs https");
    expect(receiver.calls).toEqual([]);
  });
});

describe("a call", () => {
  it("over TLS that nobody vouches for fails", async () => {
    // Plain HTTP where TLS is expected: the handshake cannot succeed.
    const answer = await send(receiver.url.replace("http:", "https:"), { urlRules: DEVELOPMENT });
    expect(answer).toMatchObject({ status: undefined, error: "The TLS connection failed" });
  });

  it("ends when its worker must stop", async () => {
    receiver.answers(() => undefined);
    const sender = createWebhookSender({ timeoutMs: 60_000, urlRules: DEVELOPMENT });
    const stop = new AbortController();
    const call = sender.send({ url: receiver.url, headers: {}, body: "{}", signal: stop.signal });
    await receiver.until(1);
    stop.abort();
    expect((await call).status).toBeUndefined();
    sender.close();
  });

  it("over a kept connection that the receiver has closed is made once more at once", async () => {
    const sender = createWebhookSender({ timeoutMs: 2_000, urlRules: DEVELOPMENT });
    const post = () =>
      sender.send({ url: receiver.url, headers: {}, body: "{}", signal: new AbortController().signal });
    expect((await post()).status).toBe(204);
    let resets = 0;
    receiver.answers((res, { connection }) => {
      if (connection !== 1) return void res.writeHead(204).end();
      resets += 1;
      res.socket?.resetAndDestroy();
    });
    expect((await post()).status).toBe(204);
    expect(resets).toBe(1);
    sender.close();
  });
});
