using System.Globalization;
using System.Text;

namespace PredictiveOrchestration.Circuits;

/// <summary>The Pauli operators. Bit 0 says whether X takes part, bit 1 whether Z does.</summary>
public enum Pauli : byte
{
    /// <summary>The identity.</summary>
    I = 0,

    /// <summary>Pauli X.</summary>
    X = 1,

    /// <summary>Pauli Z.</summary>
    Z = 2,

    /// <summary>Pauli Y = iXZ.</summary>
    Y = 3,
}

/// <summary>A real multiple of a product of Pauli operators on chosen qubits; the identity elsewhere.</summary>
public sealed class PauliTerm
{
    /// <summary>Creates a term.</summary>
    /// <param name="coefficient">The finite real factor.</param>
    /// <param name="factors">Qubit and operator, each qubit at most once; identities are dropped.</param>
    /// <exception cref="ArgumentException">A qubit is negative or named twice, or the coefficient is not finite.</exception>
    public PauliTerm(double coefficient, IEnumerable<(int Qubit, Pauli Operator)> factors)
    {
        ArgumentNullException.ThrowIfNull(factors);
        Coefficient = Common.Guard.Finite(coefficient);
        Factors = [.. factors.Where(f => f.Operator != Pauli.I).OrderBy(f => f.Qubit)];
        for (var i = 0; i < Factors.Count; i++)
        {
            if (Factors[i].Qubit < 0 || (i > 0 && Factors[i].Qubit == Factors[i - 1].Qubit))
            {
                throw new ArgumentException($"Qubit {Factors[i].Qubit} of a Pauli term is negative or named twice.", nameof(factors));
            }
        }
    }

    /// <summary>Gets the factor.</summary>
    public double Coefficient { get; }

    /// <summary>Gets the operators other than the identity, by ascending qubit.</summary>
    public IReadOnlyList<(int Qubit, Pauli Operator)> Factors { get; }

    /// <summary>Reads a label such as "XIZ": one letter a qubit, qubit 0 rightmost.</summary>
    /// <exception cref="FormatException">A letter is not one of I, X, Y, Z.</exception>
    public static PauliTerm Parse(string label, double coefficient = 1)
    {
        ArgumentNullException.ThrowIfNull(label);
        return new PauliTerm(coefficient, label.Select((c, i) => (label.Length - 1 - i, c switch
        {
            'I' => Pauli.I,
            'X' => Pauli.X,
            'Y' => Pauli.Y,
            'Z' => Pauli.Z,
            _ => throw new FormatException($"'{c}' at position {i} of the Pauli label '{label}'; accepted are I, X, Y and Z."),
        })));
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        var text = new StringBuilder(Coefficient.ToString("R", CultureInfo.InvariantCulture));
        foreach (var (qubit, op) in Factors)
        {
            text.Append(CultureInfo.InvariantCulture, $" {op}{qubit}");
        }

        return text.ToString();
    }
}

/// <summary>A hermitian observable: a sum of <see cref="PauliTerm"/>s.</summary>
/// <param name="Terms">The terms.</param>
public sealed record PauliSum(IReadOnlyList<PauliTerm> Terms)
{
    /// <summary>Makes an observable of one label such as "ZZ", qubit 0 rightmost.</summary>
    public static PauliSum Parse(string label, double coefficient = 1) => new([PauliTerm.Parse(label, coefficient)]);
}
