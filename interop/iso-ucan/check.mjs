// Verifies the cases of a folder with iso-ucan. One line of JSON per case; 1 when a verdict is not the expected one.
import { describe, readTokens } from "./layout.mjs";
import { verdict } from "./peer.mjs";

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error("usage: node check.mjs FOLDER");
  process.exit(2);
}

let differing = 0;
for (const each of describe(folder)) {
  const { outcome, error } = await verdict({ ...readTokens(folder, each.name), at: each.at, audience: each.audience });
  console.log(JSON.stringify({ name: each.name, outcome, error }));
  const expected = each.peer ?? each.expect;
  if (outcome === expected) continue;
  differing += 1;
  console.error(`${each.name}: expected ${expected}, iso-ucan says ${outcome}${error === null ? "" : `: ${error}`}`);
}
process.exitCode = differing === 0 ? 0 : 1;
