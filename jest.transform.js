const fs = require("node:fs");
const path = require("node:path");

const swc = require("@swc/jest").createTransformer({
  sourceMaps: true,
  jsc: { target: "es2022", parser: { syntax: "typescript" } },
  module: { type: "commonjs" },
});

const esmByFolder = new Map();

/** Whether Node would read the file as an ES module: by extension, else by the nearest package.json. */
function isEsm(file) {
  if (file.endsWith(".mjs")) return true;
  if (file.endsWith(".cjs")) return false;
  const folder = path.dirname(file);
  const known = esmByFolder.get(folder);
  if (known !== undefined) return known;
  const esm = nearestPackageType(folder) === "module";
  esmByFolder.set(folder, esm);
  return esm;
}

function nearestPackageType(folder) {
  for (let dir = folder; path.basename(dir) !== "node_modules"; dir = path.dirname(dir)) {
    const manifest = path.join(dir, "package.json");
    if (fs.existsSync(manifest)) {
      const { type, name } = JSON.parse(fs.readFileSync(manifest, "utf8"));
      if (type || name) return type;
    }
    if (dir === path.dirname(dir)) return undefined;
  }
  return undefined;
}

module.exports = {
  ...swc,
  process: (source, file, options) =>
    /\.[cm]?ts$/.test(file) || isEsm(file) ? swc.process(source, file, options) : { code: source },
};
