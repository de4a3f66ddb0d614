using System.Numerics;

namespace PredictiveOrchestration.Circuits;

/// <summary>The inverse of a gate, from the catalogue's data.</summary>
internal static class GateInversion
{
    /// <summary>Finds the inverse gate and its parameters.</summary>
    /// <param name="gate">The gate.</param>
    /// <param name="parameters">Its parameters.</param>
    /// <param name="negate">Negates a parameter.</param>
    /// <returns>The gate and parameters, or null if only the adjoint matrix will do.</returns>
    public static (GateDefinition Gate, T[] Parameters)? Invert<T>(GateDefinition gate, T[] parameters, Func<T, T> negate)
    {
        switch (gate.Inverse)
        {
            case GateInverse.Self:
                return (gate, parameters);
            case GateInverse.NegateParameters:
                return (gate, Array.ConvertAll(parameters, p => negate(p)));
            case GateInverse.Named:
                return GateCatalog.TryGet(gate.InverseName!, out var inverse) ? (inverse, parameters) : null;
            case GateInverse.EulerAngles:
                var negated = Array.ConvertAll(parameters, p => negate(p));
                (negated[1], negated[2]) = (negated[2], negated[1]);
                return (gate, negated);
            default:
                return null;
        }
    }

    /// <summary>The adjoint of a gate's matrix.</summary>
    public static Complex[] Adjoint(GateDefinition gate, ReadOnlySpan<double> parameters)
    {
        var matrix = new Complex[1 << (2 * gate.NumQubits)];
        gate.WriteMatrix(parameters, matrix);
        var adjoint = new Complex[matrix.Length];
        UnitaryMatrix.Adjoint(matrix, 1 << gate.NumQubits, adjoint);
        return adjoint;
    }
}
