using System.Numerics;
using PredictiveOrchestration.Circuits;

namespace PredictiveOrchestration.Transpilation;

/// <summary>Writes matrices in a device's gates; one-qubit gates one after the other become one.</summary>
internal sealed class GateEmitter
{
    private const double Tolerance = 1e-11;
    private readonly DeviceModel _device;
    private readonly CircuitBuilder _builder;
    private readonly HashSet<(int, int)> _directions;
    private readonly Complex[]?[] _waiting;
    private readonly int[] _depth;
    private readonly GateDefinition _entangler;
    private readonly int _entanglerControls;
    private readonly TwoQubitDecomposition _ofEntangler;
    private readonly OneQubitBasis _basis;

    public GateEmitter(DeviceModel device, CircuitBuilder builder)
    {
        _device = device;
        _builder = builder;
        _directions = [.. device.Couplings];
        _waiting = new Complex[device.NumQubits][];
        _depth = new int[device.NumQubits];
        var gates = device.BasisGates;
        (_entangler, _entanglerControls) = gates.Contains("cz") ? (GateCatalog.Z, 1) : gates.Contains("cx") ? (GateCatalog.X, 1) : gates.Contains("ecr") ? (GateCatalog.Ecr, 0)
            : throw new TranspilationException($"Device '{device.Name}' has none of the two-qubit gates cx, cz and ecr among {string.Join(", ", gates.Order())}.");
        _basis = gates.Contains("rz") && gates.Contains("sx") ? OneQubitBasis.RzSx : gates.Contains("rz") && gates.Contains("ry") ? OneQubitBasis.RzRy
            : gates.Contains("rz") && gates.Contains("rx") ? OneQubitBasis.RzRx : gates.Contains("u") || gates.Contains("u3") ? OneQubitBasis.U
            : throw new TranspilationException($"Device '{device.Name}' has no known full set of one-qubit gates among {string.Join(", ", gates.Order())}: rz with sx, ry or rx, or u.");
        _ofEntangler = TwoQubitDecomposition.Of(_entanglerControls == 1
            ? [1, 0, 0, 0, 0, 1, 0, 0, .. _entangler == GateCatalog.Z ? (Complex[])[0, 0, 1, 0, 0, 0, 0, -1] : [0, 0, 0, 1, 0, 0, 1, 0]]
            : EcrMatrix());
    }

    private enum OneQubitBasis
    {
        RzSx,
        RzRy,
        RzRx,
        U,
    }

    public int OneQubitGates { get; private set; }

    public int TwoQubitGates { get; private set; }

    public int Measurements { get; private set; }

    public int TwoQubitDepth => _depth.Max();

    public void Emit(IEnumerable<Block> blocks)
    {
        foreach (var block in blocks)
        {
            switch (block.Kind)
            {
                case BlockKind.One:
                    One(block.Qubits[0], block.Matrix);
                    break;
                case BlockKind.Two:
                    var (low, high) = (block.Qubits[0], block.Qubits[1]);
                    TwoQubitDecomposition.Of(block.Matrix).Emit((isHigh, m) => One(isHigh ? high : low, m), () => Entangle(low, high));
                    break;
                case BlockKind.Measure:
                    Flush(block.Qubits[0]);
                    _builder.Measure(block.Qubits[0], block.Bit);
                    Measurements++;
                    break;
                case BlockKind.Reset:
                    Flush(block.Qubits[0]);
                    _builder.Reset(block.Qubits[0]);
                    break;
                default:
                    Array.ForEach(block.Qubits, Flush);
                    _builder.Barrier(block.Qubits);
                    break;
            }
        }

        for (var q = 0; q < _waiting.Length; q++)
        {
            Flush(q);
        }
    }

    private void One(int qubit, Complex[] matrix) => _waiting[qubit] = _waiting[qubit] is { } before ? SmallMatrix.Multiply(matrix, before) : matrix;

