// How long iso-ucan takes from bytes to verdict: the median, in microseconds, of ROUNDS verifications of each chain.
// Every round decodes and verifies everything; only iso-ucan's own memory of resolved DIDs lasts from one to the next.
import { describe, readTokens } from "./layout.mjs";
import { atTime, verify } from "./peer.mjs";

const CHAINS = ["chain-1", "chain-3", "chain-10"];

const [folder, roundsText] = process.argv.slice(2);
const rounds = Number(roundsText);
if (!Number.isSafeInteger(rounds) || rounds < 1) {
  console.error("usage: node bench.mjs FOLDER ROUNDS");
  process.exit(2);
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

const described = describe(folder);
const chains = CHAINS.map((name) => {
  const found = described.find((each) => each.name === name);
  if (found === undefined) throw new Error(`${folder} has no case ${name}`);
  return { name, given: { ...readTokens(folder, name), at: found.at, audience: found.audience }, took: [] };
});

// Taking turns, so that a busy moment of the machine falls on all of them.
for (let round = 0; round < rounds; round += 1) {
  for (const { given, took } of chains) {
    await atTime(given.at, async () => {
      const began = process.hrtime.bigint();
      await verify(given);
      took.push(Number(process.hrtime.bigint() - began) / 1000);
    });
  }
}
console.log(JSON.stringify(Object.fromEntries(chains.map(({ name, took }) => [name, Math.round(median(took))]))));
