using PredictiveOrchestration.Circuits;
using PredictiveOrchestration.Noise;

namespace PredictiveOrchestration.Transpilation;

/// <summary>What a circuit must be made of to run on a device.</summary>
public sealed record DeviceModel
{
    /// <summary>Gets the device's name, for messages.</summary>
    public required string Name { get; init; }

    /// <summary>Gets the number of qubits.</summary>
    public required int NumQubits { get; init; }

    /// <summary>
    /// Gets the names of the gates: one set of one-qubit gates that reaches every rotation (<c>rz</c> with <c>sx</c>, <c>ry</c> or <c>rx</c>; or <c>u</c>), and
    /// one two-qubit gate that is CX up to one-qubit gates (<c>cx</c>, <c>cz</c> or <c>ecr</c>). Others are not used.
    /// </summary>
    public required IReadOnlySet<string> BasisGates { get; init; }

    /// <summary>Gets the pairs on which the two-qubit gate acts, in the order in which it takes them; empty for every pair in both orders.</summary>
    public IReadOnlyList<(int First, int Second)> Couplings { get; init; } = [];

    /// <summary>Gets the qubits that must not be used, such as broken ones.</summary>
    public IReadOnlySet<int> Unusable { get; init; } = new HashSet<int>();

    /// <summary>The model of a calibrated device: its couplings and gates, or <c>rz</c>, <c>sx</c>, <c>x</c> and <c>cx</c> where it does not name them.</summary>
    /// <param name="calibration">The calibration; it says how many qubits there are.</param>
    /// <exception cref="ArgumentException">The calibration has no number of qubits.</exception>
    public static DeviceModel FromCalibration(DeviceCalibration calibration)
    {
        ArgumentNullException.ThrowIfNull(calibration);
        var device = new DeviceModel
        {
            Name = calibration.Device,
            NumQubits = calibration.NumQubits,
            BasisGates = calibration.BasisGates.Count > 0 ? calibration.BasisGates : new HashSet<string>(StringComparer.Ordinal) { "rz", "sx", "x", "cx" },
            Couplings = calibration.Couplings,
        };
        device.Check();
        return device;
    }

    internal void Check()
    {
        if (NumQubits < 1 || Couplings.Any(c => c.First == c.Second || Math.Min(c.First, c.Second) < 0 || Math.Max(c.First, c.Second) >= NumQubits))
        {
            throw new ArgumentException($"The device model '{Name}' is wrong: it needs at least one qubit, and couplings of two different qubits of 0 to {NumQubits - 1}.");
        }
    }
}

/// <summary>A circuit in a device's gates, on its qubits.</summary>
public sealed record TranspiledCircuit
{
    /// <summary>Gets the circuit, on as many qubits as the device has; its classical bits are those of the original.</summary>
    public required Circuit Circuit { get; init; }

    /// <summary>Gets, for each qubit of the original, the device's qubit that it begins on; -1 for one that nothing acts on.</summary>
    public required IReadOnlyList<int> InitialLayout { get; init; }

    /// <summary>Gets the same for the end.</summary>
    public required IReadOnlyList<int> FinalLayout { get; init; }

    /// <summary>Gets the number of exchanges of qubits that were put in.</summary>
    public required int SwapCount { get; init; }

    /// <summary>Gets the number of one-qubit gates that take time: rotations about Z are done by the clock where the device has <c>rz</c>.</summary>
    public required int OneQubitGates { get; init; }

    /// <summary>Gets the number of two-qubit gates.</summary>
    public required int TwoQubitGates { get; init; }

    /// <summary>Gets the greatest number of two-qubit gates one after the other.</summary>
    public required int TwoQubitDepth { get; init; }

    /// <summary>Gets the number of measurements.</summary>
    public required int Measurements { get; init; }
}

/// <summary>A circuit cannot be brought onto a device.</summary>
public sealed class TranspilationException : Exception
{
    /// <summary>Creates the exception.</summary>
    public TranspilationException(string message)
        : base(message)
    {
    }
}
