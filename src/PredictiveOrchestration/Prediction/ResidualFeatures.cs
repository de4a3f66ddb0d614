using PredictiveOrchestration.Profiling;

namespace PredictiveOrchestration.Prediction;

/// <summary>Inputs of the residual models: the logarithms of a basis' terms, and shares and sizes that the terms do not say.</summary>
internal static class ResidualFeatures
{
    /// <summary>The number of inputs that every basis has.</summary>
    public const int Common = 29;

    /// <summary>The inputs for one job on one basis.</summary>
    /// <param name="terms">The terms of the basis.</param>
    /// <param name="common">The inputs that every basis has.</param>
    public static float[] Of(double[] terms, ReadOnlySpan<float> common)
    {
        var x = new float[terms.Length + Common];
        for (var i = 0; i < terms.Length; i++)
        {
            x[i] = (float)Math.Log2(1 + terms[i]);
        }

        common.CopyTo(x.AsSpan(terms.Length));
        return x;
    }

    /// <summary>The inputs that every basis has.</summary>
    public static float[] CommonOf(WorkEstimate work, CircuitProfile profile, int shots)
    {
        var x = new float[Common];
        var f = profile.Features;
        double gates = Math.Max(1, profile.GateCount), n = Math.Max(1, profile.NumQubits);
        var at = 0;
        void Add(double value) => x[at++] = (float)value;
        Add(n);
        Add(Math.Log2(1 + gates));
        Add(Math.Log2(1 + profile.CircuitDepth));
        Add(work.FusedGates / gates);
        Add(work.DiagonalShare);
        Add(work.TwoQubitShare);
        Add(Math.Min(200, work.SupportLog2));
        Add(Math.Min(1, work.SupportLog2 / n));
        Add(Math.Min(200, work.BondLog2));
        Add(Math.Min(1, work.BondLog2 / Math.Max(1, n / 2)));
        Add(Math.Min(200, work.TypicalBondLog2));
        Add(Math.Log2(1 + (work.MatrixProductSteps / gates)));
        Add(Math.Log2(1 + work.SparseWork / gates));
        Add(Math.Log2(1 + work.MatrixProductWork / gates));
        Add(Math.Log2(1 + work.DenseWork / gates) - n);
        Add(Math.Log2(1 + shots));
        Add(Math.Log2(1 + work.OutcomeBits));
        Add(Math.Log2(1 + work.Branchings));
        Add(f is null ? 0.3 : f.MonomialCount / gates);
        Add(f is null ? 0 : f.MultiQubitGateCount / gates);
        Add(f is null ? 0 : f.CliffordCount / gates);
        Add(f is null ? 0 : f.CliffordPrefixLength / gates);
        Add(f is null ? 0 : Math.Log2(1 + f.TCount));
        Add(f is null ? 0.3 : f.Supermarq.ProgramCommunication);
        Add(f is null ? 0.5 : f.Supermarq.CriticalDepth);
        Add(f is null ? 0.5 : f.Supermarq.Parallelism);
        Add(f is null ? 0.5 : f.Supermarq.Liveness);
        Add(f is null ? 1 : f.LargestBlockQubits / n);
        Add(f is null ? 1 : f.LightConeGates / gates);
        return x;
    }
}
