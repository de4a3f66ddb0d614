using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Costs;
using PredictiveOrchestration.Prediction;
using PredictiveOrchestration.Routing;
using PredictiveOrchestration.Telemetry;

namespace PredictiveOrchestration.AspNetCore.Dashboard;

/// <summary>From what the orchestrator tells to what the page is told. Texts and lists are cut, so that no message grows without end.</summary>
internal static class WireMapping
{
    private const int MaxText = 300, MaxBackends = 12, MaxPoints = 96, MaxParts = 32, MaxDays = 31, MaxListed = 64;

    public static WireDecision Of(DecisionMade made, long id)
    {
        var decision = made.Decision;
        string[] notes =
        [
            made.JobId is null ? "recommendation" : string.Empty, decision.IsExploration ? "exploration" : string.Empty, decision.IsKept ? "kept from before" : string.Empty,
            decision.IsBelowPerformanceThreshold ? "below the performance threshold" : string.Empty,
        ];
        return new WireDecision(
            id, made.At.ToUnixTimeMilliseconds(), made.JobId, Cut(decision.Strategy), decision.Confidence, decision.Chosen.Candidate.Backend.Id, made.Tag is null ? null : Cut(made.Tag),
            made.Profile.NumQubits, made.Profile.GateCount, made.Shots, made.Duration.TotalSeconds, string.Join(", ", notes.Where(n => n.Length > 0)),
            [.. decision.Ranked.Take(MaxBackends).Select(Of)],
            [.. decision.Refused.Take(MaxBackends).Select(r => new WireRefused(r.Candidate.Backend.Id, Cut(r.Reason)))]);
    }

    public static WireRun Of(ExecutionRecord record, string job, long id) => new(
        id, record.Timestamp.ToUnixTimeMilliseconds(), job, record.BackendId, Cut(record.Strategy), record.Tag is null ? null : Cut(record.Tag), record.Outcome.ToString(),
        [record.PredictedSeconds, record.PredictedLowerSeconds, record.PredictedUpperSeconds], record.ServiceTime.TotalSeconds, record.QueueTime.TotalSeconds, (double)record.Cost, record.ModelVersion);

    /// <summary>A job along its operations; null if it stayed where it began.</summary>
    public static WireJob? Of(JobFinished job)
    {
        if (job.Records.Count < 2 || job.Swaps.Count == 0)
        {
            return null;
        }

        var parts = new List<WirePart>();
        var (row, at) = (0, 0);
        for (var i = 0; i < Math.Min(job.Records.Count, MaxParts); i++)
        {
            var record = job.Records[i];

            // A hand-over says where; an attempt that failed was somewhere on the way, and the next begins anew.
            var handedOver = i < job.Swaps.Count && record.Outcome == ExecutionOutcome.Swapped && job.Swaps[i].OperationIndex >= at ? job.Swaps[i].OperationIndex : (int?)null;
            parts.Add(new WirePart(row, record.BackendId, at, handedOver ?? job.Operations, record.Outcome.ToString(), record.ServiceTime.TotalSeconds));
            (row, at) = handedOver is { } operation ? (row, operation) : (row + 1, 0);
        }

        return new WireJob(
            job.JobId, job.At.ToUnixTimeMilliseconds(), job.Records[0].Profile.NumQubits, job.Operations, job.Error is null ? null : Cut(job.Error), parts,
            [.. job.Swaps.Take(MaxParts).Select(s => new WireSwap(
                s.OperationIndex, s.From, s.To, s.Trigger.ToString(), Cut(s.Reason), s.PredictedGain?.TotalSeconds, s.ActualGain?.TotalSeconds, s.BytesMoved, s.Duration.TotalSeconds))],
            Support(job.Records[0]));
    }

