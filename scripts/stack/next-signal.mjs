/** Resolves at the first of the usual signals. Later ones are ignored: stopping takes its orderly course. */
export function nextSignal() {
  return new Promise((resolve) => {
    for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(name, () => resolve(name));
  });
}
