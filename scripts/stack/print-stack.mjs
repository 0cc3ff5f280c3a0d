/** What a newcomer wants to click on, as a table. */
export function printStack(print, stack, { auth, stackFile }) {
  const rows = [
    ["REST API", stack.api_url],
    ["API documentation", stack.docs_url],
    ["devnet control API", stack.control_url],
    ["Nostr relay", stack.relay_urls.join(" ")],
    ["arkd (REST and gRPC)", `${stack.arkd.rest}  ${stack.arkd.grpc}`],
    ["metrics and probes", Object.values(stack.metrics).join("\n")],
    ["MariaDB", stack.database_url],
    ["Redis", stack.redis_url],
    ["admin key (X-Admin-Key)", stack.admin_key],
    ["gateway's Nostr key", stack.gateway_pubkey],
    ["all of this, for scripts", stackFile],
    ["example solver (an AMM)", `npm run solver -- --stack ${stackFile}  (examples/solver/README.md)`],
  ];
  const width = Math.max(...rows.map(([label]) => label.length));
  const lines = rows.map(
    ([label, value]) => `  ${label.padEnd(width)}  ${value.replaceAll("\n", `\n${" ".repeat(width + 4)}`)}`,
  );
  print(["", ...lines, "", banner(auth), "Ctrl-C stops everything.", ""].join("\n"));
}

function banner(auth) {
  if (auth !== "open") return `SOLVER_AUTH=${auth}: callers sign their requests.`;
  return "SOLVER_AUTH=open: every caller counts as every owner. For development only; production refuses to start with it.";
}
