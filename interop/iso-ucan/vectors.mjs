// Says for each case of a manifest of UCAN vectors whether iso-ucan still gives the verdict written there.
import { readFileSync } from "node:fs";
import { verdict } from "./peer.mjs";

const [file] = process.argv.slice(2);
if (file === undefined) {
  console.error("usage: node vectors.mjs MANIFEST");
  process.exit(2);
}

const bytes = (text) => Buffer.from(text, "base64");
let judged = 0;
let differing = 0;
for (const each of JSON.parse(readFileSync(file, "utf8")).cases) {
  const written = each.iso_ucan_0_5_0;
  if (written === undefined) continue;
  const { outcome, error } = await verdict({
    token: bytes(each.invocation),
    proofs: each.proofs.map(bytes),
    at: each.now,
  });
  judged += 1;
  // Long messages are written shortened.
  const found = outcome === "accept" ? outcome : `${outcome}: ${error}`;
  if (found.startsWith(written)) continue;
  differing += 1;
  console.error(`${each.id}: written "${written}", found "${found}"`);
}
console.log(JSON.stringify({ judged, differing }));
process.exitCode = judged > 0 && differing === 0 ? 0 : 1;
