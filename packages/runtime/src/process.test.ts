import { ConfigError } from "./config/config-error";
import { runProcess, type Life, type ProcessHost } from "./process";

/** A process that is played: signals are sent by hand, exits are recorded. */
class FakeHost implements ProcessHost {
  readonly exits: number[] = [];
  readonly errors: string[] = [];
  readonly exited: Promise<number>;
  private resolveExit: (code: number) => void = () => undefined;
  private readonly listeners = new Map<string, (argument: unknown) => void>();

  constructor() {
    this.exited = new Promise((resolve) => {
      this.resolveExit = resolve;
    });
  }

  on(event: string, listener: (argument: unknown) => void): void {
    this.listeners.set(event, listener);
  }

  emit(event: string, argument?: unknown): void {
    this.listeners.get(event)?.(argument);
  }

  exit(code: number): void {
    this.exits.push(code);
    this.resolveExit(code);
  }

  writeError(line: string): void {
    this.errors.push(line);
  }
}

function deferred(): { readonly promise: Promise<void>; resolve(): void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve: () => resolve() };
}

describe("a process", () => {
  it("on SIGTERM turns unready first, then closes in reverse order, then exits 0", async () => {
    const host = new FakeHost();
    const closed: string[] = [];
    let life: Life | undefined;
    await runProcess(
      "test",
      async (given) => {
        life = given;
        given.onStop("database", async () => {
          closed.push(`database, ready: ${String((await given.checkReady()).ready)}`);
        });
        given.onStop("listener", () => void closed.push("listener"));
        expect((await given.checkReady()).ready).toBe(true);
      },
      host,
    );
    host.emit("SIGTERM");
    expect(await host.exited).toBe(0);
    expect(closed).toEqual(["listener", "database, ready: false"]);
    expect(life?.stopping.aborted).toBe(true);
  });

  it("exits at once on the second signal, whatever still runs", async () => {
    const host = new FakeHost();
    await runProcess("test", async (life) => life.onStop("stuck", () => new Promise(() => undefined)), host);
    host.emit("SIGTERM");
    expect(host.exits).toEqual([]);
    host.emit("SIGINT");
    expect(host.exits).toEqual([1]);
  });

  it("exits 1 when stopping takes longer than its deadline", async () => {
    const host = new FakeHost();
    await runProcess(
      "test",
      async (life) => {
        life.stopWithin({ graceMs: 10 });
        life.onStop("stuck", () => new Promise(() => undefined));
      },
      host,
    );
    host.emit("SIGTERM");
    expect(await host.exited).toBe(1);
  });

  it("closes everything else and exits 1 when one close fails", async () => {
    const host = new FakeHost();
    const closed: string[] = [];
    await runProcess(
      "test",
      async (life) => {
        life.onStop("first", () => void closed.push("first"));
        life.onStop("broken", () => Promise.reject(new Error("no")));
      },
      host,
    );
    host.emit("SIGTERM");
    expect(await host.exited).toBe(1);
    expect(closed).toEqual(["first"]);
  });

  it("closes what was open when its start fails, and exits 1", async () => {
    const host = new FakeHost();
    const closed: string[] = [];
    await runProcess(
      "test",
      async (life) => {
        life.onStop("database", () => void closed.push("database"));
        throw new Error("no Redis");
      },
      host,
    );
    expect(await host.exited).toBe(1);
    expect(closed).toEqual(["database"]);
    expect(host.errors.join()).toContain("no Redis");
  });

  it("lists every configuration problem and exits 78", async () => {
    const host = new FakeHost();
    await runProcess("api", () => Promise.reject(new ConfigError(["A: bad", "B: worse"])), host);
    expect(await host.exited).toBe(78);
    expect(host.errors.slice(0, 2)).toEqual(["api: A: bad", "api: B: worse"]);
  });

  it.each(["uncaughtException", "unhandledRejection"])("stops in order and exits 1 on %s", async (event) => {
    const host = new FakeHost();
    const closed: string[] = [];
    await runProcess("test", async (life) => life.onStop("database", () => void closed.push("database")), host);
    host.emit(event, new Error("lost"));
    expect(await host.exited).toBe(1);
    expect(closed).toEqual(["database"]);
  });

  it("closes what is opened after the signal came, when it was still starting", async () => {
    const host = new FakeHost();
    const starting = deferred();
    const closed: string[] = [];
    const late = deferred();
    const running = runProcess(
      "test",
      async (life) => {
        life.onStop("early", () => late.promise);
        await starting.promise;
        life.onStop("late", () => {
          closed.push("late");
          late.resolve();
        });
      },
      host,
    );
    host.emit("SIGTERM");
    starting.resolve();
    await running;
    expect(await host.exited).toBe(0);
    expect(closed).toEqual(["late"]);
  });

  it("is not ready while a probe fails, says which, and takes a hanging probe for a failed one", async () => {
    const host = new FakeHost();
    jest.useFakeTimers();
    try {
      await runProcess(
        "test",
        async (life) => {
          life.readyWhen("mariadb", () => Promise.resolve());
          life.readyWhen("redis", () => Promise.reject(new Error("away")));
          life.readyWhen("schema", () => new Promise(() => undefined));
          const readiness = life.checkReady();
          await jest.advanceTimersByTimeAsync(10_000);
          expect(await readiness).toEqual({
            ready: false,
            checks: { mariadb: true, redis: false, schema: false },
            draining: false,
          });
        },
        host,
      );
    } finally {
      jest.useRealTimers();
    }
    expect(host.exits).toEqual([]);
  });
});
