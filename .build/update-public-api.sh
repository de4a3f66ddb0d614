#!/usr/bin/env bash
# Writes every library's current public surface into its PublicAPI.Unshipped.txt, so that the change shows up in review.
set -euo pipefail
cd "$(dirname "$0")/.."
for file in src/*/PublicAPI.Unshipped.txt; do
    printf '#nullable enable\n' > "$file"
done
dotnet restore PredictiveOrchestration.sln --verbosity quiet
dotnet format analyzers PredictiveOrchestration.sln --diagnostics RS0016 --severity warn --no-restore --include src/
