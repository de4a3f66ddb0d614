namespace PredictiveOrchestration.Simulation.MatrixProductState;

/// <summary>How far the bonds of a matrix product state may grow.</summary>
public sealed record TruncationPolicy
{
    /// <summary>Gets the greatest bond; null (default) for as much as the memory allows.</summary>
    public int? MaxBondDimension { get; init; }

    /// <summary>Gets the probability weight that one truncation of a bond may drop even where the bond is not too great, 0 (default) to 1e-2. Above 0 only where exactness is not required.</summary>
    public double Cutoff { get; init; }

    /// <summary>
    /// Gets a value indicating whether a run that would need greater bonds is refused (default) rather than truncated. A truncated run says
    /// what it dropped in <see cref="Backends.ExecutionResult.DiscardedWeight"/> and how good it surely is in <see cref="Backends.ExecutionResult.FidelityLowerBound"/>.
    /// </summary>
    public bool RequireExact { get; init; } = true;

    internal void Validate()
    {
        if (MaxBondDimension < 1)
        {
            throw new ArgumentOutOfRangeException(nameof(MaxBondDimension), MaxBondDimension, $"The greatest bond dimension is {MaxBondDimension}; accepted are 1 and more, or null.");
        }

        if (!(Cutoff is >= 0 and <= 1e-2) || (RequireExact && Cutoff > 0))
        {
            throw new ArgumentOutOfRangeException(nameof(Cutoff), Cutoff, $"The cutoff is {Cutoff}; accepted are 0 to 0.01, and 0 where exactness is required.");
        }
    }
}
