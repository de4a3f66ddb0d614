using PredictiveOrchestration.Telemetry;

namespace PredictiveOrchestration.Prediction;

/// <summary>One observed time with the drivers of the job: what models are fitted to.</summary>
/// <param name="BackendId">The backend.</param>
/// <param name="Basis">The cost basis.</param>
/// <param name="Terms">The terms.</param>
/// <param name="Features">Inputs of the residual model.</param>
/// <param name="Seconds">The service time.</param>
/// <param name="IsCensored">The run was stopped: its true time is at least that.</param>
internal sealed record TrainingRow(string BackendId, string Basis, double[] Terms, float[] Features, double Seconds, bool IsCensored)
{
    /// <summary>What the job has in common with runs of the same circuit.</summary>
    public JobKin Kin { get; init; }

    /// <summary>What the job has in common with the same job on other backends; 0 if that is not known.</summary>
    public ulong Job { get; init; }

    /// <summary>Makes a row of a record; null if it says nothing about time.</summary>
    public static TrainingRow? From(ExecutionRecord record)
    {
        var seconds = record.ServiceTime.TotalSeconds;
        var censored = record.Outcome is ExecutionOutcome.TimedOut or ExecutionOutcome.Cancelled or ExecutionOutcome.Swapped;
        if (!(seconds > 0) || !double.IsFinite(seconds) || !(censored || record.Outcome == ExecutionOutcome.Completed))
        {
            return null;
        }

        var basis = CostBasisCatalog.Get(record.CostModel);
        var shape = new JobShape(record.Shots, record.Threads, record.Observables, record.TopProbabilities);
        var drivers = JobDrivers.Of(basis, record.Profile, shape);
        return new TrainingRow(record.BackendId, basis.Name, drivers.Terms, drivers.Features, seconds, censored)
        {
            Kin = drivers.Kin, Job = JobDrivers.JobOf(record.Profile, shape),
        };
    }

    /// <summary>No row takes fewer bytes in a binary file.</summary>
    public const int LeastBytes = 39;

    public void Write(BinaryWriter writer)
    {
        writer.Write(BackendId);
        writer.Write(Basis);
        writer.WriteArray(Terms);
        writer.WriteArray(Features);
        writer.Write(Seconds);
        writer.Write(IsCensored);
        writer.Write(Kin.Circuit);
        writer.Write(Kin.Shots);
        writer.Write(Job);
    }

    /// <exception cref="InvalidDataException">What is there is no row that can be learned from.</exception>
    public static TrainingRow Read(BinaryReader reader)
    {
        var row = new TrainingRow(reader.ReadString(), reader.ReadString(), reader.ReadDoubles(), reader.ReadFloats(), reader.ReadDouble(), reader.ReadBoolean()) 
        {
            Kin = new JobKin(reader.ReadUInt64(), reader.ReadInt32()), Job = reader.ReadUInt64(),
        };
        BinaryParts.Require(IsSound(row));
        return row;
    }

    /// <summary>Whether a row read from a file can be learned from.</summary>
    public static bool IsSound(TrainingRow? row) =>
        row is { BackendId: not null, Basis: not null, Terms: not null, Features: not null }
        && row.Seconds > 0 && double.IsFinite(row.Seconds)
        && CostBasisCatalog.Get(row.Basis) is var basis
        && row.Terms.Length == Breakpoints.Count(basis) && Array.TrueForAll(row.Terms, t => t >= 0 && double.IsFinite(t))
        && row.Features.Length == basis.TermNames.Length + ResidualFeatures.Common && Array.TrueForAll(row.Features, float.IsFinite);
}
