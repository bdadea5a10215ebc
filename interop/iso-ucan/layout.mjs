// A folder of cases: `cases.json`, and for each case `NAME/token.ucan`, `NAME/proofs/NN.ucan` and, where something was
// revoked, `NAME/revocations/NN.ucan`. All token files are raw bytes.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const OUTCOMES = ["accept", "reject"];

function numbered(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .map((file) => readFileSync(join(folder, file)));
}

function wrong(each) {
  if (!/^[a-z0-9][a-z0-9.-]*$/.test(each.name)) return "its name is not lower case words with hyphens";
  if (!OUTCOMES.includes(each.expect)) return `expect is neither accept nor reject: ${each.expect}`;
  if (!Number.isSafeInteger(each.at)) return `at is not a time in seconds: ${each.at}`;
  if (each.peer !== undefined && !OUTCOMES.includes(each.peer)) return `peer is neither accept nor reject: ${each.peer}`;
  if (each.peer !== undefined && !each.why) return "peer is given without why";
  return null;
}

// The description of all cases, each folder named by exactly one of them.
export function describe(folder) {
  const cases = JSON.parse(readFileSync(join(folder, "cases.json"), "utf8"));
  for (const each of cases) {
    const fault = wrong(each);
    if (fault !== null) throw new Error(`case ${each.name}: ${fault}`);
  }
  const names = cases.map((each) => each.name);
  const folders = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
  const unpaired = [
    ...names.filter((name, index) => !folders.includes(name) || names.indexOf(name) !== index),
    ...folders.filter((name) => !names.includes(name)),
  ];
  if (names.length === 0) throw new Error("cases.json has no case");
  if (unpaired.length > 0) throw new Error(`not one case and one folder each: ${unpaired.join(", ")}`);
  return cases;
}

export function readTokens(folder, name) {
  return {
    token: readFileSync(join(folder, name, "token.ucan")),
    proofs: numbered(join(folder, name, "proofs")),
  };
}

export function writeCase(folder, name, { token, proofs, revocations = [] }) {
  const home = join(folder, name);
  mkdirSync(home);
  writeFileSync(join(home, "token.ucan"), token);
  for (const [kind, tokens] of Object.entries({ proofs, revocations })) {
    if (tokens.length > 0) mkdirSync(join(home, kind));
    tokens.forEach((bytes, index) => {
      writeFileSync(join(home, kind, `${String(index + 1).padStart(2, "0")}.ucan`), bytes);
    });
  }
}

export function writeDescription(folder, cases) {
  writeFileSync(join(folder, "cases.json"), `${JSON.stringify(cases, null, 2)}\n`);
}
