using PredictiveOrchestration.Backends;
using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Noise;

/// <summary>What may strike.</summary>
internal enum NoiseChannel : byte
{
    /// <summary>X, Y or Z on qubit A.</summary>
    Pauli,

    /// <summary>One of the 15 products on qubits A and B.</summary>
    PauliPair,

    /// <summary>A reset of qubit A with probability <see cref="NoiseSite.Share"/>, else Z.</summary>
    ResetOrZ,

    /// <summary>Amplitude damping of qubit A with γ = <see cref="NoiseSite.Share"/>.</summary>
    Damping,

    /// <summary>
    /// The measurement of qubit A that follows is reported otherwise, and its qubit is not touched: the other way round with probability <see cref="NoiseSite.Share"/>, else as
    /// B says (0 or 1; -1 if it never comes to that).
    /// </summary>
    Misread,
}

/// <summary>A place where an error may strike, independently of the state and of all others.</summary>
/// <param name="Position">The operation before which it strikes.</param>
/// <param name="Channel">What strikes.</param>
/// <param name="A">The first qubit.</param>
/// <param name="B">The second qubit, or -1; for a wrong report as it says.</param>
/// <param name="Probability">How probably.</param>
/// <param name="Share">As the channel says.</param>
internal readonly record struct NoiseSite(int Position, NoiseChannel Channel, int A, int B, double Probability, double Share)
{
    /// <summary>The ways in which it strikes, and which of them a uniform number in [0, 1) means.</summary>
    public int Choose(double uniform) => Channel switch
    {
        NoiseChannel.Pauli => 1 + (int)(3 * uniform),
        NoiseChannel.PauliPair => 1 + (int)(15 * uniform),
        NoiseChannel.ResetOrZ => uniform < Share ? 0 : 3,
        NoiseChannel.Misread => uniform < Share ? 0 : 1 + B,
        _ => 0,
    };
}

/// <summary>
/// A circuit with the places where a noise model may strike, in the order of the run. Every channel is a mixture of doing nothing, with a probability that does not
/// depend on the state, and of something else: so where errors strike can be drawn before the run. Immutable.
/// </summary>
internal sealed class NoisePlan
{
    private NoisePlan(Circuit circuit, NoiseSite[] sites, ReadoutFlips[] misreads)
    {
        Circuit = circuit;
        Sites = sites;
        Misreads = misreads;
    }

    public Circuit Circuit { get; }

    /// <summary>Positions ascend.</summary>
    public NoiseSite[] Sites { get; }

    /// <summary>For each bit of the outcome, how its final measurement is reported wrong.</summary>
    public ReadoutFlips[] Misreads { get; }

    /// <summary>Whether an error may damp, for which a run needs one qubit more.</summary>
    public bool HasDamping => Array.Exists(Sites, s => s.Channel == NoiseChannel.Damping);

    /// <summary>Whether every error is a product of Paulis, or a wrong report.</summary>
    public bool IsPauli => Array.TrueForAll(Sites, s => s.Channel is NoiseChannel.Pauli or NoiseChannel.PauliPair || (s.Channel == NoiseChannel.Misread && s.B < 0) || (s.Channel == NoiseChannel.ResetOrZ && s.Share == 0));

    /// <summary>Places a model's errors in a circuit.</summary>
    /// <param name="circuit">The circuit; it measures something.</param>
    /// <param name="model">The model.</param>
    /// <param name="physical">The model's qubit for each one of the circuit; null for equal numbers.</param>
    public static NoisePlan Of(Circuit circuit, NoiseModel model, int[]? physical = null)
    {
        var measurements = new MeasurementPlan(circuit);
        var schedule = new Schedule(circuit, model.OneQubitSeconds, model.TwoQubitSeconds, model.ReadoutSeconds, model.VirtualZ);
        var relaxation = model.Relaxation;
        var sites = new List<NoiseSite>();
        var misreads = new ReadoutFlips[circuit.NumClbits];
        int At(int qubit) => physical is null ? qubit : physical[qubit];
        void Add(int position, NoiseChannel channel, int a, int b, double probability, double share = 0)
        {
            if (probability > 0)
            {
                sites.Add(new NoiseSite(position, channel, a, b, probability, share));
            }
        }

        void Relax(int position, int qubit, double seconds)
        {
            if (!relaxation.IsNone && seconds > 0)
            {
                var (probability, share) = relaxation.Split(seconds);
                Add(position, relaxation.IsDamping ? NoiseChannel.Damping : NoiseChannel.ResetOrZ, qubit, -1, probability, share);
            }
        }

        for (var i = 0; i < circuit.Operations.Length; i++)
        {
            ref readonly var op = ref circuit.Operations[i];
            foreach (var (qubit, seconds) in schedule.Place(i))
            {
                Relax(i, qubit, seconds);
            }

            var qubits = circuit.QubitsOf(op);
            if (op.Kind == OperationKind.Measure)
            {
                var error = model.ReadoutFlipsOf(At(qubits[0]));
                if (!measurements.IsDeferred(i))
                {
                    Add(i, NoiseChannel.Misread, qubits[0], error.Else, error.Probability, error.Share);
                }
                else if (op.Argument < misreads.Length)
                {
                    misreads[op.Argument] = error;
                }
            }

            if (op.Kind is not (OperationKind.Gate or OperationKind.Unitary) || qubits.Length == 0 || schedule.IsVirtual(op))
            {
                continue;
            }

            foreach (var q in qubits)
            {
                Relax(i + 1, q, schedule.Seconds(op));
            }

            if (qubits.Length == 1)
            {
                Add(i + 1, NoiseChannel.Pauli, qubits[0], -1, model.OneQubitErrorOf(At(qubits[0])));
            }

            for (var k = 0; k < Schedule.TwoQubitGates(qubits.Length); k++)
            {
                var (a, b) = (qubits[k % qubits.Length], qubits[(k + 1) % qubits.Length]);
                Add(i + 1, NoiseChannel.PauliPair, a, b, model.TwoQubitErrorOf(At(a), At(b)));
            }
        }

        return new NoisePlan(circuit, [.. sites], misreads);
    }
}