    public static WireState State(PredictiveOrchestrator orchestrator, MachineOverview? machines, DateTimeOffset now, int clients)
    {
        var metrics = orchestrator.GetRealTimeMetrics();
        var statistics = orchestrator.GetRoutingStatistics();
        return new WireState(
            now.ToUnixTimeMilliseconds(), orchestrator.IsRunning, Cut(statistics.Strategy), metrics.RunningJobs, metrics.QueueLength, metrics.CurrentLoad, metrics.ResponseTimeP50.TotalSeconds,
            metrics.ResponseTimeP95.TotalSeconds, metrics.ResponseTimeP99.TotalSeconds, metrics.ThroughputPerSecond, statistics.TotalRoutingDecisions, statistics.CompletedRuns, statistics.FailedRuns,
            statistics.FallBacks, statistics.ModelsTrained, statistics.RecordsLearned, clients,
            [.. orchestrator.GetAvailableBackends().Take(MaxListed).Select(b => Of(b, metrics))],
            Of(orchestrator.GetCostAnalysis()),
            [.. orchestrator.Monitor.ActiveAlerts.Take(MaxListed).Select(a => new WireAlert(a.Kind.ToString(), a.Subject, Cut(a.Text), a.At.ToUnixTimeMilliseconds()))],
            machines is null ? null : Of(machines));
    }

    private static WireCluster Of(MachineOverview all) => new(
        all.Count, all.Places, all.Waiting, all.Running, all.BacklogSeconds, all.BacklogSecondsPerPlace,
        [
            .. all.Machines.OrderBy(m => m.Name, StringComparer.Ordinal).Take(MaxListed).Select(m => new WireMachine(
                Cut(m.Name), m.IsStopping, m.Places, m.Waiting, m.Running, m.BacklogSeconds, m.WaitSeconds, m.Ended, m.Cores, m.MemoryBytes,
                [.. m.Engines.Take(MaxBackends).Select(e => new WireEngine(Cut(e.Key), e.Value is null ? null : Cut(e.Value)))])),
        ]);

    private static WireBackend Of(BackendStatus status, RealTimeMetrics metrics)
    {
        var id = status.Descriptor.Id;
        var forecast = metrics.BackendForecasts.GetValueOrDefault(id);
        return new WireBackend(
            id, Cut(status.Descriptor.DisplayName), status.Descriptor.IsLocal, status.IsAvailable, Cut(status.Reason), status.InFlight, status.Waiting, status.SuccessRate,
            metrics.BackendUtilization.GetValueOrDefault(id), forecast is { Load.Count: > 0 } ? Triple(forecast.Load[0]) : null, forecast is { WaitSeconds.Count: > 0 } ? Triple(forecast.WaitSeconds[0]) : null);
    }

    private static WireCost Of(CostAnalysis costs) => new(
        costs.Currency, (double)costs.TotalCost, (double)costs.ReservedCost, (double?)costs.Budget, costs.BudgetUtilization,
        costs.ByBackend.OrderByDescending(b => b.Value).Take(MaxListed).ToDictionary(b => b.Key, b => (double)b.Value),
        costs.ByDay.OrderBy(d => d.Key).TakeLast(MaxDays).ToDictionary(d => d.Key.ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture), d => (double)d.Value));

    private static WireRanked Of(RankedBackend ranked)
    {
        var (candidate, prediction) = (ranked.Candidate, ranked.Candidate.Prediction);
        return new WireRanked(
            candidate.Backend.Id, Triple(prediction.Seconds), Triple(prediction.WaitSeconds), [(double)candidate.Cost.Median, (double)candidate.Cost.Lower, (double)candidate.Cost.Upper],
            candidate.Cost.Currency, prediction.PeakBytes.Upper, prediction.Fidelity.Median, ranked.Loss, Cut(ranked.Reason), Cut(prediction.Source), prediction.Observations);
    }

    // The bound on non-zero amplitudes along the circuit, as a power of two: the greatest of each stretch.
    private static int[] Support(ExecutionRecord record)
    {
        if (record.Profile.Features?.SupportTrajectory is not { Length: > 0 } trajectory)
        {
            return [];
        }

        var points = Math.Min(MaxPoints, trajectory.Length);
        var support = new int[points];
        for (var i = 0; i < trajectory.Length; i++)
        {
            var point = (int)((long)i * points / trajectory.Length);
            support[point] = Math.Max(support[point], trajectory.Span[i]);
        }

        return support;
    }

    private static double[] Triple(Estimate estimate) => [estimate.Median, estimate.Lower, estimate.Upper];

    private static string Cut(string text) => text.Length <= MaxText ? text : string.Concat(text.AsSpan(0, MaxText - 1), "…");
}
