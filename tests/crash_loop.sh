#!/usr/bin/env bash
# Kills the runtime N times (100) while payouts are under way, and holds the books against the rail's own record.
set -euo pipefail
cd "$(dirname "$0")/.."
VIRALCORE_TEST_KILLS="${1:-100}" cargo test --locked --test crash -- --nocapture