    // exp(i π/4 XX) is the device's gate between the inverses of what surrounds the same in it; it looks the same from both sides.
    private void Entangle(int a, int b)
    {
        if (_directions.Count > 0 && !_directions.Contains((a, b)))
        {
            (a, b) = (b, a);
        }

        // The gate takes its control, or first qubit, at a.
        var (first, second) = _entanglerControls == 1 ? (_ofEntangler.High0, _ofEntangler.Low0) : (_ofEntangler.Low0, _ofEntangler.High0);
        var (first1, second1) = _entanglerControls == 1 ? (_ofEntangler.High1, _ofEntangler.Low1) : (_ofEntangler.Low1, _ofEntangler.High1);
        One(a, SmallMatrix.Adjoint(first));
        One(b, SmallMatrix.Adjoint(second));
        Flush(a);
        Flush(b);
        _builder.Gate(_entangler, _entanglerControls, [], [a, b]);
        TwoQubitGates++;
        _depth[a] = _depth[b] = Math.Max(_depth[a], _depth[b]) + 1;
        One(a, SmallMatrix.Adjoint(first1));
        One(b, SmallMatrix.Adjoint(second1));
        if (_ofEntangler.IsNegative)
        {
            One(a, SmallMatrix.X);
            One(b, SmallMatrix.X);
        }
    }

    private void Flush(int qubit)
    {
        if (_waiting[qubit] is not { } m)
        {
            return;
        }

        _waiting[qubit] = null;
        var theta = 2 * Math.Atan2(m[2].Magnitude, m[0].Magnitude);
        var sum = m[0].Magnitude > Tolerance ? (m[3] / m[0]).Phase : 0;
        var difference = m[2].Magnitude > Tolerance ? (-m[2] / m[1]).Phase : 0;

        // m is, up to a phase, u(θ, φ, λ) with φ + λ and φ - λ as above; where one of them has no meaning, λ is 0.
        var (phi, lambda) = m[2].Magnitude <= Tolerance ? (sum, 0.0) : m[0].Magnitude <= Tolerance ? (difference, 0.0) : Angles(m);
        switch (_basis)
        {
            case OneQubitBasis.U:
                Write(GateCatalog.U, [theta, phi, lambda], qubit);
                OneQubitGates++;
                break;
            case OneQubitBasis.RzSx:
                RzSx(qubit, theta, phi, lambda);
                break;
            case var _ when theta < Tolerance:
                Rz(qubit, phi + lambda);
                break;
            default:
                var isRx = _basis == OneQubitBasis.RzRx;
                Rz(qubit, isRx ? lambda - Math.PI / 2 : lambda);
                Write(isRx ? GateCatalog.RX : GateCatalog.RY, [theta], qubit);
                OneQubitGates++;
                Rz(qubit, isRx ? phi + Math.PI / 2 : phi);
                break;
        }
    }

    private static (double Phi, double Lambda) Angles(Complex[] m)
    {
        // With the phase taken so that m[0] is positive: m[2] = e^{iφ} sin, m[1] = -e^{iλ} sin.
        return ((m[2] / m[0]).Phase, (-m[1] / m[0]).Phase);
    }

    private void RzSx(int qubit, double theta, double phi, double lambda)
    {
        if (theta < Tolerance)
        {
            Rz(qubit, phi + lambda);
        }
        else if (Math.Abs(theta - Math.PI) < Tolerance && _device.BasisGates.Contains("x"))
        {
            Rz(qubit, lambda - phi - Math.PI);
            Write(GateCatalog.X, [], qubit);
            OneQubitGates++;
        }
        else if (Math.Abs(theta - Math.PI / 2) < Tolerance)
        {
            Rz(qubit, lambda - Math.PI / 2);
            Write(GateCatalog.SX, [], qubit);
            Rz(qubit, phi + Math.PI / 2);
            OneQubitGates++;
        }
        else
        {
            Rz(qubit, lambda);
            Write(GateCatalog.SX, [], qubit);
            Rz(qubit, theta + Math.PI);
            Write(GateCatalog.SX, [], qubit);
            Rz(qubit, phi + Math.PI);
            OneQubitGates += 2;
        }
    }

    private void Rz(int qubit, double angle)
    {
        angle = Math.IEEERemainder(angle, 2 * Math.PI);
        if (Math.Abs(angle) > Tolerance)
        {
            Write(GateCatalog.RZ, [angle], qubit);
        }
    }

    private void Write(GateDefinition gate, ReadOnlySpan<double> parameters, int qubit) => _builder.Gate(gate, 0, parameters, [qubit]);

    private static Complex[] EcrMatrix()
    {
        var matrix = new Complex[16];
        GateCatalog.Ecr.WriteMatrix([], matrix);
        return matrix;
    }
}
