#!/bin/sh
# Writes every file and the manifest anew, then checks them. The folder is the first argument;
# without one it is vectors/legacy.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:-$here/../../vectors/legacy}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
# The lock files are part of the recipe: they alone still name releases that were yanked since.
cargo run --quiet --locked --manifest-path "$here/v04/Cargo.toml" -- "$folder"
cargo run --quiet --locked --manifest-path "$here/v090/Cargo.toml" -- "$folder"
# Last, because it combines all versions and checks the whole folder. 0.16.2 prints debugging lines.
cargo run --quiet --locked --manifest-path "$here/Cargo.toml" -- "$folder"
# Tokens with the claim `greatseal`, as all of them read it: the same bytes in every run.
cargo run --quiet --locked --manifest-path "$here/Cargo.toml" --bin succession
