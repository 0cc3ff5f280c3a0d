/** Lines with the time since the command began: `[ 3.2s] mariadb is up on port 33306`. */
export function createProgress(stream = process.stdout) {
  const startedAt = performance.now();
  // A closed terminal must not take the stack down half-way through its orderly stop.
  stream.on("error", () => {});
  const print = (text) => {
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1).padStart(5);
    for (const line of String(text).split("\n")) stream.write(`[${seconds}s] ${line}\n`);
  };
  return { print, plain: (text) => stream.write(`${text}\n`) };
}
