import { connect } from "node:net";

/** FLUSHALL over a plain socket: the drill needs one command, not a client. */
export function flushRedis(redisUrl: string): Promise<void> {
  const { hostname, port, password, username } = new URL(redisUrl);
  const login = password === "" ? [] : [["AUTH", ...(username === "" ? [] : [username]), decodeURIComponent(password)]];
  const commands = [...login, ["FLUSHALL"]];
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port || 6379), hostname, () => socket.write(commands.map(toResp).join("")));
    let answer = "";
    socket.on("data", (chunk: Buffer) => {
      answer += chunk.toString();
      if (answer.includes("-")) reject(new Error(`Redis refused: ${answer}`));
      if (answer.split("+OK").length - 1 < commands.length) return;
      socket.end();
      resolve();
    });
    socket.on("error", reject);
  });
}

function toResp(command: readonly string[]): string {
  return `*${command.length}\r\n${command.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("")}`;
}
